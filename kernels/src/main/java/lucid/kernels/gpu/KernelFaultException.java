package lucid.kernels.gpu;

import java.util.List;

/// A kernel did something that it must not do: what the emulator found, or the driver's error.
public final class KernelFaultException extends IllegalStateException {
    private static final int SHOWN = 5;

    public KernelFaultException(String kernel, LaunchShape shape, String parameters, List<?> findings) {
        super(kernel + " (" + shape + "; " + parameters + "): " + findings.size() + " finding" + (findings.size() == 1 ? "" : "s") + "\n"
                + String.join("\n", findings.stream().limit(SHOWN).map(Object::toString).toList()));
    }
}
