package lucid.kernels;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Prints one hash of result bits per family, `name hash`. [BitHashesTest] runs it in JVMs of every vector width and compares.
/// A family is one method here and one line in [#families].
final class BitHashes {
    private final SimdDevice device;
    private final SplittableRandom random = new SplittableRandom(20);
    private int hash = 1;

    private BitHashes(SimdDevice device) { this.device = device; }

    private static Map<String, Consumer<BitHashes>> families() {
        Map<String, Consumer<BitHashes>> all = new LinkedHashMap<>();
        all.put("matmul", BitHashes::matMul);
        all.put("gradWeight", BitHashes::gradWeight);
        all.put("logProb", BitHashes::logProb);
        all.put("patchEmbedding", BitHashes::patchEmbedding);
        all.put("rows", BitHashes::rows);
        return all;
    }

    /// @param args number of threads
    public static void main(String[] args) {
        try (SimdDevice device = new SimdDevice(Integer.parseInt(args[0]))) {
            hashes(device).forEach((name, hash) -> System.out.println(name + " " + hash));
        }
    }

    static Map<String, String> hashes(SimdDevice device) {
        Map<String, String> all = new LinkedHashMap<>();
        families().forEach((name, family) -> {
            BitHashes one = new BitHashes(device);
            family.accept(one);
            all.put(name, Integer.toHexString(one.hash));
        });
        return all;
    }

    private Buffer floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextDouble(-1, 1);
        Buffer b = device.allocate(DType.F32, n);
        device.write(b, 0, x);
        return b;
    }

    private Buffer halves(DType type, int n) {
        short[] x = new short[n];
        for (int i = 0; i < n; i++) {
            float v = (float) random.nextDouble(-1, 1);
            x[i] = type == DType.F16 ? Float.floatToFloat16(v) : (short) (Float.floatToRawIntBits(v) >>> 16);
        }
        Buffer b = device.allocate(type, n);
        device.write(b, 0, x);
        return b;
    }

    private Matrix matrix(DType type, int rows, int cols) {
        return Matrix.of(type == DType.F32 ? floats(rows * cols) : halves(type, rows * cols), rows, cols);
    }

    private void add(Buffer result) {
        float[] x = new float[Math.toIntExact(result.length())];
        device.read(result, 0, x);
        add(x);
    }

    /// Of a NaN only that it is one.
    private void add(float[] x) {
        int[] bits = new int[x.length];
        for (int i = 0; i < x.length; i++) bits[i] = Float.floatToIntBits(x[i]);
        hash = 31 * hash + Arrays.hashCode(bits);
    }

    private void matMul() {
        for (int[] s : new int[][] {{1, 100, 300}, {6, 28, 66}, {13, 37, 61}, {70, 64, 1030}, {301, 5, 17}}) {
            for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
                for (int orientation = 0; orientation < 4; orientation++) {
                    boolean ta = orientation / 2 == 1;
                    boolean tb = orientation % 2 == 1;
                    Matrix a = matrix(DType.F32, ta ? s[2] : s[0], ta ? s[0] : s[2]);
                    Matrix b = matrix(type, tb ? s[1] : s[2], tb ? s[2] : s[1]);
                    Matrix c = matrix(DType.F32, s[0], s[1]);
                    device.matMul().multiply(a, ta, b, tb, matrix(DType.F32, 1, s[1]), Accumulate.ADD, c);
                    add(c.buffer());
                }
            }
        }
    }

    private void gradWeight() {
        Matrix dw = matrix(DType.F32, 50, 70);
        device.matMul().gradWeight(matrix(DType.F32, 700, 50), matrix(DType.F32, 700, 70), new RowGroups(0, 3, 3, 290, 700), dw);
        add(dw.buffer());
    }

    private void logProb() {
        int rows = 33;
        int vocabulary = 2500;
        Matrix hidden = matrix(DType.F32, rows, 24);
        Matrix head = matrix(DType.BF16, vocabulary, 24);
        Buffer targets = device.allocate(DType.I32, rows);
        device.write(targets, 0, random.ints(rows, 0, vocabulary).toArray());
        Buffer logProb = floats(rows);
        Buffer entropy = floats(rows);
        Buffer lse = floats(rows);
        device.logProb().forward(hidden, head, targets, 0.7f, logProb, entropy, lse);
        for (Buffer b : new Buffer[] {logProb, entropy, lse}) add(b);
        Buffer[] terms = {floats(rows), floats(rows), floats(rows), floats(rows)};
        device.logProb().ratio(new LogProb.ClippedLoss(0.2f, 0.28f, 0.04f, 10), logProb, lse, entropy, floats(rows), floats(rows), terms[0], terms[1],
                terms[2], terms[3]);
        for (Buffer b : terms) add(b);
        Matrix dHidden = matrix(DType.F32, rows, 24);
        Matrix dHead = matrix(DType.F32, vocabulary, 24);
        device.logProb().backward(hidden, head, targets, 0.7f, lse, terms[3], RowGroups.uniform(3, 11), Accumulate.ADD, dHidden, dHead);
        add(dHidden.buffer());
        add(dHead.buffer());
        Matrix logits = matrix(DType.F32, rows, vocabulary);
        device.logProb().crossEntropy(logits, targets, logProb, lse);
        device.logProb().crossEntropyBackward(logits, targets, lse, logProb, Accumulate.ADD, logits);
        add(logits.buffer());
    }

    private void patchEmbedding() {
        byte[] raw = new byte[2 * 30 * 44 * 3];
        random.nextBytes(raw);
        Buffer frames = device.allocate(DType.U8, raw.length);
        device.write(frames, 0, raw);
        Matrix out = matrix(DType.F32, 2 * 6, 33);
        device.patchEmbedding().forwardFrames(frames, 2, 30, 44, 14, matrix(DType.F32, 33, 588), matrix(DType.F32, 1, 33),
                matrix(DType.F32, 6, 33), out);
        add(out.buffer());
    }

    /// Every family, on two large cases and a narrow one.
    private void rows() {
        for (int[] s : new int[][] {{37, 130}, {5, 1}, {70, 1030}}) FamilyCases.run(device, s[0], s[1]).values().forEach(this::add);
    }
}
