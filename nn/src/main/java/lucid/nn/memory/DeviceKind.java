package lucid.nn.memory;

/// Where numbers lie while they are worked on.
public enum DeviceKind {
    /// The host's processors: one memory for everything. Weights that only answer are read in the mapped file, or packed in place of its pages.
    CPU,
    /// A GPU with memory of its own: weights are copied there, and what is Java's stays on the host.
    CUDA
}
