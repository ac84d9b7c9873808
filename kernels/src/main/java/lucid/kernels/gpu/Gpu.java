package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import lucid.kernels.ptx.async.region.TensorMap;

/// One GPU with one stream: everything is done in the order of the calls, and nothing is finished before [#synchronize], [#copyOut] or an event says
/// so. One thread at a time.
public sealed interface Gpu extends AutoCloseable permits EmulatedGpu, JCudaGpu {
    /// What a launch may ask for.
    ///
    /// @param threads      threads of a block
    /// @param sharedBytes  shared memory of a block, static and dynamic together
    /// @param gridX        blocks in x; y and z have [#GRID_YZ]
    record Limits(int threads, int sharedBytes, int gridX) {
        public static final int GRID_YZ = 65535;
    }

    /// One line for people.
    String description();

    /// Major and minor as two digits: 80, 90.
    int computeCapability();

    /// Streaming multiprocessors: how many blocks it takes to fill the card.
    int multiprocessors();

    Limits limits();

    /// Whether freed memory should be kept for the next allocation of its size. The emulator says no: it sees reads of memory that nobody wrote only
    /// in fresh memory.
    boolean poolsMemory();

    /// Device memory, at a multiple of 256, with undefined contents.
    ///
    /// @param what for messages
    /// @throws OutOfDeviceMemoryException naming what was asked, used and free
    long allocate(long bytes, String what);

    /// Gives an allocation back.
    ///
    /// @param address as [#allocate] returned it
    void free(long address);

    /// Host to device. The source may be reused when the call returns.
    void copyIn(long address, MemorySegment source);

    /// Device to host; waits for everything before it.
    default void copyOut(long address, MemorySegment target) { copyOut(new Read(address, target)); }

    /// A copy from an address on the device into the whole target.
    record Read(long address, MemorySegment target) {}

    /// Device to host; waits for everything before it, once for all reads where they are small.
    void copyOut(Read... reads);

    /// Device to device, not overlapping.
    void copy(long target, long source, long bytes);

    /// Compiles a kernel for this GPU.
    ///
    /// @param name of the file, without `.ptx`, and of its entry
    /// @param text PTX
    /// @throws OutOfDeviceMemoryException when there is no room for its code
    Kernel load(String name, String text);

    /// Runs a kernel; [Call] has checked shape and parameters.
    void launch(Kernel kernel, LaunchShape shape, MemorySegment parameters);

    /// Records what the launches and copies do instead of doing it. Copies to the host are refused meanwhile; the source of a copy from the host must
    /// live as long as the graph.
    Graph record(Runnable launches);

    /// A step that will be repeated, see [Replay].
    Replay replay();

    /// What replays did so far.
    Replay.Counts replayed();

    /// A mark in the stream, for timing.
    Event event();

    /// A point in the stream.
    interface Event extends AutoCloseable {
        /// Time on the device from another mark to this one; waits for it.
        double millisecondsSince(Event earlier);

        @Override void close();
    }

    /// A tensor map as this GPU wants it: 128 bytes for a kernel's `.param .align 64 .b8 map[128]`.
    MemorySegment encode(TensorMap map);

    /// Waits until everything is done, and throws what went wrong.
    void synchronize();

    @Override void close();
}
