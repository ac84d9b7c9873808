package lucid.kernels.gpu.nvidia;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/// JCuda's pointer objects from and to plain addresses. JCuda keeps them protected; going round by `Pointer.to(array)` costs microseconds per launch.
public final class Pointers {
    private Pointers() {}

    /// Host memory at an address.
    public static Pointer host(long address) { return new Host(address); }

    /// Device memory at an address.
    public static CUdeviceptr device(long address) { return new CUdeviceptr().withByteOffset(address); }

    private static final class Host extends Pointer {
        Host(long address) { super(address); }
    }

    /// Receives an address from the driver.
    public static final class Slot extends CUdeviceptr {
        public long address() { return getNativePointer(); }
    }

    /// Receives a host address from the driver.
    public static final class HostSlot extends Pointer {
        public long address() { return getNativePointer(); }
    }
}
