package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Angles beyond 2^17: the CPU asks fdlibm ([StrictMath]), the GPU reduces in whole numbers and then takes fdlibm's polynomials (macro `largeAngle`
/// of `math.ptx.inc`). Here is that macro in Java, operation for operation, beside fdlibm: by default for every 5003rd float, with `-Dlucid.angles=1`
/// for all 931,135,487 (ten minutes on one core). [CudaElementwiseTest] compares the kernels themselves.
class LargeAngleTest {
    private static final long[] TWO_OVER_PI = {0, 0, 0xA2F9836EL, 0x4E441529L, 0xFC2757D1L, 0xF534DDC0L, 0xDB629599L, 0x3C439041L, 0xFE5163ABL,
            0xDEBBC561L};
    private static final double HALF_PI = 1.5707963267948966;
    private static final double HALF_PI_LOW = 6.123233995736766E-17;

    @Test void reductionAgreesWithFdlibm() {
        int step = Integer.getInteger("lucid.angles", 5003);
        int from = Float.floatToRawIntBits(0x1p17f) + 1;
        int count = (Float.floatToRawIntBits(Float.POSITIVE_INFINITY) - from + step - 1) / step;
        long wrong = IntStream.range(0, count).parallel().filter(i -> {
            float a = Float.intBitsToFloat(from + i * step);
            return (float) StrictMath.sin(a) != turned(a, 0) || (float) StrictMath.cos(a) != turned(a, 1);
        }).count();
        System.out.println("large angles: " + count + " compared, " + wrong + " differ");
        assertEquals(0, wrong);
    }

    /// `sin(a + quarter · π/2)`.
    private static float turned(float a, int quarter) {
        int bits = Float.floatToRawIntBits(a);
        long mantissa = (bits << 8 | 0x80000000) & 0xFFFFFFFFL;
        int place = (bits >>> 23) - 126;
        int shift = place & 31;
        int[] word = new int[5];
        long sum = mantissa * TWO_OVER_PI[(place >>> 5) + 5];
        for (int i = 4; i >= 0; i--) {
            sum = mantissa * TWO_OVER_PI[(place >>> 5) + i] + (sum >>> 32);
            word[i] = (int) sum;
        }
        int quarters = left(word[0], word[1], shift);
        int high = left(word[1], word[2], shift);
        int flip = high >> 31;
        quarters += quarter - flip;
        double x = ((high ^ flip) & 0xFFFFFFFFL) * 0x1p-32;
        double y = ((left(word[2], word[3], shift) ^ flip) & 0xFFFFFFFFL) * 0x1p-64;
        double z = ((left(word[3], word[4], shift) ^ flip) & 0xFFFFFFFFL) * 0x1p-96;
        double sumHigh = x + y;
        double rest = y - (sumHigh - x) + z;
        double fraction = sumHigh + rest;
        double low = rest - (fraction - sumHigh);
        double product = fraction * HALF_PI;
        double error = Math.fma(low, HALF_PI, Math.fma(fraction, HALF_PI, -product));
        error = Math.fma(fraction, HALF_PI_LOW, error);
        double r = product + error;
        double tail = error - (r - product);
        double value = (quarters & 1) != 0 ? cosine(r, tail) : flip != 0 ? -sine(r, tail) : sine(r, tail);
        return (quarters & 2) != 0 ? -(float) value : (float) value;
    }

    private static int left(int high, int low, int shift) { return shift == 0 ? high : high << shift | low >>> 32 - shift; }

    /// fdlibm's `__kernel_sin`.
    private static double sine(double x, double y) {
        double z = x * x;
        double v = z * x;
        double r = z * 1.58969099521155010221e-10 + -2.50507602534068634195e-08;
        r = r * z + 2.75573137070700676789e-06;
        r = r * z + -1.98412698298579493134e-04;
        r = r * z + 8.33333333332248946124e-03;
        return x - ((z * (0.5 * y - v * r) - y) - v * -1.66666666666666324348e-01);
    }

    /// fdlibm's `__kernel_cos`.
    private static double cosine(double x, double y) {
        double z = x * x;
        double r = z * -1.13596475577881948265e-11 + 2.08757232129817482790e-09;
        r = r * z + -2.75573143513906633035e-07;
        r = r * z + 2.48015872894767294178e-05;
        r = r * z + -1.38888888888741095749e-03;
        r = r * z + 4.16666666666666019037e-02;
        r = z * (z * r) - x * y;
        int upper = (int) (Double.doubleToRawLongBits(x) >>> 32);
        double part = upper < 0x3FD33333 ? 0 : upper > 0x3FE90000 ? 0.28125 : Double.longBitsToDouble((long) (upper - 0x00200000) << 32);
        return (1 - part) - ((0.5 * z - part) - r);
    }
}
