package lucid.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the sampler saw is what the trainer computes, to the bit: fused log-probabilities against those of explicit logits, whole batches against
/// single rows, micro-batches of groups against one call. `FamilyLawTest` has orders of rows and numbers of threads.
class LogProbLawTest {
    private static final float TEMPERATURE = 0.9f;
    private final SimdDevice device = new SimdDevice(2);
    private final SplittableRandom random = new SplittableRandom(11);

    @AfterEach void close() { device.close(); }

    private float[] uniform(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextDouble(-1, 1);
        return x;
    }

    private Buffer floats(float[] x) {
        Buffer b = device.allocate(DType.F32, x.length);
        device.write(b, 0, x);
        return b;
    }

    private int[] bits(Buffer b, int from, int n) {
        float[] x = new float[n];
        device.read(b, from, x);
        int[] bits = new int[n];
        for (int i = 0; i < n; i++) bits[i] = Float.floatToRawIntBits(x[i]);
        return bits;
    }

    /// A problem with its results.
    private final class Case {
        final int rows;
        final int width;
        final int vocabulary;
        final Matrix hidden;
        final Matrix head;
        final int[] ids;
        final Buffer targets;
        final Buffer logProb;
        final Buffer entropy;
        final Buffer lse;

        Case(int rows, int width, int vocabulary) {
            this.rows = rows;
            this.width = width;
            this.vocabulary = vocabulary;
            hidden = Matrix.of(floats(uniform(rows * width)), rows, width);
            head = Matrix.of(floats(uniform(vocabulary * width)), vocabulary, width);
            ids = random.ints(rows, 0, vocabulary).toArray();
            targets = device.allocate(DType.I32, rows);
            device.write(targets, 0, ids);
            logProb = device.allocate(DType.F32, rows);
            entropy = device.allocate(DType.F32, rows);
            lse = device.allocate(DType.F32, rows);
        }

        void forward() { device.logProb().forward(hidden, head, targets, TEMPERATURE, logProb, entropy, lse); }

        int[] results() {
            int[] all = Arrays.copyOf(bits(logProb, 0, rows), 3 * rows);
            System.arraycopy(bits(entropy, 0, rows), 0, all, rows, rows);
            System.arraycopy(bits(lse, 0, rows), 0, all, 2 * rows, rows);
            return all;
        }
    }

    @Test void fusedIsExplicit() {
        for (int[] s : new int[][] {{5, 20, 33}, {7, 40, 2049}, {3, 16, 7000}, {1, 8, 4096}}) {
            Case c = new Case(s[0], s[1], s[2]);
            c.forward();
            int[] fused = c.results();
            Matrix logits = Matrix.of(device.allocate(DType.F32, (long) c.rows * c.vocabulary), c.rows, c.vocabulary);
            device.matMul().multiply(c.hidden, false, c.head, true, null, Accumulate.SET, logits);
            device.logProb().ofLogits(logits, c.targets, TEMPERATURE, c.logProb, c.entropy, c.lse);
            assertArrayEquals(fused, c.results(), Arrays.toString(s));
        }
    }

    /// 2100 rows are more than one pass over the head, and 2048 x 4500 logits more than one chunk.
    @Test void chunksAndBatchesDoNotShow() {
        Case c = new Case(2100, 4, 4500);
        c.forward();
        int[] whole = c.results();
        for (int r : new int[] {0, 1, 1033, 2047, 2048, 2099}) {
            Buffer target = device.allocate(DType.I32, 1);
            device.write(target, 0, new int[] {c.ids[r]});
            Buffer[] out = {device.allocate(DType.F32, 1), device.allocate(DType.F32, 1), device.allocate(DType.F32, 1)};
            device.logProb().forward(c.hidden.rows(r, r + 1), c.head, target, TEMPERATURE, out[0], out[1], out[2]);
            for (int i = 0; i < 3; i++) assertEquals(whole[i * c.rows + r], bits(out[i], 0, 1)[0], "row " + r + ", output " + i);
        }
    }

    @Test void gradientsDoNotDependOnHowGroupsAreDivided() {
        Case c = new Case(1500, 6, 3000); // more than one chunk of columns
        c.forward();
        float[] d = uniform(c.rows);
        Buffer dLogProb = floats(d);
        RowGroups groups = new RowGroups(0, 400, 401, 1500);
        for (Accumulate mode : Accumulate.values()) {
            float[] startHidden = uniform(c.rows * c.width);
            float[] startHead = uniform(c.vocabulary * c.width);
            Matrix dHidden = Matrix.of(floats(startHidden), c.rows, c.width);
            Matrix dHead = Matrix.of(floats(startHead), c.vocabulary, c.width);
            device.logProb().backward(c.hidden, c.head, c.targets, TEMPERATURE, c.lse, dLogProb, groups, mode, dHidden, dHead);
            Matrix again = Matrix.of(floats(startHidden), c.rows, c.width);
            Matrix headAgain = Matrix.of(floats(startHead), c.vocabulary, c.width);
            float[] sums = new float[c.rows];
            device.read(c.lse, 0, sums);
            for (int g = 0; g < groups.count(); g++) {
                int from = groups.from(g);
                int to = groups.to(g);
                Buffer targets = device.allocate(DType.I32, to - from);
                device.write(targets, 0, Arrays.copyOfRange(c.ids, from, to));
                device.logProb().backward(c.hidden.rows(from, to), c.head, targets, TEMPERATURE, floats(Arrays.copyOfRange(sums, from, to)),
                        floats(Arrays.copyOfRange(d, from, to)), RowGroups.single(to - from), mode, again.rows(from, to), headAgain);
            }
            assertArrayEquals(bits(dHidden.buffer(), 0, c.rows * c.width), bits(again.buffer(), 0, c.rows * c.width));
            assertArrayEquals(bits(dHead.buffer(), 0, c.vocabulary * c.width), bits(headAgain.buffer(), 0, c.vocabulary * c.width));
            assertNotEquals(startHead[0], Float.intBitsToFloat(bits(dHead.buffer(), 0, 1)[0]));
        }
    }

    @Test void forbiddenTokensHaveNoShare() {
        float[] x = uniform(3000);
        Arrays.fill(x, 0, 2500, Float.NEGATIVE_INFINITY); // a whole block and a part of the next
        Buffer targets = device.allocate(DType.I32, 1);
        device.write(targets, 0, new int[] {2600});
        Buffer[] out = {device.allocate(DType.F32, 1), device.allocate(DType.F32, 1), device.allocate(DType.F32, 1)};
        device.logProb().ofLogits(Matrix.of(floats(x), 1, 3000), targets, 1, out[0], out[1], out[2]);
        double sum = 0;
        double weighted = 0;
        for (int i = 2500; i < 3000; i++) {
            sum += Math.exp(x[i]);
            weighted += Math.exp(x[i]) * x[i];
        }
        double lse = Math.log(sum);
        double[] wanted = {x[2600] - lse, lse - weighted / sum, lse};
        for (int i = 0; i < 3; i++) assertEquals(wanted[i], Float.intBitsToFloat(bits(out[i], 0, 1)[0]), 3e-6);
        assertTrue(wanted[1] > 6);
    }
}
