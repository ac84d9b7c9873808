package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowPlaces;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// Functions and derivatives on special values, ordinary ones and any bits, for shapes that take the wide path, the narrow one, and both.
class CudaElementwiseTest extends BitTest {
    private static final float[] SPECIAL = {0f, -0f, 1f, -1f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE,
            -Float.MIN_VALUE, Float.MIN_NORMAL,
            Float.MAX_VALUE, 88.7f, 88.8f, -87.4f, -103.9f, -104.5f, 1e-40f, 131072f, 131073f, 1e6f, -1e20f, 0.99999994f, 4f, 4.0000005f,
                    16367173f * 0x1p72f};
    private static final int[][] SHAPES = {{1, 1}, {4, 250}, {3, 128}, {37, 3}, {2, 1030}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaElementwiseTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (Unary op : Unary.values()) cases.add(new BitCase(op.name(), bits -> unary(bits, op)));
        for (Binary op : Binary.values()) cases.add(new BitCase(op.name(), bits -> binary(bits, op)));
        cases.add(new BitCase("scale, addScaled, fill", CudaElementwiseTest::scales));
        cases.add(new BitCase("copy", CudaElementwiseTest::copies));
        cases.add(new BitCase("copyRows", CudaElementwiseTest::copyRows));
        cases.add(new BitCase("swiGlu", CudaElementwiseTest::swiGlu));
        cases.add(new BitCase("refusals", CudaElementwiseTest::refusals));
        return cases;
    }

    private static IntToDoubleFunction arguments(Bits bits) {
        return i -> i < SPECIAL.length ? SPECIAL[i] : switch (i % 3) {
            case 0 -> bits.random.nextDouble(-100, 100);
            case 1 -> bits.random.nextDouble(-3, 3);
            default -> Float.intBitsToFloat(bits.random.nextInt());
        };
    }

    private static void unary(Bits bits, Unary op) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Twin x = bits.matrix(rows, cols, LAYOUTS.get(i % 3), arguments(bits));
            Twin y = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3));
            bits.both((d, s) -> d.elementwise().unary(op, x.on(s), y.on(s)));
            bits.assertSame(op.name(), y);
            Twin dy = bits.random(rows, cols, LAYOUTS.get(i % 3));
            for (Accumulate mode : Accumulate.values()) {
                bits.both((d, s) -> d.elementwise().unaryBackward(op, x.on(s), dy.on(s), mode, y.on(s)));
                bits.assertSame(op + " backward " + mode, y);
            }
            bits.both((d, s) -> d.elementwise().unaryBackward(op, x.on(s), dy.on(s), Accumulate.SET, dy.on(s)));
            bits.assertSame(op + " backward into dy", dy);
            bits.both((d, s) -> d.elementwise().unary(op, x.on(s), x.on(s)));
            bits.assertSame(op + " in place", x);
        }
    }

    private static void binary(Bits bits, Binary op) {
        int i = 0;
        for (int[] shape : SHAPES) {
            for (int broadcast = 0; broadcast < 4; broadcast++, i++) {
                Twin a = bits.matrix(shape[0], shape[1], LAYOUTS.get(i % 3), arguments(bits));
                Twin b = bits.random((broadcast & 1) != 0 ? 1 : shape[0], (broadcast & 2) != 0 ? 1 : shape[1], LAYOUTS.get(i / 2 % 3));
                Twin y = bits.random(shape[0], shape[1], LAYOUTS.get(i % 3));
                bits.both((d, s) -> d.elementwise().binary(op, a.on(s), b.on(s), y.on(s)));
                bits.assertSame(op + " broadcast " + broadcast, y);
                bits.both((d, s) -> d.elementwise().binary(op, a.on(s), b.on(s), a.on(s)));
                bits.assertSame(op + " in place", a);
            }
        }
    }

    private static void scales(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            Twin x = bits.matrix(SHAPES[i][0], SHAPES[i][1], LAYOUTS.get(i % 3), arguments(bits));
            Twin y = bits.random(SHAPES[i][0], SHAPES[i][1], LAYOUTS.get(i % 3));
            bits.both((d, s) -> d.elementwise().addScaled(-0.7f, x.on(s), y.on(s)));
            bits.assertSame("addScaled", y);
            bits.both((d, s) -> d.elementwise().scale(3.1f, x.on(s), y.on(s)));
            bits.assertSame("scale", y);
            bits.both((d, s) -> d.elementwise().fill(y.on(s), -2.5f));
            bits.assertSame("fill", y);
        }
    }

    private static void copies(Bits bits) {
        for (DType type : List.of(DType.I32, DType.BF16, DType.F16, DType.U8, DType.I64)) {
            for (int i = 0; i < SHAPES.length; i++) {
                Twin x = bits.matrix(type, SHAPES[i][0], SHAPES[i][1], LAYOUTS.get(i % 3), _ -> bits.random.nextInt(1, 127));
                Twin y = bits.matrix(type, SHAPES[i][0], SHAPES[i][1], LAYOUTS.get((i + i / 3) % 3), _ -> 1);
                bits.both((d, s) -> d.elementwise().copy(x.on(s), y.on(s)));
                bits.assertSame("copy", y);
            }
        }
    }

    /// Places in no order, near and far; the same table twice, then another one of another size.
    private static void copyRows(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            int[] places = new int[rows];
            for (int r = 0; r < rows; r++) places[r] = (5 * r + 3) % (rows + 40);
            RowPlaces to = new RowPlaces(places);
            Twin x = bits.random(rows, cols, LAYOUTS.get(i % 3));
            Twin y = bits.random(rows + 40, cols, LAYOUTS.get((i + i / 3) % 3));
            Twin z = bits.random(rows + 40, cols, LAYOUTS.get((i + 1) % 3));
            bits.both((d, s) -> d.elementwise().copyRows(x.on(s), to, y.on(s)));
            bits.both((d, s) -> d.elementwise().copyRows(x.on(s), to, z.on(s)));
            bits.assertSame("copyRows", y);
            bits.assertSame("copyRows again", z);
        }
    }

    private static void swiGlu(Bits bits) {
        for (int i = 0; i < SHAPES.length; i++) {
            int rows = SHAPES[i][0];
            int cols = SHAPES[i][1];
            Layout layout = LAYOUTS.get(i % 3);
            Twin gate = bits.matrix(rows, cols, layout, arguments(bits));
            Twin up = bits.random(rows, cols, layout);
            Twin dy = bits.random(rows, cols, LAYOUTS.get((i + i / 3) % 3));
            Twin y = bits.random(rows, cols, layout);
            bits.both((d, s) -> d.elementwise().swiGlu(gate.on(s), up.on(s), y.on(s)));
            bits.assertSame("swiGlu", y);
            Twin dGate = bits.random(rows, cols, layout);
            for (Accumulate mode : List.of(Accumulate.ADD, Accumulate.SET)) {
                bits.both((d, s) -> d.elementwise().swiGluBackward(gate.on(s), up.on(s), dy.on(s), mode, dGate.on(s), y.on(s)));
                bits.assertSame("dGate " + mode, dGate);
                bits.assertSame("dUp " + mode, y);
            }
            bits.both((d, s) -> d.elementwise().swiGluBackward(gate.on(s), up.on(s), dy.on(s), Accumulate.SET, gate.on(s), up.on(s)));
            bits.assertSame("dGate in gate", gate);
            bits.assertSame("dUp in up", up);
        }
    }

    private static void refusals(Bits bits) {
        Twin a = bits.random(2, 3, Layout.DENSE);
        Twin other = bits.random(3, 2, Layout.DENSE);
        bits.assertRefused((d, s) -> d.elementwise().unary(Unary.EXP, a.on(s), other.on(s)));
        bits.assertRefused((d, s) -> d.elementwise().binary(Binary.ADD, a.on(s), other.on(s), a.on(s)));
        bits.assertRefused((d, s) -> d.elementwise().unaryBackward(Unary.EXP, a.on(s), other.on(s), Accumulate.SET, a.on(s)));
        bits.assertRefused((d, s) -> d.elementwise().scale(2, a.cols(0, 2).on(s), a.cols(1, 3).on(s)));
        bits.assertRefused((d, s) -> d.elementwise().swiGlu(a.on(s), other.on(s), a.on(s)));
        bits.assertRefused((d, s) -> d.elementwise().fill(null, 1));
    }
}
