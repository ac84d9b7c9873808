package lucid.kernels.gpu;

import java.util.ArrayList;
import java.util.List;

/// Launches that were recorded once and run again as a whole, with the same parameters: what a GPU needs to decode without waiting for the host.
/// Memory that was given back while it was recorded stays its own until it is closed.
public abstract sealed class Graph implements AutoCloseable permits EmulatedGpu.Recording, JCudaGpu.Recording {
    private final List<Runnable> afterwards = new ArrayList<>();

    /// @throws IllegalStateException when a graph is being recorded, and `what` is nothing that it could hold
    static void refuse(Graph recording, String what) {
        if (recording != null) throw new IllegalStateException(what + " while a graph is recorded: a graph holds launches only; wanted host data to be copied before");
    }

    /// Queues all its launches.
    public abstract void launch();

    /// Run when the graph is closed.
    public void onClose(Runnable action) { afterwards.add(action); }

    abstract void release();

    @Override public void close() {
        release();
        afterwards.forEach(Runnable::run);
        afterwards.clear();
    }
}
