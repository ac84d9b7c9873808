package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/// Pinned host memory between Java arrays and the device: a copy from pageable memory would wait for the whole stream.
final class Staging implements AutoCloseable {
    private static final long BLOCK_BYTES = 4 << 20;
    private static final int BLOCKS = 4;
    /// Where copies that share a block begin.
    private static final long ALIGNMENT = 256;
    /// Events without timing are cheaper.
    private static final int NO_TIMING = 2;

    private record Block(Pointers.HostSlot pointer, MemorySegment memory, CUevent done) {}

    private final CUstream stream;
    private final Block[] blocks = new Block[BLOCKS];
    private int next;
    /// Bytes of block `next` that are taken.
    private long taken;

    Staging(CUstream stream) {
        this.stream = stream;
        for (int i = 0; i < BLOCKS; i++) {
            Pointers.HostSlot pointer = new Pointers.HostSlot();
            Driver.check(JCudaDriver.cuMemAllocHost(pointer, BLOCK_BYTES), "pinned host memory of " + BLOCK_BYTES + " bytes");
            CUevent done = new CUevent();
            Driver.check(JCudaDriver.cuEventCreate(done, NO_TIMING), "cuEventCreate");
            blocks[i] = new Block(pointer, MemorySegment.ofAddress(pointer.address()).reinterpret(BLOCK_BYTES), done);
        }
    }

    /// A block with room, at `taken`. Small copies share one, so that the host waits for the device once in megabytes, not once in four tables.
    private Block block(long bytes) {
        if (taken + bytes > BLOCK_BYTES) {
            next = (next + 1) % BLOCKS;
            taken = 0;
        }
        if (taken == 0) Driver.check(JCudaDriver.cuEventSynchronize(blocks[next].done), "waiting for an earlier copy");
        return blocks[next];
    }

    void in(long address, MemorySegment source) {
        for (long at = 0; at < source.byteSize(); at += BLOCK_BYTES) {
            long bytes = Math.min(BLOCK_BYTES, source.byteSize() - at);
            Block block = block(bytes);
            MemorySegment.copy(source, at, block.memory, taken, bytes);
            Driver.check(JCudaDriver.cuMemcpyHtoDAsync(Pointers.device(address + at), Pointers.host(block.memory.address() + taken), bytes, stream), "copy of " + bytes + " bytes to the device");
            Driver.check(JCudaDriver.cuEventRecord(block.done, stream), "cuEventRecord");
            taken += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
    }

    void out(long address, MemorySegment target) {
        for (long at = 0; at < target.byteSize(); at += BLOCK_BYTES) {
            long bytes = Math.min(BLOCK_BYTES, target.byteSize() - at);
            Block block = block(bytes);
            Pointer pinned = Pointers.host(block.memory.address() + taken);
            Driver.check(JCudaDriver.cuMemcpyDtoHAsync(pinned, Pointers.device(address + at), bytes, stream), "copy of " + bytes + " bytes from the device");
            Driver.check(JCudaDriver.cuStreamSynchronize(stream), "waiting for the GPU");
            MemorySegment.copy(block.memory, taken, target, at, bytes);
        }
    }

    @Override public void close() {
        for (Block block : blocks) {
            Driver.check(JCudaDriver.cuEventDestroy(block.done), "cuEventDestroy");
            Driver.check(JCudaDriver.cuMemFreeHost(block.pointer), "cuMemFreeHost");
        }
    }
}
