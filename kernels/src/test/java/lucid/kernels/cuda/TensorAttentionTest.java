package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.AttentionPlan.Span;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.Timing;
import lucid.kernels.ptx.machine.Schedule;
import org.junit.jupiter.api.Test;

/// Attention on tensor cores against the CPU, from q, k and v that bf16 can hold. What remains is the rounding of the weights to bf16 (2^-9 of each, so 2^-8 of values of size one) and of
/// exponentials and sums (1e-5 of lse).
class TensorAttentionTest {
    private static final EmulatedGpu.Settings SETTINGS = new EmulatedGpu.Settings(80, Schedule.RANDOM, Timing.RANDOM, 5, 2);
    private static final float UNTOUCHED = 7;

    private record Result(float[] out, float[] lse) {}

    private static Result run(Device device, AttentionPlan plan, int queryRows, int keyRows, int gap) {
        SplittableRandom random = new SplittableRandom(3);
        List<Buffer> open = new ArrayList<>();
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        Matrix q = matrix(device, open, random, queryRows, width, gap);
        Matrix k = matrix(device, open, random, keyRows, kvWidth, gap);
        Matrix v = matrix(device, open, random, keyRows, kvWidth, gap);
        Matrix out = matrix(device, open, null, queryRows, width, gap);
        Matrix lse = matrix(device, open, null, queryRows, plan.heads(), gap);
        device.attention().forward(plan, (float) (2 / Math.sqrt(plan.headDim())), q, k, v, out, lse);
        float[] o = new float[(int) out.buffer().length()];
        float[] l = new float[(int) lse.buffer().length()];
        device.read(out.buffer(), 0, o);
        device.read(lse.buffer(), 0, l);
        open.forEach(Buffer::close);
        return new Result(o, l);
    }

    /// Numbers that bf16 holds, or with no generator what must stay where nothing is written.
    private static Matrix matrix(Device device, List<Buffer> open, SplittableRandom random, int rows, int cols, int gap) {
        float[] all = new float[gap + rows * (cols + gap)];
        for (int i = 0; i < all.length; i++) all[i] = random == null ? UNTOUCHED : Float.intBitsToFloat(Float.floatToRawIntBits((float) random.nextDouble(-1, 1)) & 0xFFFF0000);
        Buffer b = device.allocate(DType.F32, all.length);
        open.add(b);
        device.write(b, 0, all);
        return new Matrix(b, gap, rows, cols, cols + gap);
    }

    private static void compare(int heads, int kvHeads, int dim, int queryRows, int keyRows, int gap, Span... spans) {
        AttentionPlan plan = new AttentionPlan(heads, kvHeads, dim, List.of(spans));
        try (Device cpu = new SimdDevice(1); Device gpu = new CudaDevice(TestGpu.open(SETTINGS), Precision.TENSOR)) {
            Result expected = run(cpu, plan, queryRows, keyRows, gap);
            Result found = run(gpu, plan, queryRows, keyRows, gap);
            assertArrayEquals(expected.out, found.out, 0x1p-8f, "out of " + plan);
            assertArrayEquals(expected.lse, found.lse, 1e-5f, "lse of " + plan);
        }
    }

    @Test void causalWithGroups() { compare(4, 2, 64, 70, 70, 0, Span.causal(0, 70)); }

    @Test void imageOfHeads72() { compare(2, 2, 72, 50, 50, 0, Span.full(1, 35), Span.full(37, 13)); }

    @Test void heads128OnASharedPrompt() { compare(2, 1, 128, 60, 60, 4, Span.causal(0, 35), Span.continuing(35, 10, 0, 35), Span.continuing(46, 9, 0, 35)); }

    @Test void oddHeadsOddPlaces() { compare(3, 1, 19, 20, 90, 3, new Span(2, 7, 60, 3, 50, 60, 30, true), Span.cross(10, 4, 0, 65)); }

    @Test void headsBeyond128StayExact() {
        AttentionPlan plan = new AttentionPlan(1, 1, 130, List.of(Span.causal(0, 5)));
        try (Device cpu = new SimdDevice(1); Device gpu = new CudaDevice(TestGpu.open(SETTINGS), Precision.TENSOR)) {
            assertArrayEquals(run(cpu, plan, 5, 5, 0).out, run(gpu, plan, 5, 5, 0).out);
        }
    }

    /// The last row of a sequence, decoded alone, has the bits it has among all others.
    @Test void decodingHasTheBitsOfPrefill() {
        AttentionPlan whole = new AttentionPlan(4, 2, 16, List.of(Span.causal(0, 75)));
        AttentionPlan last = new AttentionPlan(4, 2, 16, List.of(new Span(74, 1, 74, 0, 0, 0, 75, true)));
        try (Device gpu = new CudaDevice(TestGpu.open(SETTINGS), Precision.TENSOR)) {
            Result all = run(gpu, whole, 75, 75, 0);
            Result one = run(gpu, last, 75, 75, 0);
            assertArrayEquals(Arrays.copyOfRange(all.out, 74 * 64, 75 * 64), Arrays.copyOfRange(one.out, 74 * 64, 75 * 64));
            assertArrayEquals(Arrays.copyOfRange(all.lse, 74 * 4, 75 * 4), Arrays.copyOfRange(one.lse, 74 * 4, 75 * 4));
            assertEquals(UNTOUCHED, one.out[0]);
        }
    }
}
