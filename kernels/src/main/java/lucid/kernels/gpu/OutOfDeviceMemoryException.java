package lucid.kernels.gpu;

/// The GPU has no room left.
public final class OutOfDeviceMemoryException extends IllegalStateException {
    public OutOfDeviceMemoryException(String what, long asked, long used, long free) { this(what + ": " + asked + " bytes asked", used, free); }

    /// @param what with the bytes that were asked for, where they are known: what a kernel's code takes is the driver's affair
    public OutOfDeviceMemoryException(String what, long used, long free) {
        super("no device memory for " + what + ", " + used + " used by this process, " + free
                + " free. Use a smaller batch, fewer frames or completions, or bf16 weights");
    }
}
