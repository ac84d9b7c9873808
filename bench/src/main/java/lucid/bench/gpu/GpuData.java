package lucid.bench.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.gpu.Gpu;

/// The data of one case: small random numbers, freed together.
final class GpuData implements AutoCloseable {
    private static final int PIECE = 1 << 20;

    final Device device;
    private final List<Buffer> buffers = new ArrayList<>();
    private final List<Repetition> repetitions = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(1);

    /// The GPU under the device, for peers.
    final Gpu gpu;

    GpuData(Device device, Gpu gpu) {
        this.device = device;
        this.gpu = gpu;
    }

    Buffer buffer(DType type, long length) {
        Buffer b = device.allocate(type, length);
        buffers.add(b);
        return b;
    }

    /// Numbers in [-1/2, 1/2).
    Matrix random(DType type, int rows, int cols) {
        Buffer b = buffer(type, (long) rows * cols);
        for (long at = 0; at < b.length(); at += PIECE) {
            int n = (int) Math.min(PIECE, b.length() - at);
            float[] values = new float[n];
            for (int i = 0; i < n; i++) values[i] = random.nextInt(1 << 24) * 0x1p-24f - 0.5f;
            device.write(b, at, type == DType.F32 ? values : narrow(values));
        }
        return Matrix.of(b, rows, cols);
    }

    /// bf16 numbers of standard deviation `cols^-1/2`, made on the device: for weights by the billion.
    Matrix normal(int rows, int cols) {
        Matrix m = Matrix.of(buffer(DType.BF16, (long) rows * cols), rows, cols);
        int most = Math.max(1, PIECE / cols);
        for (int r = 0; r < rows; r += most) {
            Matrix part = m.rows(r, Math.min(rows, r + most));
            try (Buffer wide = device.allocate(DType.F32, part.size())) {
                Matrix values = Matrix.of(wide, part.rows(), cols);
                device.sampling().normal(random.nextLong(), 0, (float) (1 / Math.sqrt(cols)), values);
                device.conversion().convert(values, part);
            }
        }
        return m;
    }

    /// Closed before the buffers are.
    Repetition repetition() {
        repetitions.add(device.repetition());
        return repetitions.getLast();
    }

    Matrix random(int rows, int cols) { return random(DType.F32, rows, cols); }

    private static short[] narrow(float[] values) {
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) bits[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        return bits;
    }

    /// Whole numbers in 0 .. limit.
    Buffer ids(int n, int limit) {
        Buffer b = buffer(DType.I32, n);
        device.write(b, 0, random.ints(n, 0, limit).toArray());
        return b;
    }

    Buffer bytes(int n) {
        Buffer b = buffer(DType.U8, n);
        byte[] values = new byte[n];
        random.nextBytes(values);
        device.write(b, 0, values);
        return b;
    }

    @Override public void close() {
        repetitions.forEach(Repetition::close);
        buffers.forEach(Buffer::close);
    }
}
