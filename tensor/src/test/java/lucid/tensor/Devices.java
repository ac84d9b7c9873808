package lucid.tensor;

import java.util.function.Supplier;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;

/// The devices that every test of this module runs on.
enum Devices {
    REFERENCE(ReferenceDevice::new), SIMD(SimdDevice::new);

    private final Supplier<Device> factory;

    Devices(Supplier<Device> factory) { this.factory = factory; }

    Device open() { return factory.get(); }

    static Stream<Devices> all() { return Stream.of(values()); }
}
