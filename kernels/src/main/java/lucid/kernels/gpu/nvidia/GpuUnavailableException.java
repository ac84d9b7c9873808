package lucid.kernels.gpu.nvidia;

/// There is no GPU to compute on; the message says what was missing and what to do.
public final class GpuUnavailableException extends IllegalStateException {
    public GpuUnavailableException(String what, String todo) { super("no GPU: " + what + "; " + todo); }

    public GpuUnavailableException(String what, String todo, Throwable cause) { super("no GPU: " + what + "; " + todo, cause); }
}
