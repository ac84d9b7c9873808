package lucid.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.Supplier;
import lucid.kernels.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tolerance 3e-7: two products and a sum in f32. The table's angles are rounded to f32 by contract, so it is compared at 2e-7 however large they
/// are.
abstract class RotaryContract extends DeviceContract {
    RotaryContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "theta {0}, head {1}, {2} positions")
    @CsvSource({"10000,2,1", "10000,6,7", "1000000,64,50", "1000000,128,4000", "10000,8,0"})
    void table(double theta, int headDim, int positions) {
        Twin cos = zeros(positions, headDim / 2);
        Twin sin = zeros(positions, headDim / 2);
        both((d, s) -> d.rotary().table(theta, headDim, cos.on(s), sin.on(s)));
        assertSame("cos", cos, 2e-7);
        assertSame("sin", sin, 2e-7);
    }

    @ParameterizedTest(name = "{0} rows, {1} heads of {2}, gap {3}")
    @CsvSource({"1,1,2,0", "0,1,2,0", "3,2,6,1", "5,3,16,0", "7,2,64,3", "2,1,128,0", "33,14,10,0"})
    void rotate(int rows, int heads, int headDim, int layout) {
        gap = layout;
        int[] at = new int[rows];
        for (int r = 0; r < rows; r++) at[r] = r * 7 % 40;
        TwinBuffer positions = ints(at);
        Twin x = random(rows, heads * headDim);
        Twin y = zeros(rows, heads * headDim);
        Twin cos = zeros(40, headDim / 2);
        Twin sin = zeros(40, headDim / 2);
        oracle.rotary().table(1e6, headDim, cos.oracle(), sin.oracle());
        tested.write(cos.tested().buffer(), 0, read(oracle, cos.oracle().buffer()));
        tested.write(sin.tested().buffer(), 0, read(oracle, sin.oracle().buffer()));
        for (boolean inverse : new boolean[] {false, true}) {
            both((d, s) -> d.rotary().rotate(x.on(s), headDim, positions.on(s), cos.on(s), sin.on(s), inverse, y.on(s)));
            assertSame("inverse " + inverse, y, 3e-7);
        }
        float[] before = read(tested, x.tested());
        both((d, s) -> d.rotary().rotate(x.on(s), headDim, positions.on(s), cos.on(s), sin.on(s), false, x.on(s)));
        assertSame("in place", x, 3e-7);
        tested.rotary().rotate(x.tested(), headDim, positions.tested(), cos.tested(), sin.tested(), true, x.tested());
        assertClose("there and back", before, read(tested, x.tested()), 6e-7);
    }

    @Test void byHand() {
        Twin cos = zeros(4, 2);
        Twin sin = zeros(4, 2);
        tested.rotary().table(100, 4, cos.tested(), sin.tested());
        assertValues("cos", cos, 1e-7, 1, 1, Math.cos(1), Math.cos(0.1), Math.cos(2), Math.cos(0.2), Math.cos(3), Math.cos(0.3));
        assertValues("sin", sin, 1e-7, 0, 0, Math.sin(1), Math.sin(0.1), Math.sin(2), Math.sin(0.2), Math.sin(3), Math.sin(0.3));
        // A quarter turn takes the first half's axis to the second half's.
        Twin y = zeros(1, 4);
        tested.rotary().rotate(values(1, 4, 1, 2, 3, 4).tested(), 4, ints(0).tested(), values(1, 2, 0, 0).tested(), values(1, 2, 1, 1).tested(),
                false, y.tested());
        assertValues("quarter turn", y, 0, -3, -4, 1, 2);
    }

    /// A rotation keeps products of vectors at the same position, and products depend on the distance of positions only.
    @Test void productsDependOnDistanceOnly() {
        Twin cos = zeros(30, 8);
        Twin sin = zeros(30, 8);
        tested.rotary().table(1e4, 16, cos.tested(), sin.tested());
        Twin q = random(1, 16);
        Twin k = random(1, 16);
        double[] products = new double[3];
        int[][] positions = {{0, 0}, {9, 4}, {25, 20}};
        for (int n = 0; n < 3; n++) {
            Twin a = zeros(1, 16);
            Twin b = zeros(1, 16);
            tested.rotary().rotate(q.tested(), 16, ints(positions[n][0]).tested(), cos.tested(), sin.tested(), false, a.tested());
            tested.rotary().rotate(k.tested(), 16, ints(positions[n][1]).tested(), cos.tested(), sin.tested(), false, b.tested());
            products[n] = dot(read(tested, a.tested()), read(tested, b.tested()));
        }
        assertEquals(dot(read(tested, q.tested()), read(tested, k.tested())), products[0], 1e-6);
        assertEquals(products[1], products[2], 5e-6);
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += (double) a[i] * b[i];
        return sum;
    }

    @Test void refuses() {
        var op = tested.rotary();
        Twin table = random(5, 2);
        Twin x = random(2, 8);
        assertRefused("rotary|table", () -> op.table(1e4, 5, table.tested(), random(5, 2).tested()));
        assertRefused("rotary|table", () -> op.table(1e4, 4, table.tested(), random(4, 2).tested()));
        assertRefused("rotary|rotate", () -> op.rotate(x.tested(), 4, ints(0, 5).tested(), table.tested(), table.tested(), false, x.tested()));
        assertRefused("rotary|rotate", () -> op.rotate(x.tested(), 4, ints(0, -1).tested(), table.tested(), table.tested(), false, x.tested()));
        assertRefused("rotary|rotate", () -> op.rotate(random(2, 6).tested(), 4, ints(0, 1).tested(), table.tested(), table.tested(), false,
                random(2, 6).tested()));
        assertRefused("rotary|rotate", () -> op.rotate(x.tested(), 4, ints(0).tested(), table.tested(), table.tested(), false, x.tested()));
        assertRefused("rotary.*sin .*overlaps cos", () -> op.table(1e4, 4, table.tested(), table.tested()));
        assertRefused("rotary.*y .*overlaps sin", () -> op.rotate(random(5, 2).tested(), 2, ints(0, 1, 2, 3, 4).tested(), random(5, 1).tested(),
                table.tested().cols(0, 1), false, table.tested()));
    }
}
