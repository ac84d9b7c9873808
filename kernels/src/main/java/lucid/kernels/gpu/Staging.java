package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import lucid.kernels.gpu.nvidia.Pointers;

/// Pinned host memory between Java arrays and the device: a copy from pageable memory would wait for the whole stream.
final class Staging implements AutoCloseable {
    private static final long BLOCK_BYTES = 4 << 20;
    private static final int BLOCKS = 4;
    /// What a graph takes at a time; no copy of a graph is larger ([Replay#MOST_BYTES]).
    private static final long LASTING_BYTES = Replay.MOST_BYTES;
    /// Where copies that share a block begin.
    private static final long ALIGNMENT = 256;
    /// Events without timing are cheaper.
    private static final int NO_TIMING = 2;

    private record Block(Pointers.HostSlot pointer, MemorySegment memory, CUevent done) {}

    private final CUstream stream;
    private final Block[] blocks = new Block[BLOCKS];
    private final List<Block> all = new ArrayList<>();
    private final List<Block> spare = new ArrayList<>();
    private int next;
    /// Bytes of block `next` that are taken.
    private long taken;

    Staging(CUstream stream) {
        this.stream = stream;
        for (int i = 0; i < BLOCKS; i++) blocks[i] = block(BLOCK_BYTES);
    }

    private Block block(long bytes) {
        Pointers.HostSlot pointer = new Pointers.HostSlot();
        Driver.check(JCudaDriver.cuMemAllocHost(pointer, bytes), "pinned host memory of " + bytes + " bytes");
        CUevent done = new CUevent();
        Driver.check(JCudaDriver.cuEventCreate(done, NO_TIMING), "cuEventCreate");
        all.add(new Block(pointer, MemorySegment.ofAddress(pointer.address()).reinterpret(bytes), done));
        return all.getLast();
    }

    /// A block with room, at `taken`. Small copies share one, so that the host waits for the device once in megabytes, not once in four tables.
    private Block roomy(long bytes) {
        if (taken + bytes > BLOCK_BYTES) {
            next = (next + 1) % BLOCKS;
            taken = 0;
        }
        if (taken == 0) Driver.check(JCudaDriver.cuEventSynchronize(blocks[next].done), "waiting for an earlier copy");
        return blocks[next];
    }

    /// Queues a copy to the device.
    static void queue(long address, MemorySegment pinned, CUstream stream) {
        long bytes = pinned.byteSize();
        Driver.check(JCudaDriver.cuMemcpyHtoDAsync(Pointers.device(address), Pointers.host(pinned.address()), bytes, stream),
                "copy of " + bytes + " bytes to the device");
    }

    void in(long address, MemorySegment source) {
        for (long at = 0; at < source.byteSize(); at += BLOCK_BYTES) {
            long bytes = Math.min(BLOCK_BYTES, source.byteSize() - at);
            Block block = roomy(bytes);
            MemorySegment place = block.memory.asSlice(taken, bytes);
            MemorySegment.copy(source, at, place, 0, bytes);
            queue(address + at, place, stream);
            Driver.check(JCudaDriver.cuEventRecord(block.done, stream), "cuEventRecord");
            taken += rounded(bytes);
        }
    }

    /// Pieces that share a block share a wait.
    void out(Gpu.Read... reads) {
        List<Runnable> arrivals = new ArrayList<>();
        for (Gpu.Read read : reads) {
            MemorySegment target = read.target();
            for (long at = 0; at < target.byteSize(); at += BLOCK_BYTES) {
                MemorySegment part = target.asSlice(at, Math.min(BLOCK_BYTES, target.byteSize() - at));
                if (taken + part.byteSize() > BLOCK_BYTES) arrive(arrivals);
                MemorySegment place = roomy(part.byteSize()).memory.asSlice(taken, part.byteSize());
                Driver.check(JCudaDriver.cuMemcpyDtoHAsync(Pointers.host(place.address()), Pointers.device(read.address() + at),
                        part.byteSize(), stream),
                        "copy of " + part.byteSize() + " bytes from the device");
                arrivals.add(() -> part.copyFrom(place));
                taken += rounded(part.byteSize());
            }
        }
        arrive(arrivals);
    }

    /// After the wait every block is free.
    private void arrive(List<Runnable> arrivals) {
        if (arrivals.isEmpty()) return;
        Driver.check(JCudaDriver.cuStreamSynchronize(stream), "waiting for the GPU");
        arrivals.forEach(Runnable::run);
        arrivals.clear();
        taken = 0;
    }

    private static long rounded(long bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

    /// Has a block for a graph at hand: not to be made while the stream is captured.
    void ready() {
        if (spare.isEmpty()) spare.add(block(LASTING_BYTES));
    }

    /// Pinned memory for one graph.
    Lasting lasting() { return new Lasting(); }

    /// Pinned memory that copies read again and again. Its blocks come from graphs that are closed, where there are such.
    final class Lasting implements AutoCloseable {
        private final List<Block> mine = new ArrayList<>();
        private long room;
        private boolean busy;

        /// A place that starts at a multiple of [#ALIGNMENT].
        MemorySegment take(long bytes) {
            if (bytes > room) {
                ready();
                mine.add(spare.removeLast());
                room = mine.getLast().memory.byteSize();
            }
            if (bytes > room)
                throw new IllegalStateException("a graph copies " + bytes + " bytes from the host at once; wanted at most " + LASTING_BYTES);
            MemorySegment memory = mine.getLast().memory;
            MemorySegment place = memory.asSlice(memory.byteSize() - room, bytes);
            room = Math.max(0, room - rounded(bytes));
            return place;
        }

        /// Waits until the last graph launch that read this has done so.
        void await() {
            if (busy) Driver.check(JCudaDriver.cuEventSynchronize(mine.getFirst().done), "waiting for an earlier graph");
            busy = false;
        }

        /// A graph that reads this was queued.
        void used() {
            Driver.check(JCudaDriver.cuEventRecord(mine.getFirst().done, stream), "cuEventRecord");
            busy = true;
        }

        @Override public void close() {
            await();
            spare.addAll(mine);
            mine.clear();
        }
    }

    @Override public void close() {
        List<Runnable> steps = new ArrayList<>();
        for (Block block : all) {
            steps.add(() -> Driver.check(JCudaDriver.cuEventDestroy(block.done), "cuEventDestroy"));
            steps.add(() -> Driver.check(JCudaDriver.cuMemFreeHost(block.pointer), "cuMemFreeHost"));
        }
        Driver.all(steps);
    }
}
