package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.Bits.TwinBuffer;

/// Tables and rotations, head sizes that quads divide and others, both ways, in place and not.
class CudaRotaryTest extends BitTest {
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaRotaryTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        cases.add(new BitCase("table", CudaRotaryTest::table));
        for (int headDim : new int[] {16, 72, 10, 2, 128}) cases.add(new BitCase("rotate, head size " + headDim, bits -> rotate(bits, headDim)));
        cases.add(new BitCase("refusals", CudaRotaryTest::refusals));
        return cases;
    }

    private static void table(Bits bits) {
        int[][] shapes = {{1, 2}, {67, 130}, {5, 10}};
        for (int i = 0; i < shapes.length; i++) {
            int positions = shapes[i][0];
            int headDim = shapes[i][1];
            Twin cos = bits.random(positions, headDim / 2, LAYOUTS.get(i % 3));
            Twin sin = bits.random(positions, headDim / 2, LAYOUTS.get((i + 1) % 3));
            // A theta below 1 makes the angles grow: beyond 2^17 at the last position.
            double theta = i == 1 ? 1e6 : 1e-4;
            bits.both((d, s) -> d.rotary().table(theta, headDim, cos.on(s), sin.on(s)));
            bits.assertSame("cos", cos);
            bits.assertSame("sin", sin);
        }
    }

    private static void rotate(Bits bits, int headDim) {
        int heads = 3;
        int[] rows = {1, 7, 4};
        for (int i = 0; i < rows.length; i++) {
            Twin cos = bits.random(11, headDim / 2, LAYOUTS.get(i));
            Twin sin = bits.random(11, headDim / 2, LAYOUTS.get(i));
            TwinBuffer positions = bits.ints(bits.random.ints(rows[i], 0, 11).toArray());
            Twin x = bits.random(rows[i], heads * headDim, LAYOUTS.get(i));
            Twin y = bits.random(rows[i], heads * headDim, LAYOUTS.get(i));
            for (boolean inverse : new boolean[] {false, true}) {
                bits.both((d, s) -> d.rotary().rotate(x.on(s), headDim, positions.on(s), cos.on(s), sin.on(s), inverse, y.on(s)));
                bits.assertSame("y, inverse " + inverse, y);
                bits.both((d, s) -> d.rotary().rotate(x.on(s), headDim, positions.on(s), cos.on(s), sin.on(s), inverse, x.on(s)));
                bits.assertSame("in place", x);
            }
        }
    }

    private static void refusals(Bits bits) {
        Twin table = bits.random(5, 2, Layout.DENSE);
        Twin x = bits.random(3, 8, Layout.DENSE);
        TwinBuffer high = bits.ints(4, 5, -1);
        TwinBuffer low = bits.ints(0, 1, -1);
        bits.assertRefused((d, s) -> d.rotary().rotate(x.on(s), 4, high.on(s), table.on(s), table.on(s), false, x.on(s)));
        bits.assertRefused((d, s) -> d.rotary().rotate(x.on(s), 4, low.on(s), table.on(s), table.on(s), false, x.on(s)));
        bits.assertRefused((d, s) -> d.rotary().rotate(x.on(s), 3, low.on(s), table.on(s), table.on(s), false, x.on(s)));
        bits.assertRefused((d, s) -> d.rotary().table(1e4, 4, table.on(s), table.on(s)));
    }
}
