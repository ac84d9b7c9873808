package lucid.kernels.gpu;

/// Launches and copies that were recorded once and run again as a whole, with the same parameters. A copy from the host takes what its source holds
/// when the graph is launched. The memory that they work on is the caller's affair.
public abstract sealed class Graph implements AutoCloseable permits EmulatedGpu.Recording, JCudaGpu.Recording {
    /// @throws IllegalStateException when a graph is being recorded, and `what` is nothing that it could hold
    static void refuse(Graph recording, String what) {
        if (recording != null)
            throw new IllegalStateException(what + " while a graph is recorded: a graph holds launches and copies to the GPU only");
    }

    /// Queues all its launches.
    public abstract void launch();

    @Override public abstract void close();
}
