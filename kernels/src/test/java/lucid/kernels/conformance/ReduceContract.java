package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tolerance: n numbers in 16 lanes round n/16 + 4 times each on partial sums of about √n/2; `2^-22 · (4 + n/16)` leaves a factor of ten. A maximum
/// is exact.
abstract class ReduceContract extends DeviceContract {
    ReduceContract(Supplier<Device> factory) { super(factory); }

    private static double tolerance(int n) { return 0x1p-22 * (4 + n / 16.0); }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,3,0", "4,0,0", "3,15,2", "5,16,0", "7,17,1", "2,33,0", "3,1000,5", "2,5003,0", "40,7,0"})
    void everyReduction(int rows, int cols, int layout) {
        gap = layout;
        Twin x = random(rows, cols);
        Twin b = random(rows, cols);
        Twin y = random(rows, 1);
        both((d, s) -> d.reduce().rowSum(x.on(s), y.on(s)));
        assertSame("rowSum", y, tolerance(cols));
        both((d, s) -> d.reduce().rowDot(x.on(s), b.on(s), y.on(s)));
        assertSame("rowDot", y, tolerance(cols));
        both((d, s) -> d.reduce().rowMax(x.on(s), y.on(s)));
        assertSame("rowMax", y, 0);
        Twin columns = random(1, cols);
        RowGroups groups = new RowGroups(0, rows / 2, rows / 2, rows);
        both((d, s) -> d.reduce().columnSums(x.on(s), groups, columns.on(s)));
        assertSame("columnSums", columns, tolerance(rows * 16));
        Twin square = values(1, 1, 0.5);
        both((d, s) -> d.reduce().addSumOfSquares(x.on(s), square.on(s)));
        assertSame("addSumOfSquares", square, tolerance(cols) + rows * 0x1p-24);
        TwinBuffer print = ints(-1, 7);
        both((d, s) -> d.reduce().addFingerprint(x.on(s), Matrix.row(print.on(s))));
        assertSameInts("addFingerprint", print);
    }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,3,0", "4,0,0", "3,15,2", "5,16,0", "7,17,1", "3,1000,5", "2,5003,0"})
    void softmaxAndItsBackward(int rows, int cols, int layout) {
        gap = layout;
        Twin x = random(rows, cols, -10, 10);
        Twin y = zeros(rows, cols);
        both((d, s) -> d.reduce().softmax(x.on(s), y.on(s)));
        assertSame("softmax", y, 1e-6);
        Twin dy = random(rows, cols);
        for (Accumulate mode : Accumulate.values()) {
            Twin dx = random(rows, cols);
            both((d, s) -> d.reduce().softmaxBackward(y.on(s), dy.on(s), mode, dx.on(s)));
            assertSame("softmax backward " + mode, dx, 2e-6);
        }
        both((d, s) -> d.reduce().softmax(x.on(s), x.on(s)));
        assertSame("softmax in place", x, 1e-6);
    }

    @Test void byHand() {
        Twin x = values(2, 3, 1, 2, 3, -4, 5, -6);
        Twin y = zeros(2, 1);
        tested.reduce().rowSum(x.tested(), y.tested());
        assertValues("rowSum", y, 0, 6, -5);
        tested.reduce().rowMax(x.tested(), y.tested());
        assertValues("rowMax", y, 0, 3, 5);
        tested.reduce().rowDot(x.tested(), x.tested(), y.tested());
        assertValues("rowDot", y, 0, 14, 77);
        Twin columns = values(1, 3, 100, 0, 0);
        tested.reduce().columnSums(x.tested(), RowGroups.uniform(2, 1), columns.tested());
        assertValues("columnSums", columns, 0, 97, 7, -3);
        Twin square = values(1, 1, 9);
        tested.reduce().addSumOfSquares(x.tested(), square.tested());
        assertValues("addSumOfSquares", square, 0, 100);
        Twin log = values(1, 3, Math.log(1), Math.log(2), Math.log(5));
        tested.reduce().softmax(log.tested(), log.tested());
        assertValues("softmax", log, 2e-7, 0.125, 0.25, 0.625);
    }

    /// The expected sums were computed from the formula by another program.
    @Test void fingerprintByHand() {
        double[] numbers = {1, 2, 3, -4, 5, -6};
        TwinBuffer print = ints(0, 0);
        tested.reduce().addFingerprint(values(2, 3, numbers).tested(), Matrix.row(print.tested()));
        assertArrayEquals(new int[] {-2027346649, 423739954}, readInts(tested, print.tested()), "2 x 3");
        double[] more = Arrays.copyOf(numbers, 100);
        for (int i = 0; i < 94; i++) more[6 + i] = i / 8.0;
        tested.reduce().addFingerprint(values(4, 25, more).tested(), Matrix.row(print.tested()));
        assertArrayEquals(new int[] {-2027346649 + 764216787, 423739954 - 1171259413}, readInts(tested, print.tested()), "and 4 x 25");
    }

    /// Large logits do not overflow, and a masked one (-infinity) gets exactly 0.
    @Test void softmaxIsStable() {
        Twin x = values(1, 4, 1000, 1000, Double.NEGATIVE_INFINITY, -1000);
        tested.reduce().softmax(x.tested(), x.tested());
        assertValues("softmax", x, 0, 0.5, 0.5, 0, 0);
        Twin huge = values(3, 4, 1e20, 1e20, 1e20, 1e20, -3e38, Double.NEGATIVE_INFINITY, -3e38, Double.NEGATIVE_INFINITY, 3e38, -3e38, 0, 3e38);
        tested.reduce().softmax(huge.tested(), huge.tested());
        assertValues("softmax", huge, 0, 0.25, 0.25, 0.25, 0.25, 0.5, 0, 0.5, 0, 0.5, 0, 0, 0.5);
    }

    /// All masked, infinitely sure, spoiled: none has a distribution.
    @Test void softmaxOfWhatHasNoDistributionIsNaN() {
        double inf = Double.POSITIVE_INFINITY, nan = Double.NaN;
        Twin x = values(3, 3, -inf, -inf, -inf, 0, inf, 1, 0, 1, nan);
        tested.reduce().softmax(x.tested(), x.tested());
        assertValues("softmax", x, 0, nan, nan, nan, nan, nan, nan, nan, nan, nan);
    }

    @Test void noColumnsGiveTheNeutralElement() {
        Twin y = values(2, 1, 3, 4);
        tested.reduce().rowMax(zeros(2, 0).tested(), y.tested());
        assertValues("rowMax", y, 0, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY);
        tested.reduce().rowSum(zeros(2, 0).tested(), y.tested());
        assertValues("rowSum", y, 0, 0, 0);
    }

    @Test void softmaxDerivative() {
        Twin x = random(2, 5, -2, 2);
        Twin y = zeros(2, 5);
        Twin dx = zeros(2, 5);
        float[] weight = uniform(10, -1, 1);
        tested.reduce().softmax(x.tested(), y.tested());
        tested.reduce().softmaxBackward(y.tested(), matrix(F32, 2, 5, weight).tested(), Accumulate.SET, dx.tested());
        assertGradient("softmax", x, () -> {
            oracle.reduce().softmax(x.oracle(), y.oracle());
            return weighted(y.oracle(), weight);
        }, dx);
    }

    @Test void refuses() {
        var op = tested.reduce();
        Twin x = random(3, 4);
        assertRefused("rowSum", () -> op.rowSum(x.tested(), random(1, 3).tested()));
        assertRefused("rowMax", () -> op.rowMax(x.tested(), random(4, 1).tested()));
        assertRefused("rowDot", () -> op.rowDot(x.tested(), random(4, 3).tested(), random(3, 1).tested()));
        assertRefused("columnSums", () -> op.columnSums(x.tested(), RowGroups.single(4), random(1, 4).tested()));
        assertRefused("columnSums", () -> op.columnSums(x.tested(), RowGroups.single(3), random(1, 3).tested()));
        assertRefused("addSumOfSquares", () -> op.addSumOfSquares(x.tested(), random(1, 2).tested()));
        assertRefused("addFingerprint", () -> op.addFingerprint(x.tested(), Matrix.row(ints(0, 0, 0).tested())));
        assertRefused("addFingerprint", () -> op.addFingerprint(x.tested(), random(1, 2).tested()));
        assertRefused("softmax", () -> op.softmax(x.tested(), random(3, 3).tested()));
    }
}
