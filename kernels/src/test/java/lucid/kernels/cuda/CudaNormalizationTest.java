package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// Forward and backward, weights and biases wanted or not, in place and not.
class CudaNormalizationTest extends BitTest {
    private static final int[][] SHAPES = {{1, 1}, {3, 15}, {16, 64}, {17, 65}, {35, 72}, {220, 20}, {2, 256}, {3, 1153}, {3, 2060}, {1, 4200}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaNormalizationTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        cases.add(new BitCase("rmsNorm", CudaNormalizationTest::rmsNorm));
        cases.add(new BitCase("layerNorm", CudaNormalizationTest::layerNorm));
        cases.add(new BitCase("nothing", CudaNormalizationTest::nothing));
        cases.add(new BitCase("refusals", CudaNormalizationTest::refusals));
        return cases;
    }

    private static void rmsNorm(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Layout layout = LAYOUTS.get(i % 3);
            Twin x = bits.random(rows, cols, layout, -3, 3);
            Twin w = bits.random(1, cols, LAYOUTS.get(i / 2 % 3));
            Twin y = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3));
            Twin rstd = bits.random(rows, 1, layout);
            bits.both((d, s) -> d.normalization().rmsNorm(x.on(s), w.on(s), 1e-6f, y.on(s), rstd.on(s)));
            bits.assertSame("y", y);
            bits.assertSame("rstd", rstd);
            Twin dy = bits.random(rows, cols, layout);
            Twin dw = bits.random(1, cols, layout);
            RowGroups groups = CudaReduceTest.groups(rows);
            for (Accumulate mode : Accumulate.values()) {
                bits.both((d, s) -> d.normalization().rmsNormBackward(x.on(s), w.on(s), rstd.on(s), dy.on(s), groups, mode, y.on(s), dw.on(s)));
                bits.assertSame("dx " + mode, y);
                bits.assertSame("dWeight", dw);
            }
            bits.both((d, s) -> d.normalization().rmsNormBackward(x.on(s), w.on(s), rstd.on(s), dy.on(s), groups, Accumulate.SET, dy.on(s), null));
            bits.assertSame("dx in dy", dy);
            bits.both((d, s) -> d.normalization().rmsNorm(x.on(s), w.on(s), 1e-6f, x.on(s), rstd.on(s)));
            bits.assertSame("in place", x);
        }
    }

    private static void layerNorm(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Layout layout = LAYOUTS.get(i % 3);
            Twin x = bits.random(rows, cols, layout, -1, 3);
            Twin w = bits.random(1, cols, LAYOUTS.get(i / 2 % 3));
            Twin b = bits.random(1, cols, layout);
            Twin y = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3));
            Twin mean = bits.random(rows, 1, LAYOUTS.get(i / 2 % 3));
            Twin rstd = bits.random(rows, 1, layout);
            bits.both((d, s) -> d.normalization().layerNorm(x.on(s), w.on(s), b.on(s), 1e-5f, y.on(s), mean.on(s), rstd.on(s)));
            bits.assertSame("y", y);
            bits.assertSame("mean", mean);
            bits.assertSame("rstd", rstd);
            Twin dy = bits.random(rows, cols, layout);
            Twin dw = bits.random(1, cols, layout);
            Twin db = bits.random(1, cols, LAYOUTS.get(i / 2 % 3));
            RowGroups groups = CudaReduceTest.groups(rows);
            for (Accumulate mode : Accumulate.values()) {
                bits.both((d, s) -> d.normalization().layerNormBackward(x.on(s), w.on(s), mean.on(s), rstd.on(s), dy.on(s), groups, mode, y.on(s),
                        dw.on(s), db.on(s)));
                bits.assertSame("dx " + mode, y);
                bits.assertSame("dWeight", dw);
                bits.assertSame("dBias", db);
            }
            bits.both((d, s) -> d.normalization().layerNormBackward(x.on(s), w.on(s), mean.on(s), rstd.on(s), dy.on(s), groups, Accumulate.SET,
                    x.on(s), null, null));
            bits.assertSame("dx in x", x);
        }
    }

    private static void nothing(Bits bits) {
        for (int[] shape : new int[][] {{0, 3}, {3, 0}}) {
            Twin x = bits.random(shape[0], shape[1], Layout.DENSE);
            Twin w = bits.random(1, shape[1], Layout.DENSE);
            Twin dw = bits.matrix(1, shape[1], Layout.DENSE, _ -> -0.0);
            Twin rstd = bits.random(shape[0], 1, Layout.DENSE);
            bits.both((d, s) -> {
                d.normalization().rmsNorm(x.on(s), w.on(s), 1e-6f, x.on(s), rstd.on(s));
                d.normalization().rmsNormBackward(x.on(s), w.on(s), rstd.on(s), x.on(s), RowGroups.single(shape[0]), Accumulate.ADD,
                        x.on(s), dw.on(s));
            });
            bits.assertSame("rstd of nothing", rstd);
            bits.assertSame("dWeight of nothing", dw);
        }
    }

    private static void refusals(Bits bits) {
        Twin x = bits.random(3, 4, Layout.DENSE);
        Twin w = bits.random(1, 4, Layout.DENSE);
        Twin r = bits.random(3, 1, Layout.DENSE);
        bits.assertRefused((d, s) -> d.normalization().rmsNorm(x.on(s), r.on(s), 1e-6f, x.on(s), r.on(s)));
        bits.assertRefused((d, s) -> d.normalization().rmsNorm(x.on(s), w.on(s), 1e-6f, x.on(s), x.cols(0, 1).on(s)));
        bits.assertRefused((d, s) -> d.normalization().layerNorm(x.on(s), w.on(s), r.on(s), 1e-6f, x.on(s), r.on(s), r.on(s)));
        bits.assertRefused((d, s) -> d.normalization().rmsNormBackward(x.on(s), w.on(s), r.on(s), x.on(s), RowGroups.single(2), Accumulate.SET,
                x.on(s), w.on(s)));
    }
}
