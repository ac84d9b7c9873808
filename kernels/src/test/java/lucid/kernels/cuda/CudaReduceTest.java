package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// Rows shorter and longer than the lanes, than one turn of the loop and than a piece; numbers of rows that leave half a warp, or a block, partly
/// empty.
class CudaReduceTest extends BitTest {
    private static final int[][] SHAPES = {{1, 1}, {3, 15}, {2, 16}, {5, 17}, {16, 64}, {17, 65}, {33, 127}, {7, 203}, {1, 4100}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaReduceTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        cases.add(new BitCase("rows", CudaReduceTest::rows));
        cases.add(new BitCase("zeros, infinities and NaN", CudaReduceTest::special));
        cases.add(new BitCase("softmax", CudaReduceTest::softmax));
        cases.add(new BitCase("columns", CudaReduceTest::columns));
        cases.add(new BitCase("sum of squares", CudaReduceTest::squares));
        cases.add(new BitCase("fingerprint", CudaReduceTest::fingerprint));
        cases.add(new BitCase("nothing", CudaReduceTest::nothing));
        cases.add(new BitCase("refusals", CudaReduceTest::refusals));
        return cases;
    }

    private static void rows(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            Twin x = bits.random(SHAPES[i][0], SHAPES[i][1], LAYOUTS.get(i % 3));
            Twin b = bits.random(SHAPES[i][0], SHAPES[i][1], LAYOUTS.get(i / 2 % 3));
            rows(bits, x, b, LAYOUTS.get(i / 3 % 3));
        }
    }

    private static void rows(Bits bits, Twin x, Twin b, Layout layout) {
        Twin y = bits.random(x.onCpu().rows(), 1, layout);
        bits.both((d, s) -> d.reduce().rowSum(x.on(s), y.on(s)));
        bits.assertSame("rowSum of " + x.onCpu().describe(), y);
        bits.both((d, s) -> d.reduce().rowMax(x.on(s), y.on(s)));
        bits.assertSame("rowMax of " + x.onCpu().describe(), y);
        bits.both((d, s) -> d.reduce().rowDot(x.on(s), b.on(s), y.on(s)));
        bits.assertSame("rowDot of " + x.onCpu().describe(), y);
    }

    private static void special(Bits bits) {
        double[] values = {0, -0.0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 1e-40, -1e-40, 3e38};
        for (int kinds : new int[] {2, 4, 8}) {
            Twin x = bits.matrix(9, 37, Layout.ODD, _ -> values[bits.random.nextInt(kinds)]);
            Twin b = bits.matrix(9, 37, Layout.DENSE, _ -> values[bits.random.nextInt(kinds)]);
            rows(bits, x, b, Layout.DENSE);
        }
        Twin negative = bits.matrix(3, 20, Layout.DENSE, _ -> -0.0);
        rows(bits, negative, negative, Layout.DENSE);
    }

    private static void softmax(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Twin x = bits.matrix(rows, cols, LAYOUTS.get(i % 3),
                    n -> n % 11 == 3 && cols > 1 ? Double.NEGATIVE_INFINITY : bits.random.nextDouble(-20, 20));
            Twin y = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3));
            bits.both((d, s) -> d.reduce().softmax(x.on(s), y.on(s)));
            bits.assertSame("softmax", y);
            bits.both((d, s) -> d.reduce().softmax(x.on(s), x.on(s)));
            bits.assertSame("softmax in place", x);
            Twin dy = bits.random(rows, cols, LAYOUTS.get(i / 2 % 3));
            Twin dx = bits.random(rows, cols, LAYOUTS.get(i % 3));
            for (Accumulate mode : Accumulate.values()) {
                bits.both((d, s) -> d.reduce().softmaxBackward(y.on(s), dy.on(s), mode, dx.on(s)));
                bits.assertSame("softmax backward " + mode, dx);
            }
            bits.both((d, s) -> d.reduce().softmaxBackward(y.on(s), dy.on(s), Accumulate.SET, dy.on(s)));
            bits.assertSame("softmax backward in dy", dy);
        }
    }

    /// Groups of no row, of one, of fewer than a stage holds, of more.
    static RowGroups groups(int rows) {
        return rows < 4 ? RowGroups.single(rows) : new RowGroups(0, 0, 1, rows / 3, rows / 3, rows);
    }

    private static void columns(Bits bits) {
        int[][] shapes = {{1, 1}, {3, 15}, {17, 65}, {150, 33}, {400, 40}};
        for (int i = 0; i < shapes.length; i++) {
            int rows = shapes[i][0];
            int cols = shapes[i][1];
            Twin x = bits.random(rows, cols, LAYOUTS.get(i % 3));
            Twin y = bits.random(1, cols, LAYOUTS.get(i % 3));
            bits.both((d, s) -> d.reduce().columnSums(x.on(s), groups(rows), y.on(s)));
            bits.assertSame("columnSums", y);
        }
    }

    private static void squares(Bits bits) {
        for (int[] shape : new int[][] {{1, 1}, {5, 33}, {2, 4096}, {3, 8200}, {1030, 2}, {2100, 1}}) {
            Twin x = bits.random(shape[0], shape[1], shape[0] == 5 ? Layout.ODD : Layout.DENSE);
            Twin y = bits.random(1, 1, Layout.ODD);
            bits.both((d, s) -> d.reduce().addSumOfSquares(x.on(s), y.on(s)));
            bits.assertSame("addSumOfSquares", y);
        }
    }

    private static void fingerprint(Bits bits) {
        for (int[] shape : new int[][] {{1, 1}, {5, 33}, {2, 4096}, {3, 8200}, {300, 70}, {17, 3}}) {
            for (Layout layout : LAYOUTS) {
                Twin x = bits.random(shape[0], shape[1], layout);
                var y = bits.ints(-5, 7);
                bits.both((d, s) -> d.reduce().addFingerprint(x.on(s), Matrix.row(y.on(s))));
                bits.assertSame("addFingerprint of " + x.onCpu().describe(), y);
            }
        }
    }

    private static void nothing(Bits bits) {
        for (int[] shape : new int[][] {{0, 3}, {3, 0}}) {
            Twin x = bits.random(shape[0], shape[1], Layout.DENSE);
            Twin y = bits.random(shape[0], 1, Layout.DENSE);
            Twin sums = bits.matrix(1, shape[1], Layout.DENSE, _ -> -0.0);
            Twin total = bits.matrix(1, 1, Layout.DENSE, _ -> -0.0);
            var print = bits.ints(1, 2);
            rows(bits, x, x, Layout.DENSE);
            bits.both((d, s) -> {
                d.reduce().rowMax(x.on(s), y.on(s));
                d.reduce().softmax(x.on(s), x.on(s));
                d.reduce().columnSums(x.on(s), RowGroups.single(shape[0]), sums.on(s));
                d.reduce().addSumOfSquares(x.on(s), total.on(s));
                d.reduce().addFingerprint(x.on(s), Matrix.row(print.on(s)));
            });
            bits.assertSame("rowMax of nothing", y);
            bits.assertSame("columnSums of nothing", sums);
            bits.assertSame("addSumOfSquares of nothing", total);
            bits.assertSame("addFingerprint of nothing", print);
        }
    }

    private static void refusals(Bits bits) {
        Twin x = bits.random(3, 4, Layout.DENSE);
        Twin y = bits.random(2, 1, Layout.DENSE);
        bits.assertRefused((d, s) -> d.reduce().rowSum(x.on(s), y.on(s)));
        bits.assertRefused((d, s) -> d.reduce().rowDot(x.on(s), y.on(s), x.cols(0, 1).on(s)));
        bits.assertRefused((d, s) -> d.reduce().columnSums(x.on(s), RowGroups.single(2), x.rows(0, 1).on(s)));
        bits.assertRefused((d, s) -> d.reduce().columnSums(x.on(s), RowGroups.single(3), x.rows(0, 1).on(s)));
        bits.assertRefused((d, s) -> d.reduce().softmax(x.cols(0, 2).on(s), x.cols(1, 3).on(s)));
        bits.assertRefused((d, s) -> d.reduce().addSumOfSquares(x.on(s), y.on(s)));
        bits.assertRefused((d, s) -> d.reduce().addFingerprint(x.on(s), y.on(s)));
    }
}
