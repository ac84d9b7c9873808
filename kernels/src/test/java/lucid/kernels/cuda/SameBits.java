package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.ptx.async.Timing;
import lucid.kernels.ptx.machine.Schedule;

/// Runs the same calls on the fast CPU device and on the emulated GPU, from the same random data, and compares every buffer bit for bit: results, what they were made
/// from, and what lies between the rows of views.
final class SameBits {
    private SameBits() {}

    /// Calls on one device; whatever it allocates from `data` is compared in the end.
    @FunctionalInterface interface Scenario {
        void run(Device device, Data data);
    }

    /// Buffers of one device, the same on every device in the same order of calls.
    static final class Data {
        private final Device device;
        private final SplittableRandom random;
        private final List<Buffer> buffers = new ArrayList<>();

        Data(Device device, long seed) {
            this.device = device;
            this.random = new SplittableRandom(seed);
        }

        /// A view of random numbers in [-1, 1); with a gap, rows are that much further apart, and the first begins at an odd place unless the gap is a
        /// multiple of eight.
        Matrix matrix(DType type, int rows, int cols, int gap) {
            int offset = gap % 8 == 0 ? gap : gap + 2;
            float[] all = new float[offset + rows * (cols + gap)];
            for (int i = 0; i < all.length; i++) all[i] = (float) random.nextDouble(-1, 1);
            return new Matrix(floats(type, all), offset, rows, cols, cols + gap);
        }

        Matrix values(int rows, int cols, float... values) { return Matrix.of(floats(DType.F32, values), rows, cols); }

        Buffer ints(int... values) { return keep(device.allocate(DType.I32, values.length), values); }

        Buffer bytes(int n) {
            byte[] values = new byte[n];
            random.nextBytes(values);
            return keep(device.allocate(DType.U8, n), values);
        }

        int below(int limit) { return random.nextInt(limit); }

        private Buffer floats(DType type, float[] values) {
            if (type == DType.F32) return keep(device.allocate(type, values.length), values);
            short[] bits = new short[values.length];
            for (int i = 0; i < bits.length; i++) bits[i] = type == DType.BF16 ? (short) (Float.floatToRawIntBits(values[i]) >>> 16) : Float.floatToFloat16(values[i]);
            return keep(device.allocate(type, bits.length), bits);
        }

        private Buffer keep(Buffer buffer, Object array) {
            device.write(buffer, 0, array);
            buffers.add(buffer);
            return buffer;
        }
    }

    static void check(Schedule schedule, long seed, Scenario scenario) {
        Timing timing = schedule == Schedule.RANDOM ? Timing.RANDOM : Timing.LATE;
        try (Device cpu = new SimdDevice(1); Device gpu = new CudaDevice(new EmulatedGpu(new EmulatedGpu.Settings(90, schedule, timing, seed, 2)))) {
            check(cpu, gpu, seed, scenario);
        }
    }

    static void check(Device cpu, Device gpu, long seed, Scenario scenario) {
        Data wanted = new Data(cpu, seed);
        Data found = new Data(gpu, seed);
        scenario.run(cpu, wanted);
        scenario.run(gpu, found);
        for (int i = 0; i < wanted.buffers.size(); i++) compare(i, cpu, wanted.buffers.get(i), gpu, found.buffers.get(i));
        wanted.buffers.forEach(Buffer::close);
        found.buffers.forEach(Buffer::close);
        if (gpu.liveBytes() != 0) fail(gpu.liveBytes() + " bytes are still held after the calls");
    }

    private static void compare(int number, Device cpu, Buffer wanted, Device gpu, Buffer found) {
        if (wanted.dtype() != DType.F32) return;
        float[] x = new float[(int) wanted.length()];
        float[] y = new float[x.length];
        cpu.read(wanted, 0, x);
        gpu.read(found, 0, y);
        for (int i = 0; i < x.length; i++) {
            if (Float.floatToIntBits(x[i]) != Float.floatToIntBits(y[i])) {
                fail("buffer " + number + ", element " + i + " of " + x.length + ": " + x[i] + " on the CPU, " + y[i] + " on the GPU");
            }
        }
    }
}
