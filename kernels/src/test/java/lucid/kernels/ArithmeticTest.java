package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import org.junit.jupiter.api.Test;

/// One word for one kind of bits (that they are the same within it, `conformance` and `FamilyLawTest` hold).
class ArithmeticTest {
    private static void named(String wanted, Device device) {
        try (device) {
            assertEquals(wanted, device.arithmetic(), device.description());
        }
    }

    @Test void devicesThatKeepTheContractHaveOneName() {
        named(Device.EXACT, new SimdDevice(1));
        named(Device.EXACT, new SimdDevice(2));
        named(Device.EXACT, new CudaDevice(new EmulatedGpu()));
    }

    @Test void othersHaveTheirOwn() {
        named("reference", new ReferenceDevice());
        named("tensor on emulated", new CudaDevice(new EmulatedGpu(), Precision.TENSOR));
    }
}
