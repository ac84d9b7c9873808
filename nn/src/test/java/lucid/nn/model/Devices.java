package lucid.nn.model;

import java.util.List;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;

/// Devices of a test, made when they are needed.
public final class Devices {
    private Devices() {}

    public static List<Supplier<Device>> all() { return List.of(ReferenceDevice::new); }
}
