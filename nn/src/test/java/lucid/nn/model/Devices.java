package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;

/// Devices that every test of models runs on.
public enum Devices {
    REFERENCE, SIMD;

    public Device open() { return this == REFERENCE ? new ReferenceDevice() : new SimdDevice(2); }

    /// Equal to the bit; on the textbook device, which sums in double and rounds once per call, within its rounding.
    public void assertSame(float[] wanted, float[] found, String what) {
        if (this == REFERENCE) assertArrayEquals(wanted, found, 1e-5f, what);
        else assertArrayEquals(wanted, found, what);
    }
}
