package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// Products in every orientation, type and mode, for views at any alignment, over the edges of tiles and stages.
class CudaMatMulTest extends BitTest {
    /// Rows, columns, depth, layout (0 dense, 1 odd, 2 strided in steps of 16 bytes, 3 dense rows cut short), orientation (1: a transposed, 2: b
    /// transposed).
    private static final int[][] SHAPES = {{3, 5, 0, 1, 2}, {2, 3, 4, 1, 0}, {1, 33, 65, 1, 2}, {17, 5, 15, 0, 1}, {40, 70, 33, 1, 2},
            {64, 64, 48, 0, 3}, {65, 67, 17, 0, 0}, {70, 66, 31, 1, 1},
        {66, 130, 24, 1, 3}, {129, 65, 40, 1, 2}, {130, 140, 37, 0, 0}, {150, 129, 9, 1, 1}, {20, 20, 70, 2, 2}, {1100, 130, 3, 0, 2}};
    /// Few rows, a not transposed, b transposed, rows at multiples of 16 bytes: several rounds of the ring, tails of every kind.
    private static final int[][] FEW = {{1, 1, 4, 2, 2}, {1, 40, 64, 0, 2}, {3, 17, 200, 0, 2}, {8, 16, 1400, 2, 2}, {9, 33, 648, 0, 2},
            {16, 31, 72, 2, 2}, {11, 16, 8, 0, 2}, {5, 7, 1096, 0, 2}, {5, 7, 1093, 3, 2}, {3, 20, 63, 3, 2}, {12, 18, 77, 3, 2}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, new Layout(8, 8), Layout.DENSE);

    CudaMatMulTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (DType type : List.of(F32, BF16, F16)) {
            for (int[] shape : SHAPES) add(cases, type, shape);
            for (int[] shape : FEW) add(cases, type, shape);
        }
        cases.add(new BitCase("zeros, infinities, NaN", CudaMatMulTest::special));
        cases.add(new BitCase("chains of -0", CudaMatMulTest::negativeZeros));
        cases.add(new BitCase("gated views", CudaMatMulTest::gatedViews));
        cases.add(new BitCase("gradWeight", CudaMatMulTest::gradWeight));
        return cases;
    }

    private static void add(List<BitCase> cases, DType type, int[] s) {
        cases.add(new BitCase(type + " [" + s[0] + ", " + s[2] + "] x [" + s[2] + ", " + s[1] + "], layout " + s[3] + ", orientation " + s[4],
                bits -> products(bits, type, s)));
    }

    /// A view of weights: not NaN, of every size.
    static Twin weights(Bits bits, DType type, int rows, int cols, Layout layout) {
        if (type == F32) return bits.random(rows, cols, layout);
        return bits.matrix(type, rows, cols, layout, _ -> {
            float value = (float) bits.random.nextDouble(-1, 1);
            return type == BF16 ? Float.floatToRawIntBits(value) >>> 16 : Float.floatToFloat16(value);
        });
    }

    private static void products(Bits bits, DType type, int[] shape) {
        int m = shape[0];
        int n = shape[1];
        int k = shape[2];
        Layout layout = LAYOUTS.get(shape[3]);
        boolean ta = (shape[4] & 1) != 0;
        boolean tb = (shape[4] & 2) != 0;
        int whole = shape[3] == 3 ? (k + 7) / 8 * 8 : k;
        Twin a = ta ? bits.random(k, m, layout) : bits.random(m, whole, layout).cols(0, k);
        Twin b = tb ? weights(bits, type, n, whole, layout).cols(0, k) : weights(bits, type, k, n, layout);
        Twin bias = bits.random(1, n, layout);
        Twin c = bits.random(m, n, layout);
        bits.both((d, s) -> d.matMul().multiply(a.on(s), ta, b.on(s), tb, null, Accumulate.SET, c.on(s)));
        bits.assertSame("set", c);
        bits.both((d, s) -> d.matMul().multiply(a.on(s), ta, b.on(s), tb, bias.on(s), Accumulate.ADD, c.on(s)));
        bits.assertSame("biased and added", c);
        bits.both((d, s) -> d.matMul().multiplyContinue(a.on(s), ta, b.on(s), tb, c.on(s)));
        bits.assertSame("continued", c);
        if (ta || !tb) return;
        for (Activation f : Activation.values()) {
            for (Twin extra : new Twin[] {null, bias}) {
                Twin y = bits.random(m, n, layout);
                bits.both((d, s) -> d.matMul().multiplyActivated(a.on(s), b.on(s), extra == null ? null : extra.on(s), f, y.on(s)));
                bits.assertSame(f.name(), y);
            }
        }
        Twin up = weights(bits, type, n, whole, layout).cols(0, k);
        Twin y = bits.random(m, n, layout);
        bits.both((d, s) -> d.matMul().multiplyGated(a.on(s), b.on(s), up.on(s), y.on(s)));
        bits.assertSame("gated", y);
    }

    /// Columns of one table, as a packed checkpoint has them; and weights whose rows lie differently far apart.
    private static void gatedViews(Bits bits) {
        Twin a = bits.random(20, 24, Layout.DENSE);
        Twin table = bits.random(33, 48, Layout.DENSE);
        Twin other = bits.random(33, 24, Layout.ODD);
        Twin c = bits.random(20, 33, Layout.ODD);
        bits.both((d, s) -> d.matMul().multiplyGated(a.on(s), table.cols(24, 48).on(s), table.cols(0, 24).on(s), c.on(s)));
        bits.assertSame("one table", c);
        bits.both((d, s) -> d.matMul().multiplyGated(a.on(s), other.on(s), table.cols(0, 24).on(s), c.on(s)));
        bits.assertSame("two strides", c);
    }

    /// Chains start from +0: a product of -0 alone is +0, and without a bias none is added.
    private static void special(Bits bits) {
        float[] values = {-0f, Float.POSITIVE_INFINITY, Float.NaN, 1e38f, Float.MIN_VALUE, -0.1f, 0f, Float.NEGATIVE_INFINITY};
        Twin a = bits.matrix(8, 1, Layout.DENSE, i -> values[i]);
        Twin b = bits.matrix(1, 8, Layout.DENSE, i -> values[i]);
        Twin c = bits.matrix(8, 8, Layout.DENSE, _ -> Float.NaN);
        bits.both((d, s) -> d.matMul().multiply(a.on(s), false, b.on(s), false, null, Accumulate.SET, c.on(s)));
        bits.assertSame("outer product", c);
        Twin row = bits.matrix(8, 4, Layout.DENSE, i -> values[i % 7 / 3]);
        bits.both((d, s) -> d.matMul().multiply(row.on(s), false, row.on(s), true, b.on(s), Accumulate.SET, c.on(s)));
        bits.assertSame("few rows", c);
    }

    /// Products so small that they round to -0: one more step, even with zeros, would make the chain +0.
    private static void negativeZeros(Bits bits) {
        for (int rows : new int[] {3, 12, 20, 130}) {
            for (int k : new int[] {1, 7, 23}) {
                Twin a = bits.matrix(rows, 24, Layout.DENSE, _ -> Float.MIN_VALUE).cols(0, k);
                Twin f32 = bits.matrix(130, 24, Layout.DENSE, _ -> -0.1f).cols(0, k);
                Twin bf16 = bits.matrix(BF16, 130, 24, Layout.DENSE, _ -> 0xBDCC).cols(0, k);
                Twin c = bits.random(rows, 130, Layout.DENSE);
                for (Twin b : List.of(f32, bf16)) {
                    bits.both((d, s) -> d.matMul().multiply(a.on(s), false, b.on(s), true, null, Accumulate.SET, c.on(s)));
                    bits.assertSame(rows + " rows, k = " + k, c);
                }
            }
        }
    }

    private static void gradWeight(Bits bits) {
        Twin dy = bits.random(70, 20, Layout.ODD);
        Twin x = bits.random(70, 75, Layout.ODD);
        Twin dw = bits.random(20, 75, Layout.ODD);
        bits.both((d, s) -> d.matMul().gradWeight(dy.on(s), x.on(s), new RowGroups(0, 0, 23, 23, 24, 70, 70), dw.on(s)));
        bits.assertSame("dw", dw);
    }
}
