package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowPlaces;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Tolerance 1e-6: f32 has 6e-8; compositions such as GELU round about ten times. Sums, products and quotients are one IEEE operation and must be
/// exact.
abstract class ElementwiseContract extends DeviceContract {
    private static final double TOLERANCE = 1e-6;
    private static final int[][] SHAPES = {{1, 1, 0}, {0, 4, 0}, {4, 0, 0}, {3, 5, 2}, {1, 16, 0}, {7, 33, 0}, {2, 1000, 1}, {65, 17, 3}};

    ElementwiseContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,4,0", "3,5,2", "7,33,0", "2,1000,1", "65,17,3"})
    void binaryWithEveryBroadcast(int rows, int cols, int layout) {
        gap = layout;
        for (Binary op : Binary.values()) {
            for (int broadcast = 0; broadcast < 4; broadcast++) {
                Twin a = random(rows, cols);
                Twin b = random((broadcast & 1) != 0 ? 1 : rows, (broadcast & 2) != 0 ? 1 : cols);
                Twin y = zeros(rows, cols);
                both((d, s) -> d.elementwise().binary(op, a.on(s), b.on(s), y.on(s)));
                assertSame(op + " broadcast " + broadcast, y, 0);
                both((d, s) -> d.elementwise().binary(op, a.on(s), b.on(s), a.on(s)));
                assertSame(op + " in place", a, 0);
            }
        }
    }

    /// Domains on which the function exists; wide enough to reach saturation.
    private Twin domain(Unary op, int rows, int cols) {
        return switch (op) {
            case SQRT, RSQRT, LOG -> random(rows, cols, 0.01, 30);
            case SIN, COS -> random(rows, cols, -40, 40);
            default -> random(rows, cols, -8, 8);
        };
    }

    @ParameterizedTest @EnumSource(Unary.class)
    void unaryAndItsBackward(Unary op) {
        for (int[] shape : SHAPES) {
            gap = shape[2];
            Twin x = domain(op, shape[0], shape[1]);
            Twin y = zeros(shape[0], shape[1]);
            both((d, s) -> d.elementwise().unary(op, x.on(s), y.on(s)));
            assertSame(op.name(), y, TOLERANCE);
            Twin dy = random(shape[0], shape[1]);
            for (Accumulate mode : Accumulate.values()) {
                Twin dx = random(shape[0], shape[1]);
                both((d, s) -> d.elementwise().unaryBackward(op, x.on(s), dy.on(s), mode, dx.on(s)));
                assertSame(op + " backward " + mode, dx, 2 * TOLERANCE);
            }
            both((d, s) -> d.elementwise().unary(op, x.on(s), x.on(s)));
            assertSame(op + " in place", x, TOLERANCE);
        }
    }

    /// Away from the kinks of ABS and RELU and from the poles of LOG and RSQRT.
    @ParameterizedTest @EnumSource(Unary.class)
    void unaryDerivative(Unary op) {
        Twin x = values(1, 5, 0.8, 1.1, 1.7, 2.3, 3.1);
        Twin y = zeros(1, 5);
        float[] weight = uniform(5, 0.5, 1);
        Twin dx = zeros(1, 5);
        tested.elementwise().unaryBackward(op, x.tested(), matrix(F32, 1, 5, weight).tested(), Accumulate.SET, dx.tested());
        assertGradient(op.name(), x, () -> {
            oracle.elementwise().unary(op, x.oracle(), y.oracle());
            return weighted(y.oracle(), weight);
        }, dx);
    }

    /// Values from tables: Abramowitz & Stegun 7.1 for erf, the rest from their definitions.
    @Test void byHand() {
        Twin x = values(1, 4, -1, 0, 0.5, 2);
        Twin y = zeros(1, 4);
        tested.elementwise().unary(Unary.ERF, x.tested(), y.tested());
        assertValues("erf", y, 2e-7, -0.8427007929497149, 0, 0.5204998778130465, 0.9953222650189527);
        tested.elementwise().unary(Unary.EXP, x.tested(), y.tested());
        assertValues("exp", y, 2e-7, 0.36787944117144233, 1, 1.6487212707001282, 7.38905609893065);
        tested.elementwise().unary(Unary.TANH, x.tested(), y.tested());
        assertValues("tanh", y, 2e-7, -0.7615941559557649, 0, 0.46211715726000973, 0.9640275800758169);
        tested.elementwise().unary(Unary.GELU_ERF, x.tested(), y.tested());
        assertValues("gelu", y, 4e-7, -0.15865525393145707, 0, 0.34573123063700656, 1.9544997361036416);
        tested.elementwise().unary(Unary.SILU, x.tested(), y.tested());
        assertValues("silu", y, 4e-7, -0.2689414213699951, 0, 0.3112296656009273, 1.7615941559557649);
        tested.elementwise().unary(Unary.GELU_TANH, x.tested(), y.tested());
        assertValues("gelu (tanh)", y, 4e-7, -0.15880800939172324, 0, 0.34571400982514394, 1.954597694087775);
    }

    @Test void edgesOfTheFunctions() {
        Twin x = values(1, 4, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 100, -200);
        Twin y = zeros(1, 4);
        tested.elementwise().unary(Unary.EXP, x.tested(), y.tested());
        assertValues("exp", y, 0, 0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0);
        tested.elementwise().unary(Unary.SIGMOID, x.tested(), y.tested());
        assertValues("sigmoid", y, 1e-30, 0, 1, 1, 0);
        tested.elementwise().unary(Unary.TANH, x.tested(), y.tested());
        assertValues("tanh", y, 0, -1, 1, 1, -1);
        tested.elementwise().unary(Unary.ERF, x.tested(), y.tested());
        assertValues("erf", y, 0, -1, 1, 1, -1);
        Twin zero = values(1, 2, 0, 1);
        Twin z = zeros(1, 2);
        tested.elementwise().unary(Unary.LOG, zero.tested(), z.tested());
        assertValues("log", z, 0, Double.NEGATIVE_INFINITY, 0);
        tested.elementwise().unary(Unary.RELU, values(1, 2, -3, Double.NaN).tested(), z.tested());
        assertValues("relu", z, 0, 0, Double.NaN);
    }

    @Test void fillCopyScaleAndAdd() {
        for (int[] shape : SHAPES) {
            gap = shape[2];
            Twin x = random(shape[0], shape[1]);
            Twin y = random(shape[0], shape[1]);
            both((d, s) -> d.elementwise().addScaled(-0.75f, x.on(s), y.on(s)));
            assertSame("addScaled", y, 1e-7);
            both((d, s) -> d.elementwise().scale(3.1f, x.on(s), y.on(s)));
            assertSame("scale", y, 0);
            both((d, s) -> d.elementwise().fill(y.on(s), -2.5f));
            assertSame("fill", y, 0);
            both((d, s) -> d.elementwise().copy(x.on(s), y.on(s)));
            assertSame("copy", y, 0);
        }
        gap = 3;
        Twin narrow = matrix(DType.BF16, 5, 7, uniform(35, -1, 1));
        Twin target = matrix(DType.BF16, 5, 7, new float[35]);
        both((d, s) -> d.elementwise().copy(narrow.on(s), target.on(s)));
        assertSame("copy of bf16", target, 0);
        assertValues("copy of bf16 is the source", target, 0, doubles(read(oracle, narrow.oracle())));
    }

    @ParameterizedTest(name = "{0} rows of {1}, gap {2}")
    @CsvSource({"1,1,0", "0,4,0", "4,0,1", "3,5,2", "64,128,0", "7,33,3"})
    void copyRows(int rows, int cols, int layout) {
        gap = layout;
        List<Integer> places = new ArrayList<>(IntStream.range(0, 2 * rows + 1).boxed().toList());
        Collections.shuffle(places, random);
        RowPlaces to = new RowPlaces(places.stream().limit(rows).mapToInt(i -> i).toArray());
        Twin x = random(rows, cols);
        Twin y = random(2 * rows + 1, cols);
        both((d, s) -> d.elementwise().copyRows(x.on(s), to, y.on(s)));
        assertSame("copyRows", y, 0);
        float[] source = read(tested, x.tested());
        float[] target = read(tested, y.tested());
        for (int r = 0; r < rows; r++)
            assertArrayEquals(Arrays.copyOfRange(source, r * cols, (r + 1) * cols),
                    Arrays.copyOfRange(target, to.rows()[r] * cols, (to.rows()[r] + 1) * cols), "row " + r);
    }

    @Test void copyRowsRefuses() {
        var op = tested.elementwise();
        Twin x = random(2, 3);
        Twin y = random(4, 3);
        assertRefused("row places", () -> new RowPlaces(0, 3, 0));
        assertRefused("row places", () -> new RowPlaces(-1));
        assertRefused("copyRows", () -> op.copyRows(x.tested(), new RowPlaces(0), y.tested()));
        assertRefused("copyRows", () -> op.copyRows(x.tested(), new RowPlaces(0, 4), y.tested()));
        assertRefused("copyRows", () -> op.copyRows(x.tested(), new RowPlaces(0, 1), random(4, 2).tested()));
        assertRefused("copyRows", () -> op.copyRows(y.tested().rows(0, 2), new RowPlaces(2, 3), y.tested()));
        assertRefused("copyRows", () -> op.copyRows(x.tested(), new RowPlaces(0, 1), matrix(DType.BF16, 4, 3, new float[12]).tested()));
    }

    private static double[] doubles(float[] values) {
        double[] d = new double[values.length];
        for (int i = 0; i < d.length; i++) d[i] = values[i];
        return d;
    }

    @Test void swiGluAndItsBackward() {
        for (int[] shape : SHAPES) {
            gap = shape[2];
            Twin gate = random(shape[0], shape[1], -6, 6);
            Twin up = random(shape[0], shape[1], -2, 2);
            Twin dy = random(shape[0], shape[1]);
            Twin y = zeros(shape[0], shape[1]);
            both((d, s) -> d.elementwise().swiGlu(gate.on(s), up.on(s), y.on(s)));
            assertSame("swiGlu", y, TOLERANCE);
            for (Accumulate mode : Accumulate.values()) {
                Twin dGate = random(shape[0], shape[1]);
                Twin dUp = random(shape[0], shape[1]);
                both((d, s) -> d.elementwise().swiGluBackward(gate.on(s), up.on(s), dy.on(s), mode, dGate.on(s), dUp.on(s)));
                assertSame("dGate", dGate, 2 * TOLERANCE);
                assertSame("dUp", dUp, 2 * TOLERANCE);
            }
        }
    }

    @Test void swiGluDerivative() {
        Twin gate = random(2, 3, -2, 2);
        Twin up = random(2, 3);
        Twin y = zeros(2, 3);
        Twin dGate = zeros(2, 3);
        Twin dUp = zeros(2, 3);
        float[] weight = uniform(6, -1, 1);
        tested.elementwise().swiGluBackward(gate.tested(), up.tested(), matrix(F32, 2, 3, weight).tested(), Accumulate.SET, dGate.tested(),
                dUp.tested());
        DoubleSupplier loss = () -> {
            oracle.elementwise().swiGlu(gate.oracle(), up.oracle(), y.oracle());
            return weighted(y.oracle(), weight);
        };
        assertGradient("dGate", gate, loss, dGate);
        assertGradient("dUp", up, loss, dUp);
    }

    @Test void refuses() {
        var op = tested.elementwise();
        Twin a = random(2, 3);
        assertRefused("elementwise|ADD|binary", () -> op.binary(Binary.ADD, a.tested(), random(2, 2).tested(), a.tested()));
        assertRefused("elementwise|ADD|binary", () -> op.binary(Binary.ADD, a.tested(), a.tested(), random(3, 2).tested()));
        assertRefused("elementwise|EXP|unary", () -> op.unary(Unary.EXP, a.tested(), random(3, 2).tested()));
        assertRefused("elementwise|EXP|unary", () -> op.unary(Unary.EXP, matrix(DType.BF16, 2, 3, new float[6]).tested(), a.tested()));
        assertRefused("elementwise|copy", () -> op.copy(a.tested(), matrix(DType.BF16, 2, 3, new float[6]).tested()));
        assertRefused("elementwise|scale", () -> op.scale(2, a.cols(0, 2).tested(), a.cols(1, 3).tested()));
        assertRefused("swiGlu", () -> op.swiGlu(a.tested(), random(2, 4).tested(), random(2, 3).tested()));
    }
}
