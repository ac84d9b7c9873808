package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/// Pinned host memory between Java arrays and the device: a copy from pageable memory would wait for the whole stream.
final class Staging implements AutoCloseable {
    private static final long BLOCK_BYTES = 4 << 20;
    private static final int BLOCKS = 4;
    /// Events without timing are cheaper.
    private static final int NO_TIMING = 2;

    private record Block(Pointers.HostSlot pointer, MemorySegment memory, CUevent done) {}

    private final CUstream stream;
    private final Block[] blocks = new Block[BLOCKS];
    private int next;

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

    /// The next block, when the copy that used it last is done.
    private Block block() {
        Block block = blocks[next];
        next = (next + 1) % BLOCKS;
        Driver.check(JCudaDriver.cuEventSynchronize(block.done), "waiting for an earlier copy");
        return block;
    }

    void in(long address, MemorySegment source) {
        for (long at = 0; at < source.byteSize(); at += BLOCK_BYTES) {
            long bytes = Math.min(BLOCK_BYTES, source.byteSize() - at);
            Block block = block();
            MemorySegment.copy(source, at, block.memory, 0, bytes);
            Driver.check(JCudaDriver.cuMemcpyHtoDAsync(Pointers.device(address + at), block.pointer, bytes, stream), "copy of " + bytes + " bytes to the device");
            Driver.check(JCudaDriver.cuEventRecord(block.done, stream), "cuEventRecord");
        }
    }

    void out(long address, MemorySegment target) {
        for (long at = 0; at < target.byteSize(); at += BLOCK_BYTES) {
            long bytes = Math.min(BLOCK_BYTES, target.byteSize() - at);
            Block block = block();
            Driver.check(JCudaDriver.cuMemcpyDtoHAsync(block.pointer, Pointers.device(address + at), bytes, stream), "copy of " + bytes + " bytes from the device");
            Driver.check(JCudaDriver.cuStreamSynchronize(stream), "waiting for the GPU");
            MemorySegment.copy(block.memory, 0, target, at, bytes);
        }
    }

    @Override public void close() {
        for (Block block : blocks) {
            Driver.check(JCudaDriver.cuEventDestroy(block.done), "cuEventDestroy");
            Driver.check(JCudaDriver.cuMemFreeHost(block.pointer), "cuMemFreeHost");
        }
    }
}
