package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// A few steps each, so that the state that one step leaves is what the next one reads.
class CudaOptimizerTest extends BitTest {
    private static final int[][] SHAPES = {{1, 1}, {3, 500}, {8, 64}, {29, 5}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaOptimizerTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        cases.add(new BitCase("adamW", bits -> adamW(bits, false)));
        cases.add(new BitCase("adamW with an image", bits -> adamW(bits, true)));
        cases.add(new BitCase("sgd", CudaOptimizerTest::sgd));
        cases.add(new BitCase("refusals", CudaOptimizerTest::refusals));
        return cases;
    }

    private static void adamW(Bits bits, boolean withImage) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Twin param = bits.random(rows, cols, LAYOUTS.get(i % 3));
            Twin m = bits.random(rows, cols, LAYOUTS.get(i % 3), -0.01, 0.01);
            Twin v = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3), 0, 0.01);
            Twin image = withImage ? bits.matrix(DType.BF16, rows, cols, LAYOUTS.get((i + 2) % 3), _ -> 1) : null;
            for (int step = 1; step <= 3; step++) {
                Twin grad = bits.random(rows, cols, LAYOUTS.get(i % 3), -3, 3);
                var settings = new Optimizer.AdamW(0.013f, 0.9f, 0.999f, 1e-8f, 0.05f, step);
                bits.both((d, s) -> d.optimizer().adamW(settings, 0.37f, grad.on(s), param.on(s), m.on(s), v.on(s), withImage ? image.on(s) : null));
                bits.assertSame("param, step " + step, param);
                bits.assertSame("m", m);
                bits.assertSame("v", v);
                if (withImage) bits.assertSame("image", image);
            }
        }
    }

    private static void sgd(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            boolean nesterov = i % 2 == 1;
            Twin param = bits.random(rows, cols, LAYOUTS.get(i % 3));
            Twin momentum = bits.matrix(rows, cols, LAYOUTS.get((i + i / 3) % 3), _ -> Double.NaN);
            for (int step = 1; step <= 3; step++) {
                Twin grad = bits.random(rows, cols, LAYOUTS.get(i % 3), -3, 3);
                var settings = new Optimizer.Sgd(0.013f, 0.9f, 0.125f, 0.01f, nesterov, step);
                bits.both((d, s) -> d.optimizer().sgd(settings, 0.37f, grad.on(s), param.on(s), momentum.on(s)));
                bits.assertSame("param, step " + step, param);
                bits.assertSame("momentum", momentum);
            }
        }
    }

    private static void refusals(Bits bits) {
        Twin a = bits.random(2, 3, Layout.DENSE);
        Twin b = bits.random(3, 2, Layout.DENSE);
        Twin p = bits.random(2, 3, Layout.DENSE);
        Twin m = bits.random(2, 3, Layout.DENSE);
        Twin v = bits.random(2, 3, Layout.DENSE);
        var settings = new Optimizer.AdamW(0.01f, 0.9f, 0.999f, 1e-8f, 0, 1);
        bits.assertRefused((d, s) -> d.optimizer().adamW(settings, 1, b.on(s), p.on(s), m.on(s), v.on(s), null));
        bits.assertRefused((d, s) -> d.optimizer().adamW(settings, 1, a.on(s), p.on(s), m.on(s), v.on(s), v.on(s)));
        bits.assertRefused((d, s) -> d.optimizer().adamW(settings, 1, a.on(s), p.on(s), m.on(s), m.on(s), null));
        bits.assertRefused((d, s) -> d.optimizer().adamW(new Optimizer.AdamW(0.01f, 0.9f, 0.999f, 1e-8f, 0, 0), 1, a.on(s), p.on(s), m.on(s),
                v.on(s), null));
        bits.assertRefused((d, s) -> d.optimizer().sgd(new Optimizer.Sgd(0.1f, 0.9f, 0, 0, false, 1), 1, a.on(s), p.on(s), b.on(s)));
    }
}
