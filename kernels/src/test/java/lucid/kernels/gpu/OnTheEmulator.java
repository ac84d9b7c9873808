package lucid.kernels.gpu;

import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// The program that [JCudaGpuTest] starts: e².
final class OnTheEmulator {
    private OnTheEmulator() {}

    public static void main(String[] args) {
        try (Device device = new CudaDevice(new EmulatedGpu()); Buffer x = device.allocate(DType.F32, 1)) {
            device.write(x, 0, new float[] {2});
            device.elementwise().unary(Unary.EXP, Matrix.row(x), Matrix.row(x));
            float[] y = new float[1];
            device.read(x, 0, y);
            System.out.println(y[0]);
        }
    }
}
