package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;

import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every conversion is one rounding or none, so everything is exact.
abstract class ConversionContract extends DeviceContract {
    ConversionContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,3,0", "3,0,0", "5,7,2", "2,1000,0", "33,17,1"})
    void thereAndBack(int rows, int cols, int layout) {
        gap = layout;
        for (DType type : new DType[] {BF16, F16}) {
            Twin x = random(rows, cols, -300, 300);
            Twin narrow = matrix(type, rows, cols, new float[rows * cols]);
            both((d, s) -> d.conversion().convert(x.on(s), narrow.on(s)));
            assertSame("to " + type, narrow, 0);
            Twin wide = random(rows, cols);
            both((d, s) -> d.conversion().convert(narrow.on(s), wide.on(s)));
            assertSame("from " + type, wide, 0);
            assertClose("widening is exact", read(tested, narrow.tested()), read(tested, wide.tested()), 0);
        }
    }

    /// Ties go to even, the largest f32 becomes infinite, NaN stays NaN even where a rounding carry would make it infinite.
    @Test void bf16ByHand() {
        float nan = Float.intBitsToFloat(0x7F80FFFF);
        Twin x = matrix(F32, 1, 8, new float[] {1, Float.intBitsToFloat(0x3F808000), Float.intBitsToFloat(0x3F818000),
                Float.intBitsToFloat(0x3F808001), Float.MAX_VALUE,
                Float.NEGATIVE_INFINITY, nan, -0f});
        Twin y = matrix(BF16, 1, 8, new float[8]);
        tested.conversion().convert(x.tested(), y.tested());
        assertValues("bf16", y, 0, 1, 1, 1.015625, 1.0078125, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, -0.0);
    }

    @Test void f16ByHand() {
        Twin x = values(1, 6, 1 + 0x1p-11, 1 + 3 * 0x1p-11, 65519, 65520, 0x1p-25, Double.NaN);
        Twin y = matrix(F16, 1, 6, new float[6]);
        tested.conversion().convert(x.tested(), y.tested());
        assertValues("f16", y, 0, 1, 1 + 0x1p-9, 65504, Double.POSITIVE_INFINITY, 0, Double.NaN);
    }

    @Test void wholeNumbers() {
        Twin y = zeros(1, 3);
        tested.conversion().convert(Matrix.row(bytes((byte) 0, (byte) 127, (byte) 255).tested()), y.tested());
        assertValues("u8", y, 0, 0, 127, 255);
        tested.conversion().convert(Matrix.row(ints(-5, 16777217, Integer.MAX_VALUE).tested()), y.tested());
        assertValues("i32", y, 0, -5, 16777216, 2147483648.0);
    }

    @Test void refuses() {
        var op = tested.conversion();
        Twin x = random(2, 3);
        Twin narrow = matrix(BF16, 2, 3, new float[6]);
        assertRefused("conver", () -> op.convert(x.tested(), matrix(BF16, 3, 2, new float[6]).tested()));
        assertRefused("conver", () -> op.convert(narrow.tested(), matrix(F16, 2, 3, new float[6]).tested()));
        assertRefused("conver", () -> op.convert(x.tested(), Matrix.of(ints(new int[6]).tested(), 2, 3)));
    }
}
