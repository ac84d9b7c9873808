package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Tolerance: a chain of k products of uniform numbers loses about 2^-25 · k/3 (k roundings of partial sums that walk to √k/3); the tests allow
/// `2^-22 · max(4, k)`. It does not depend on b's dtype, because widening is exact.
abstract class MatMulContract extends DeviceContract {
    MatMulContract(Supplier<Device> factory) { super(factory); }

    static double tolerance(int k) { return 0x1p-22 * Math.max(4, k); }

    @ParameterizedTest(name = "[{0}, {2}] x [{2}, {1}], gap {3}")
    @CsvSource({"1,1,1,0", "1,1,1,3", "0,5,3,0", "5,0,3,0", "3,5,0,0", "3,5,0,2", "2,3,4,1", "1,257,65,0", "1,64,300,5", "7,33,129,0", "8,48,16,0",
            "13,17,19,3",
            "65,67,70,0", "100,3,5,1", "3,100,257,0", "33,31,600,7"})
    void everyOrientationTypeAndMode(int m, int n, int k, int layout) {
        gap = layout;
        for (DType type : new DType[] {F32, BF16, F16}) {
            for (int orientation = 0; orientation < 4; orientation++) {
                boolean ta = (orientation & 1) != 0;
                boolean tb = (orientation & 2) != 0;
                Twin a = random(ta ? k : m, ta ? m : k);
                Twin b = matrix(type, tb ? n : k, tb ? k : n, uniform(n * k, -1, 1));
                Twin bias = random(1, n);
                for (Accumulate mode : Accumulate.values()) {
                    for (Twin extra : new Twin[] {null, bias}) {
                        Twin c = random(m, n);
                        both((d, s) -> d.matMul().multiply(a.on(s), ta, b.on(s), tb, extra == null ? null : extra.on(s), mode, c.on(s)));
                        assertSame(type + " " + (ta ? "T" : "N") + (tb ? "T" : "N") + " " + mode, c, tolerance(k));
                    }
                }
                Twin c = random(m, n);
                both((d, s) -> d.matMul().multiplyContinue(a.on(s), ta, b.on(s), tb, c.on(s)));
                assertSame("continue", c, tolerance(k));
            }
        }
    }

    @Test void byHand() {
        Twin a = values(2, 3, 1, 2, 3, 4, 5, 6);
        Twin b = values(3, 2, 7, 8, 9, 10, 11, 12);
        Twin c = zeros(2, 2);
        tested.matMul().multiply(a.tested(), false, b.tested(), false, null, Accumulate.SET, c.tested());
        assertValues("a b", c, 0, 58, 64, 139, 154);
        tested.matMul().multiply(a.tested(), false, b.tested(), false, values(1, 2, 0.5, -1).tested(), Accumulate.ADD, c.tested());
        assertValues("a b + bias, added", c, 0, 116.5, 127, 278.5, 307);
        Twin square = zeros(3, 3);
        tested.matMul().multiply(a.tested(), true, a.tested(), false, null, Accumulate.SET, square.tested());
        assertValues("aᵀ a", square, 0, 17, 22, 27, 22, 29, 36, 27, 36, 45);
    }

    /// What is in the output before SET is never read: not even NaN comes through.
    @Test void setIgnoresWhatWasThere() {
        Twin c = values(1, 2, Double.NaN, Double.POSITIVE_INFINITY);
        tested.matMul().multiply(values(1, 1, 2).tested(), false, values(1, 2, 3, 4).tested(), false, null, Accumulate.SET, c.tested());
        assertValues("c", c, 0, 6, 8);
        Twin empty = values(1, 2, Double.NaN, Double.POSITIVE_INFINITY);
        tested.matMul().multiply(zeros(1, 0).tested(), false, zeros(0, 2).tested(), false, null, Accumulate.SET, empty.tested());
        assertValues("k = 0", empty, 0, 0, 0);
    }

    @ParameterizedTest(name = "{0} rows of {1} and {2}, gap {3}")
    @CsvSource({"1,1,1,0", "0,3,4,0", "5,3,0,0", "9,7,5,3", "40,33,65,0", "70,20,130,1"})
    void gradWeight(int rows, int n, int k, int layout) {
        gap = layout;
        Twin dy = random(rows, n);
        Twin x = random(rows, k);
        Twin dw = random(n, k);
        RowGroups groups = new RowGroups(0, rows / 3, rows / 3, rows);
        both((d, s) -> d.matMul().gradWeight(dy.on(s), x.on(s), groups, dw.on(s)));
        assertSame("dw", dw, tolerance(rows));
    }

    /// `y = x wᵀ`: dx = dy w and dw = dyᵀ x are the derivatives.
    @Test void derivatives() {
        Twin x = random(3, 4);
        Twin w = random(2, 4);
        Twin y = zeros(3, 2);
        float[] weight = uniform(6, -1, 1);
        Twin dy = matrix(F32, 3, 2, weight);
        Twin dx = zeros(3, 4);
        Twin dw = zeros(2, 4);
        tested.matMul().multiply(dy.tested(), false, w.tested(), false, null, Accumulate.SET, dx.tested());
        tested.matMul().gradWeight(dy.tested(), x.tested(), RowGroups.single(3), dw.tested());
        DoubleSupplier loss = () -> {
            oracle.matMul().multiply(x.oracle(), false, w.oracle(), true, null, Accumulate.SET, y.oracle());
            return weighted(y.oracle(), weight);
        };
        assertGradient("dx", x, loss, dx);
        assertGradient("dw", w, loss, dw);
    }

    /// Against the textbook, and, bit for bit, against the operations that they are said to be.
    @ParameterizedTest(name = "[{0}, {2}] x [{2}, {1}], gap {3}")
    @CsvSource({"1,1,1,0", "0,5,3,0", "5,0,3,0", "3,5,0,2", "1,257,64,0", "4,64,300,5", "8,48,16,0", "13,17,19,3", "16,40,72,0", "65,67,70,0",
            "33,31,200,7"})
    void activatedAndGated(int m, int n, int k, int layout) {
        gap = layout;
        for (DType type : new DType[] {F32, BF16, F16}) {
            Twin a = random(m, k);
            Twin w = matrix(type, n, k, uniform(n * k, -1, 1));
            Twin up = matrix(type, n, k, uniform(n * k, -1, 1));
            Twin bias = random(1, n);
            for (Activation f : Activation.values()) {
                for (Twin extra : new Twin[] {null, bias}) {
                    Twin c = random(m, n);
                    both((d, s) -> d.matMul().multiplyActivated(a.on(s), w.on(s), extra == null ? null : extra.on(s), f, c.on(s)));
                    assertSame(type + " " + f, c, 2 * tolerance(k));
                    Twin composed = random(m, n);
                    tested.matMul().multiply(a.tested(), false, w.tested(), true, extra == null ? null : extra.tested(), Accumulate.SET,
                            composed.tested());
                    tested.elementwise().unary(f.unary(), composed.tested(), composed.tested());
                    assertArrayEquals(read(tested, composed.tested()), read(tested, c.tested()), type + " " + f + " beside its parts");
                }
            }
            Twin c = random(m, n);
            both((d, s) -> d.matMul().multiplyGated(a.on(s), w.on(s), up.on(s), c.on(s)));
            // Either factor's error times the other, which is at most about 5 sqrt(k / 9) for so many numbers.
            assertSame(type + " gated", c, 4 * Math.max(1, Math.sqrt(k)) * tolerance(k));
            Twin gates = random(m, n);
            Twin ups = random(m, n);
            tested.matMul().multiply(a.tested(), false, w.tested(), true, null, Accumulate.SET, gates.tested());
            tested.matMul().multiply(a.tested(), false, up.tested(), true, null, Accumulate.SET, ups.tested());
            tested.elementwise().swiGlu(gates.tested(), ups.tested(), gates.tested());
            assertArrayEquals(read(tested, gates.tested()), read(tested, c.tested()), type + " gated beside its parts");
        }
    }

    /// Beside a product for each, and the textbook's.
    @ParameterizedTest(name = "[{0}, {2}] x [{2}, {1} and 7 and {1} + 40], gap {3}")
    @CsvSource({"1,1,1,0", "0,5,3,0", "3,5,0,2", "1,257,64,0", "2,700,900,3", "4,64,300,5", "8,48,16,0", "13,17,19,3", "65,67,70,0"})
    void severalLayersOfOneInput(int m, int n, int k, int layout) {
        gap = layout;
        for (DType type : new DType[] {F32, BF16, F16}) {
            Twin a = random(m, k);
            int[] outputs = {n, 7, n + 40};
            Twin[] w = new Twin[3], c = new Twin[3], wanted = new Twin[3];
            Twin bias = random(1, 7);
            for (int i = 0; i < 3; i++) {
                w[i] = matrix(type, outputs[i], k, uniform(outputs[i] * k, -1, 1));
                c[i] = random(m, outputs[i]);
                wanted[i] = random(m, outputs[i]);
                Matrix extra = i == 1 ? bias.tested() : null;
                tested.matMul().multiply(a.tested(), false, w[i].tested(), true, extra, Accumulate.SET, wanted[i].tested());
            }
            both((d, s) -> d.matMul().multiplyEach(a.on(s), new MatMul.Layer(w[0].on(s), null, c[0].on(s)),
                    new MatMul.Layer(w[1].on(s), bias.on(s), c[1].on(s)), new MatMul.Layer(w[2].on(s), null, c[2].on(s))));
            for (int i = 0; i < 3; i++) {
                assertSame(type + " layer " + i, c[i], tolerance(k));
                assertArrayEquals(read(tested, wanted[i].tested()), read(tested, c[i].tested()), type + " layer " + i + " alone");
            }
        }
        tested.matMul().multiplyEach(random(m, k).tested());
    }

    /// What a device makes of the promise shows in no bit.
    @Test void prepacked() {
        for (DType type : new DType[] {F32, BF16, F16}) {
            for (int m : new int[] {1, 5, 8, 40}) {
                Twin a = random(m, 129);
                float[] values = uniform(70 * 129, -1, 1);
                Twin plain = matrix(type, 70, 129, values);
                Twin packed = matrix(type, 70, 129, values);
                both((d, s) -> d.prepack(packed.on(s)));
                // As often as a device may want it read before it packs it.
                Twin one = random(1, 70);
                for (int i = 0; i < 40; i++)
                    tested.matMul().multiply(a.tested().rows(0, 1), false, packed.tested(), true, null, Accumulate.SET, one.tested());
                Twin wanted = random(m, 70);
                Twin c = random(m, 70);
                both((d, s) -> d.matMul().multiply(a.on(s), false, plain.on(s), true, null, Accumulate.SET, wanted.on(s)));
                both((d, s) -> d.matMul().multiply(a.on(s), false, packed.on(s), true, null, Accumulate.SET, c.on(s)));
                assertArrayEquals(read(tested, wanted.tested()), read(tested, c.tested()), type + ", " + m + " rows");
            }
        }
    }

    @Test void refusesToPrepackAPart() {
        Twin w = random(4, 3);
        assertRefused("prepack: w is .*; wanted the whole buffer", () -> tested.prepack(w.tested().rows(1, 3)));
    }

    @Test void refusesActivatedAndGated() {
        Twin a = random(2, 3);
        Twin w = random(4, 3);
        Twin c = random(2, 4);
        var op = tested.matMul();
        assertRefused("matmul \\(activated\\): a .* w .*", () -> op.multiplyActivated(a.tested(), random(4, 2).tested(), null, Activation.GELU_TANH,
                c.tested()));
        assertRefused("matmul \\(activated\\): bias", () -> op.multiplyActivated(a.tested(), w.tested(), random(1, 3).tested(), Activation.GELU_TANH,
                c.tested()));
        assertRefused("matmul \\(activated\\): f ", () -> op.multiplyActivated(a.tested(), w.tested(), null, null, c.tested()));
        assertRefused("matmul \\(gated\\): a .* gate ", () -> op.multiplyGated(a.tested(), random(4, 2).tested(), random(4, 2).tested(), c.tested()));
        assertRefused("matmul \\(gated\\): up", () -> op.multiplyGated(a.tested(), w.tested(), random(5, 3).tested(), c.tested()));
        assertRefused("matmul \\(gated\\): up", () -> op.multiplyGated(a.tested(), w.tested(), matrix(BF16, 4, 3, new float[12]).tested(),
                c.tested()));
        assertRefused("matmul: a .* b ", () -> op.multiplyEach(a.tested(), new MatMul.Layer(w.tested(), null, c.tested()),
                new MatMul.Layer(random(4, 2).tested(), null, random(2, 4).tested())));
        Twin square = random(3, 3);
        assertRefused("matmul \\(gated\\): c .* overlaps up",
                () -> op.multiplyGated(random(3, 3).tested(), random(3, 3).tested(), square.tested(), square.tested()));
    }

    @Test void refuses() {
        Twin a = random(2, 3);
        Twin b = random(4, 5);
        Twin c = random(2, 5);
        var op = tested.matMul();
        assertRefused("matmul|multiply", () -> op.multiply(a.tested(), false, b.tested(), false, null, Accumulate.SET, c.tested()));
        Twin fit = random(3, 5);
        assertRefused("matmul|multiply", () -> op.multiply(a.tested(), false, fit.tested(), false, null, Accumulate.SET, random(2, 4).tested()));
        assertRefused("matmul|multiply", () -> op.multiply(a.tested(), false, fit.tested(), false, random(1, 4).tested(), Accumulate.SET,
                c.tested()));
        assertRefused("matmul|multiply", () -> op.multiplyContinue(a.tested(), true, fit.tested(), false, c.tested()));
        Twin square = random(3, 3);
        assertRefused("matmul|multiply", () -> op.multiply(square.tested(), false, random(3, 3).tested(), false, null, Accumulate.SET,
                square.tested()));
        assertRefused("gradWeight", () -> op.gradWeight(a.tested(), random(3, 3).tested(), RowGroups.single(2), random(3, 3).tested()));
        assertRefused("gradWeight", () -> op.gradWeight(a.tested(), a.tested(), RowGroups.single(1), random(3, 3).tested()));
    }

    @ParameterizedTest @EnumSource(value = DType.class, names = {"BF16", "F16"})
    void refusesNarrowActivations(DType type) {
        Twin a = matrix(type, 2, 3, new float[6]);
        assertRefused("matmul|multiply", () -> tested.matMul().multiply(a.tested(), false, random(3, 2).tested(), false, null, Accumulate.SET,
                random(2, 2).tested()));
    }
}
