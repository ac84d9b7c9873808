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
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The row law of attention on tensor cores, forward and gradients: decoding is prefill, and a prompt's group knows nothing of the others. How close
/// the values are is [CudaAttentionTensorTest]'s.
class TensorAttentionTest {
    private static final float UNTOUCHED = 7;

    /// One array per result, row after row.
    private record Result(float[] out, float[] lse, float[] dq, float[] dk, float[] dv) {}

    /// Not by `wgmma`: a card whose blocks have little shared memory.
    private static Device gpu(Precision precision) {
        int capability = precision == Precision.WGMMA ? 90 : 89;
        return new CudaDevice(TestGpu.open(new EmulatedGpu.Settings(capability, Schedule.RANDOM, Timing.RANDOM, 5, 2)), precision);
    }

    /// Forward and backward of rows `from .. to` of random matrices of `rows` rows.
    private static Result run(Device device, AttentionPlan plan, int rows, int from, int to) {
        SplittableRandom random = new SplittableRandom(3);
        List<Buffer> open = new ArrayList<>();
        int n = to - from;
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        Matrix q = matrix(device, open, random, rows, width, from, to);
        Matrix k = matrix(device, open, random, rows, kvWidth, from, to);
        Matrix v = matrix(device, open, random, rows, kvWidth, from, to);
        Matrix dOut = matrix(device, open, random, rows, width, from, to);
        Matrix out = matrix(device, open, null, n, width, 0, n);
        Matrix lse = matrix(device, open, null, n, plan.heads(), 0, n);
        Matrix dq = matrix(device, open, null, n, width, 0, n);
        Matrix dk = matrix(device, open, null, n, kvWidth, 0, n);
        Matrix dv = matrix(device, open, null, n, kvWidth, 0, n);
        float scale = (float) (2 / Math.sqrt(plan.headDim()));
        device.attention().forward(plan, scale, q, k, v, out, lse);
        device.attention().backward(plan, scale, q, k, v, out, lse, dOut, dq, dk, dv);
        Result result = new Result(read(device, out), read(device, lse), read(device, dq), read(device, dk), read(device, dv));
        open.forEach(Buffer::close);
        assertEquals(0, device.liveBytes(), "bytes that are still held");
        return result;
    }

    private static float[] read(Device device, Matrix m) {
        float[] values = new float[(int) m.buffer().length()];
        device.read(m.buffer(), 0, values);
        return values;
    }

    /// Rows `from .. to` of random numbers, or with no generator what must stay where nothing is written.
    private static Matrix matrix(Device device, List<Buffer> open, SplittableRandom random, int rows, int cols, int from, int to) {
        float[] all = new float[rows * cols];
        for (int i = 0; i < all.length; i++) all[i] = random == null ? UNTOUCHED : (float) random.nextDouble(-1, 1);
        float[] part = Arrays.copyOfRange(all, from * cols, to * cols);
        Buffer b = device.allocate(DType.F32, part.length);
        open.add(b);
        device.write(b, 0, part);
        return Matrix.of(b, to - from, cols);
    }

    /// Rows from .. to of one result are all of the other.
    private static void same(AttentionPlan plan, Result part, Result whole, int from, int to) {
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        assertArrayEquals(Arrays.copyOfRange(whole.out, from * width, to * width), part.out, "out");
        assertArrayEquals(Arrays.copyOfRange(whole.lse, from * plan.heads(), to * plan.heads()), part.lse, "lse");
        assertArrayEquals(Arrays.copyOfRange(whole.dq, from * width, to * width), part.dq, "dq");
        assertArrayEquals(Arrays.copyOfRange(whole.dk, from * kvWidth, to * kvWidth), part.dk, "dk");
        assertArrayEquals(Arrays.copyOfRange(whole.dv, from * kvWidth, to * kvWidth), part.dv, "dv");
    }

    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void aGroupDoesNotKnowOfTheOthers(Precision precision) {
        AttentionPlan both = new AttentionPlan(4, 2, 24, List.of(Span.causal(0, 75), Span.continuing(75, 20, 0, 75), Span.causal(95, 135),
                Span.continuing(230, 10, 95, 135),
                Span.continuing(240, 33, 95, 135)));
        AttentionPlan alone = new AttentionPlan(4, 2, 24, List.of(Span.causal(0, 135), Span.continuing(135, 10, 0, 135),
                Span.continuing(145, 33, 0, 135)));
        try (Device gpu = gpu(precision)) {
            same(alone, run(gpu, alone, 273, 95, 273), run(gpu, both, 273, 0, 273), 95, 273);
        }
    }

    /// The last row of a sequence, decoded alone, has the bits that it has among all others, and so has its gradient.
    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void decodingHasTheBitsOfPrefill(Precision precision) {
        AttentionPlan whole = new AttentionPlan(4, 2, 16, List.of(Span.causal(0, 175)));
        AttentionPlan last = new AttentionPlan(4, 2, 16, List.of(new Span(174, 1, 174, 0, 100, 100, 75, true)));
        try (Device gpu = gpu(precision)) {
            Result all = run(gpu, whole, 175, 0, 175);
            Result one = run(gpu, last, 175, 0, 175);
            assertArrayEquals(Arrays.copyOfRange(all.out, 174 * 64, 175 * 64), Arrays.copyOfRange(one.out, 174 * 64, 175 * 64));
            assertArrayEquals(Arrays.copyOfRange(all.lse, 174 * 4, 175 * 4), Arrays.copyOfRange(one.lse, 174 * 4, 175 * 4));
            assertArrayEquals(Arrays.copyOfRange(all.dq, 174 * 64, 175 * 64), Arrays.copyOfRange(one.dq, 174 * 64, 175 * 64));
            assertEquals(UNTOUCHED, one.out[0]);
            assertEquals(UNTOUCHED, one.dq[0]);
        }
    }

    @Test void headsBeyond128StayExact() {
        AttentionPlan plan = new AttentionPlan(1, 1, 130, List.of(Span.causal(0, 5)));
        try (Device cpu = new SimdDevice(1); Device gpu = new CudaDevice(TestGpu.open(EmulatedGpu.Settings.DEFAULT), Precision.TENSOR)) {
            same(plan, run(gpu, plan, 5, 0, 5), run(cpu, plan, 5, 0, 5), 0, 5);
        }
    }
}
