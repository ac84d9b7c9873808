package lucid.kernels.gpu;

/// The GPU has no room left.
public final class OutOfDeviceMemoryException extends IllegalStateException {
    public OutOfDeviceMemoryException(String what, long asked, long used, long free) {
        super("no device memory for " + what + ": " + asked + " bytes asked, " + used + " used by this process, " + free
                + " free. Use a smaller batch, fewer frames or completions, or bf16 weights");
    }
}
