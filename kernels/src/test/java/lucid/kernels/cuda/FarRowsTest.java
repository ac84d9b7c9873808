package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Index arithmetic of matrices with more elements than 32 bits count, as a cache of keys or the logits of many rows are: the rows of every view lie
/// so far apart that the last one begins near element 2^33. The bits are those of the same rows side by side. (The emulator's memory exists only
/// where it is touched.)
class FarRowsTest {
    private static final long APART = 1L << 33;
    private static final int ROWS = 9;

    private interface Operation {
        void run(Device device, Buffer ids, List<Matrix> m);
    }

    /// @param cols of the matrices, all of [#ROWS] rows
    private record Case(String name, Precision precision, int[] cols, Operation operation) {
        @Override public String toString() { return name; }
    }

    private static Case exact(String name, Operation operation, int... cols) { return new Case(name, Precision.EXACT, cols, operation); }

    static Stream<Case> cases() {
        RowGroups groups = new RowGroups(0, 4, ROWS);
        AttentionPlan plan = new AttentionPlan(2, 1, 8, List.of(AttentionPlan.Span.causal(0, ROWS)));
        return Stream.of(
                exact("copy", (d, _, m) -> d.elementwise().copy(m.get(0), m.get(1)), 7, 7),
                exact("unary", (d, _, m) -> d.elementwise().unary(Elementwise.Unary.EXP, m.get(0), m.get(1)), 8, 8),
                exact("binary", (d, _, m) -> d.elementwise().binary(Elementwise.Binary.MUL, m.get(0), m.get(1), m.get(2)), 5, 5, 5),
                exact("SwiGLU", (d, _, m) -> d.elementwise().swiGluBackward(m.get(0), m.get(1), m.get(2), Accumulate.ADD, m.get(3), m.get(4)), 6,
                        6, 6, 6, 6),
                exact("softmax", (d, _, m) -> d.reduce().softmax(m.get(0), m.get(1)), 33, 33),
                exact("column sums", (d, _, m) -> d.reduce().columnSums(m.get(0), groups, m.get(1).rows(0, 1)), 40, 40),
                exact("sum of squares", (d, _, m) -> d.reduce().addSumOfSquares(m.get(0), m.get(1).rows(8, 9)), 20, 1),
                exact("RMSNorm", (d, _, m) -> d.normalization().rmsNorm(m.get(0), m.get(1).rows(8, 9), 1e-6f, m.get(2), m.get(3)), 20, 20, 20, 1),
                exact("RMSNorm, a block for a row", (d, _, m) -> d.normalization().rmsNormBackward(m.get(0), m.get(1).rows(8, 9), m.get(4), m.get(2),
                        groups, Accumulate.ADD, m.get(3), m.get(1).rows(7, 8)),
                        300, 300, 300, 300, 1),
                exact("AdamW", (d, _, m) -> d.optimizer().adamW(new Optimizer.AdamW(1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 3), 1, m.get(0), m.get(1),
                        m.get(2), m.get(3), null), 6, 6, 6, 6),
                exact("gather and scatter", (d, ids, m) -> {
                    d.embedding().gather(ids, m.get(0), m.get(1));
                    d.embedding().scatterAdd(ids, m.get(1), groups, m.get(0));
                }, 10, 10),
                exact("rotary", (d, ids, m) -> d.rotary().rotate(m.get(0), 8, ids, m.get(1), m.get(2), false, m.get(3)), 16, 4, 4, 16),
                exact("log-probabilities of logits", (d, ids, m) -> d.logProb()
                        .crossEntropyBackward(m.get(0), ids, dense(d, m.get(1)), dense(d, m.get(2)), Accumulate.ADD, m.get(3)), 50, 1, 1, 50),
                exact("product", (d, _, m) -> d.matMul().multiply(m.get(0), false, m.get(1), true, null, Accumulate.ADD, m.get(2).cols(0, ROWS)),
                        20, 20, 12),
                exact("gradient of a weight", (d, _, m) -> d.matMul().gradWeight(m.get(0).cols(0, ROWS), m.get(1), groups, m.get(2)), 10, 12, 12),
                new Case("product on tensor cores", Precision.TENSOR, new int[] {20, 20, 12},
                        (d, _, m) -> d.matMul().multiply(m.get(0), false, m.get(1), true, null, Accumulate.ADD, m.get(2).cols(0, ROWS))),
                new Case("attention on tensor cores", Precision.TENSOR, new int[] {16, 8, 8, 16, 2},
                        (d, _, m) -> d.attention().forward(plan, 0.3f, m.get(0), m.get(1), m.get(2), m.get(3), m.get(4))),
                new Case("attention by wgmma", Precision.WGMMA, new int[] {16, 8, 8, 16, 2},
                        (d, _, m) -> d.attention().forward(plan, 0.3f, m.get(0), m.get(1), m.get(2), m.get(3), m.get(4))),
                exact("attention", (d, _, m) -> {
                    d.attention().forward(plan, 0.3f, m.get(0), m.get(1), m.get(2), m.get(3), m.get(4));
                    d.attention().backward(plan, 0.3f, m.get(0), m.get(1), m.get(2), m.get(3), m.get(4), m.get(5), m.get(6), m.get(7), m.get(8));
                }, 16, 8, 8, 16, 2, 16, 16, 8, 8));
    }

    /// The first column as a vector.
    private static Buffer dense(Device d, Matrix column) {
        float[] values = new float[ROWS];
        for (int r = 0; r < ROWS; r++) values[r] = row(d, column, r)[0];
        Buffer buffer = d.allocate(DType.F32, ROWS);
        d.write(buffer, 0, values);
        return buffer;
    }

    private static float[] row(Device d, Matrix m, int row) {
        float[] values = new float[m.cols()];
        d.read(m.buffer(), m.offset() + row * m.stride(), values);
        return values;
    }

    /// All matrices after the operation.
    private static float[][][] run(Case c, long apart) {
        SplittableRandom random = new SplittableRandom(5);
        try (Device d = new CudaDevice(new EmulatedGpu(), c.precision)) {
            List<Matrix> matrices = new ArrayList<>();
            for (int cols : c.cols) {
                long stride = apart / ROWS / 64 * 64 + cols;
                Matrix m = new Matrix(d.allocate(DType.F32, ROWS * stride), 0, ROWS, cols, stride);
                for (int r = 0; r < ROWS; r++) d.write(m.buffer(), r * stride, random(random, cols));
                matrices.add(m);
            }
            Buffer ids = d.allocate(DType.I32, ROWS);
            d.write(ids, 0, new int[] {8, 1, 8, 0, 3, 7, 3, 8, 2});
            c.operation.run(d, ids, matrices);
            return matrices.stream().map(m -> IntStream.range(0, ROWS).mapToObj(r -> row(d, m, r)).toArray(float[][]::new)).toArray(float[][][]::new);
        }
    }

    private static float[] random(SplittableRandom random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) random.nextDouble(0.1, 1);
        return values;
    }

    @ParameterizedTest @MethodSource("cases")
    void farRowsHaveTheBitsOfNeighbours(Case c) {
        float[][][] near = run(c, 0);
        float[][][] far = run(c, APART);
        for (int i = 0; i < near.length; i++) {
            for (int r = 0; r < ROWS; r++) assertArrayEquals(near[i][r], far[i][r], "matrix " + i + ", row " + r);
        }
    }
}
