package lucid.kernels.cuda;

import static lucid.kernels.contract.LogProb.Surrogate.CISPO;
import static lucid.kernels.contract.LogProb.Surrogate.CLIP;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.Bits.TwinBuffer;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.CudaMemory;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.cuda.matmul.CudaLogProb;
import lucid.kernels.cuda.matmul.CudaMatMul;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.api.Test;

/// Log-probabilities, cross-entropy and the terms of the policy gradient.
class CudaLogprobTest extends BitTest {
    private static final float[] SPECIAL = {0f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, Float.POSITIVE_INFINITY, 80f, -90f, Float.MIN_VALUE};

    CudaLogprobTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        int[][] shapes = {{1, 1}, {3, 17}, {2, 2048}, {5, 2049}, {2, 6150}};
        for (int[] s : shapes) {
            for (Layout layout : List.of(Layout.DENSE, Layout.ODD)) {
                cases.add(new BitCase("log-probabilities of logits " + s[0] + " x " + s[1] + " " + layout,
                        b -> ofLogits(b, s[0], s[1], layout, false)));
            }
        }
        cases.add(new BitCase("forbidden tokens", b -> ofLogits(b, 3, 4200, Layout.DENSE, true)));
        cases.add(new BitCase("cross-entropy", b -> crossEntropy(b, 5, 70, Layout.ODD)));
        cases.add(new BitCase("cross-entropy, more columns than threads", b -> crossEntropy(b, 2, 300, Layout.DENSE)));
        cases.add(new BitCase("from hidden states", b -> fused(b, 5, 9, 70, Layout.ODD, DType.F32)));
        cases.add(new BitCase("from hidden states, bf16 head", b -> fused(b, 3, 16, 2100, Layout.DENSE, DType.BF16)));
        cases.add(new BitCase("policy terms", CudaLogprobTest::ratio));
        cases.add(new BitCase("refusals", CudaLogprobTest::refusals));
        return cases;
    }

    private static int[] targets(Bits b, int rows, int cols) { return b.random.ints(rows, 0, cols).toArray(); }

    private static TwinBuffer floats(Bits b, int n, double from, double to) {
        Twin t = b.random(1, n, Layout.DENSE, from, to);
        return new TwinBuffer(t.onCpu().buffer(), t.onGpu().buffer());
    }

    /// With `forbidden`, a whole block, parts of blocks, and in the last row everything but one token is -infinity; logits that are no numbers in the
    /// first.
    private static void ofLogits(Bits b, int rows, int cols, Layout layout, boolean forbidden) {
        Twin x = b.matrix(rows, cols, layout, i -> {
            int row = i / cols;
            int col = i % cols;
            if (forbidden && row == 1 && (col < 2048 || col % 3 == 0)) return Float.NEGATIVE_INFINITY;
            if (forbidden && row == 2 && col != 2050) return Float.NEGATIVE_INFINITY;
            if (forbidden && row == 0 && col % 997 == 5) return SPECIAL[col / 997 % SPECIAL.length];
            return b.random.nextDouble(-12, 12) + col * 1e-3;
        });
        TwinBuffer targets = b.ints(targets(b, rows, cols));
        TwinBuffer logProb = floats(b, rows, 0, 1);
        TwinBuffer entropy = floats(b, rows, 0, 1);
        TwinBuffer lse = floats(b, rows, 0, 1);
        for (float temperature : new float[] {1, 0.7f}) {
            b.both((d, _) -> d.logProb().ofLogits(x.on(d), targets.on(d), temperature, logProb.on(d), entropy.on(d), lse.on(d)));
            b.assertSame("logProb", logProb);
            b.assertSame("entropy", entropy);
            b.assertSame("lse", lse);
        }
    }

    private static void crossEntropy(Bits b, int rows, int cols, Layout layout) {
        Twin x = b.random(rows, cols, layout, -5, 5);
        int[] target = targets(b, rows, cols);
        target[1] = -100;
        TwinBuffer targets = b.ints(target);
        TwinBuffer loss = floats(b, rows, 0, 1);
        TwinBuffer lse = floats(b, rows, 0, 1);
        TwinBuffer dLoss = floats(b, rows, -1, 1);
        b.both((d, _) -> d.logProb().crossEntropy(x.on(d), targets.on(d), loss.on(d), lse.on(d)));
        b.assertSame("loss", loss);
        b.assertSame("lse", lse);
        for (Accumulate mode : Accumulate.values()) {
            Twin dx = b.random(rows, cols, layout);
            b.both((d, _) -> d.logProb().crossEntropyBackward(x.on(d), targets.on(d), lse.on(d), dLoss.on(d), mode, dx.on(d)));
            b.assertSame("dLogits " + mode, dx);
        }
        b.both((d, _) -> d.logProb().crossEntropyBackward(x.on(d), targets.on(d), lse.on(d), dLoss.on(d), Accumulate.SET, x.on(d)));
        b.assertSame("dLogits in place", x);
    }

    private static void fused(Bits b, int rows, int width, int vocabulary, Layout layout, DType type) {
        Twin hidden = b.random(rows, width, layout, -2, 2);
        Twin head = type == DType.F32 ? b.random(vocabulary, width, layout)
                : b.matrix(type, vocabulary, width, layout, i -> Float.floatToRawIntBits((i * 37 % 101 - 50) / 64f) >>> 16);
        TwinBuffer targets = b.ints(targets(b, rows, vocabulary));
        TwinBuffer logProb = floats(b, rows, 0, 1);
        TwinBuffer entropy = floats(b, rows, 0, 1);
        TwinBuffer lse = floats(b, rows, 0, 1);
        b.both((d, _) -> d.logProb().forward(hidden.on(d), head.on(d), targets.on(d), 0.8f, logProb.on(d), entropy.on(d), lse.on(d)));
        b.assertSame("logProb", logProb);
        b.assertSame("entropy", entropy);
        b.assertSame("lse", lse);
        top(b, rows, hidden, head);
        TwinBuffer c = floats(b, rows, -1, 1);
        RowGroups groups = new RowGroups(0, rows / 3, rows / 3, rows);
        for (Accumulate mode : Accumulate.values()) {
            Twin dHidden = b.random(rows, width, layout);
            Twin dHead = b.random(vocabulary, width, layout);
            b.both((d, _) -> d.logProb().backward(hidden.on(d), head.on(d), targets.on(d), 0.8f, lse.on(d), c.on(d), groups, mode, dHidden.on(d),
                    dHead.on(d)));
            b.assertSame("dHidden " + mode, dHidden);
            b.assertSame("dHead " + mode, dHead);
        }
        Twin dHead = b.random(vocabulary, width, layout);
        b.both((d, _) -> d.logProb().backward(hidden.on(d), head.on(d), targets.on(d), 0.8f, lse.on(d), c.on(d), groups, Accumulate.SET, null,
                dHead.on(d)));
        b.assertSame("dHead alone", dHead);
    }

    /// With the likeliest tokens as targets, and others.
    private static void top(Bits b, int rows, Twin hidden, Twin head) {
        int vocabulary = head.onCpu().rows();
        TwinBuffer[] out = new TwinBuffer[4];
        for (int i = 0; i < 4; i++) out[i] = floats(b, rows, 0, 1);
        int found = 0;
        for (int first = 0; first < Math.min(vocabulary, 70); first++) {
            int[] wanted = new int[rows];
            for (int r = 0; r < rows; r++) wanted[r] = (first + r) % vocabulary;
            TwinBuffer targets = b.ints(wanted);
            b.both((d, _) -> d.logProb().forward(hidden.on(d), head.on(d), targets.on(d), 0.8f, out[0].on(d), out[1].on(d), out[2].on(d),
                    out[3].on(d)));
            b.assertSame("top", out[3]);
            float[] top = new float[rows];
            b.cpu.read(out[3].onCpu(), 0, top);
            for (float x : top) found += (int) x;
        }
        if (vocabulary <= 70) assertEquals(rows, found, "one likeliest token a row");
    }

    /// Many small chunks of vocabulary and rows give the bits of one.
    @Test void chunksDoNotShow() {
        float[][] results = new float[2][];
        for (int small = 0; small < 2; small++) {
            try (Bits b = new Bits(TestGpu.open(EmulatedGpu.Settings.DEFAULT)); Gpu gpu = TestGpu.open(EmulatedGpu.Settings.DEFAULT)) {
                CudaMemory memory = new CudaMemory(gpu);
                Kernels kernels = new Kernels(gpu, memory);
                LogProb op = new CudaLogProb(kernels, new CudaMatMul(kernels), new CudaElementwise(kernels), small == 0 ? 1 << 25 : 4096);
                results[small] = all(gpu, memory, op, b);
            }
        }
        assertArrayEquals(results[0], results[1]);
    }

    private static float[] all(Gpu gpu, CudaMemory memory, LogProb op, Bits b) {
        int rows = 2, width = 2, vocabulary = 4200;
        float[] data = new float[2 * (rows + vocabulary) * width];
        for (int i = 0; i < data.length; i++) data[i] = (float) b.random.nextDouble(-1, 1);
        CudaBuffer memoryOf = memory.allocate(DType.F32, data.length);
        gpu.copyIn(memoryOf.address(), MemorySegment.ofArray(data));
        Matrix hidden = new Matrix(memoryOf, 0, rows, width, width);
        Matrix head = new Matrix(memoryOf, rows * width, vocabulary, width, width);
        Matrix dHead = new Matrix(memoryOf, (rows + vocabulary) * width, vocabulary, width, width);
        Matrix dHidden = new Matrix(memoryOf, (rows + 2 * vocabulary) * width, rows, width, width);
        CudaBuffer targets = memory.allocate(DType.I32, rows);
        gpu.copyIn(targets.address(), MemorySegment.ofArray(new int[] {2047, 4199}));
        CudaBuffer[] rowsOf = new CudaBuffer[4];
        for (int i = 0; i < 4; i++) {
            rowsOf[i] = memory.allocate(DType.F32, rows);
            gpu.copyIn(rowsOf[i].address(), MemorySegment.ofArray(new float[] {0.5f, -1}));
        }
        op.forward(hidden, head, targets, 0.9f, rowsOf[0], rowsOf[1], rowsOf[2]);
        op.backward(hidden, head, targets, 0.9f, rowsOf[2], rowsOf[3], RowGroups.uniform(2, 1), Accumulate.SET, dHidden, dHead);
        float[] result = new float[data.length + 3 * rows];
        gpu.copyOut(memoryOf.address(), MemorySegment.ofArray(result).asSlice(0, 4L * data.length));
        for (int i = 0; i < 3; i++) gpu.copyOut(rowsOf[i].address(), MemorySegment.ofArray(result).asSlice(4L * (data.length + i * rows), 4L * rows));
        return result;
    }

    private static void ratio(Bits b) {
        int n = 700;
        TwinBuffer now = floats(b, n, -3, 0);
        Twin before = b.matrix(1, n, Layout.DENSE, i -> i % 5 == 0 ? b.random.nextDouble(-30, 30) : i % 7 == 0 ? SPECIAL[i % SPECIAL.length]
                : b.random.nextDouble(-3, 0));
        TwinBuffer old = new TwinBuffer(before.onCpu().buffer(), before.onGpu().buffer());
        TwinBuffer anchor = floats(b, n, -3, 0);
        TwinBuffer advantage = floats(b, n, -2, 2);
        Twin mask = b.matrix(1, n, Layout.DENSE, i -> i % 4 == 0 ? 0 : b.random.nextDouble(0, 1));
        TwinBuffer weight = new TwinBuffer(mask.onCpu().buffer(), mask.onGpu().buffer());
        TwinBuffer[] out = new TwinBuffer[4];
        for (int i = 0; i < 4; i++) out[i] = floats(b, n, 0, 1);
        float none = Float.POSITIVE_INFINITY;
        for (LogProb.ClippedLoss settings : List.of(new LogProb.ClippedLoss(0.2f, 0.3f, 0, none), new LogProb.ClippedLoss(0.2f, 0.2f, 0.04f, 0.3f),
                new LogProb.ClippedLoss(0.2f, 0.3f, 0.1f, none, CLIP, 4, true, false), new LogProb.ClippedLoss(none, none, 0.1f, 0.3f, CLIP, 1.5f,
                        true, true), new LogProb.ClippedLoss(0.5f, 2, 0.1f, 0.3f, CISPO, none, false, false),
                new LogProb.ClippedLoss(none, 2, 0.1f, none, CISPO, none, true, true))) {
            for (boolean anchored : new boolean[] {true, false}) {
                b.both((d, _) -> d.logProb().ratio(settings, now.on(d), old.on(d), anchored ? anchor.on(d) : null, advantage.on(d), weight.on(d),
                        out[0].on(d), out[1].on(d),
                        out[2].on(d), out[3].on(d)));
                for (int i = 0; i < 4; i++) b.assertSame(List.of("ratio", "kl", "loss", "coefficient").get(i), out[i]);
            }
        }
        b.both((d, _) -> d.logProb().ratio(new LogProb.ClippedLoss(0.2f, 0.2f, 0.1f, 1), now.on(d), now.on(d), now.on(d), advantage.on(d),
                weight.on(d), out[0].on(d), out[1].on(d),
                out[2].on(d), out[3].on(d)));
        b.assertSame("ratio of equals", out[0]);
        b.assertSame("coefficient of equals", out[3]);
        notNumbers(b);
    }

    /// NaN in each of the numbers, alone, and without.
    private static void notNumbers(Bits b) {
        TwinBuffer[] in = new TwinBuffer[4];
        for (int i = 0; i < 4; i++) {
            int nan = i;
            Twin m = b.matrix(1, 5, Layout.DENSE, c -> c == nan ? Float.NaN : c - 2.5);
            in[i] = new TwinBuffer(m.onCpu().buffer(), m.onGpu().buffer());
        }
        TwinBuffer[] out = new TwinBuffer[4];
        for (int i = 0; i < 4; i++) out[i] = floats(b, 5, 0, 1);
        TwinBuffer weight = floats(b, 5, 0.5, 1);
        for (int i = 0; i < 12; i++) {
            LogProb.ClippedLoss settings = new LogProb.ClippedLoss(0.2f, 0.2f, i % 2 == 0 ? 0 : 0.1f, 1, i % 4 < 2 ? CLIP : CISPO, 3,
                    i % 3 == 0, i >= 8);
            b.both((d, _) -> d.logProb().ratio(settings, in[0].on(d), in[1].on(d), in[2].on(d), in[3].on(d),
                    weight.on(d), out[0].on(d), out[1].on(d),
                    out[2].on(d), out[3].on(d)));
            for (int k = 0; k < 4; k++) b.assertSame(List.of("ratio", "kl", "loss", "coefficient").get(k) + " of NaN", out[k]);
        }
    }

    private static void refusals(Bits b) {
        Twin x = b.random(2, 5, Layout.DENSE);
        TwinBuffer a = floats(b, 2, 0, 1);
        TwinBuffer one = floats(b, 1, 0, 1);
        TwinBuffer good = b.ints(0, 4);
        refused(b, x, b.ints(0, 5), 1, a, a);
        refused(b, x, b.ints(-100, 0), 1, a, a);
        refused(b, x, b.ints(0), 1, a, a);
        refused(b, x, good, 0, a, a);
        refused(b, x, good, 1, a, one);
        b.assertRefused((d, _) -> d.logProb().crossEntropy(x.on(d), b.ints(0, -1).on(d), a.on(d), a.on(d)));
        b.assertRefused((d, _) -> d.logProb().crossEntropyBackward(x.on(d), good.on(d), a.on(d), one.on(d), Accumulate.SET, x.on(d)));
        b.assertRefused((d, _) -> d.logProb().ratio(new LogProb.ClippedLoss(0, 0, 0, 0), a.on(d), one.on(d), null, a.on(d), a.on(d), a.on(d), a.on(d),
                a.on(d), a.on(d)));
        b.assertRefused((d, _) -> d.logProb().ratio(new LogProb.ClippedLoss(0, 0, 0, 0), a.on(d), a.on(d), one.on(d), a.on(d), a.on(d), a.on(d),
                a.on(d), a.on(d), a.on(d)));
    }

    private static void refused(Bits b, Twin x, TwinBuffer targets, float temperature, TwinBuffer out, TwinBuffer last) {
        b.assertRefused((Device d, Device _) -> {
            Buffer o = out.on(d);
            d.logProb().ofLogits(x.on(d), targets.on(d), temperature, o, o, last.on(d));
        });
    }
}
