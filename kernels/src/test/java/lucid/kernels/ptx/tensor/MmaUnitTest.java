package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.Random;
import java.util.stream.Stream;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MmaForm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// `mma` on register words: known products, the vector path against the plain one bit by bit, rounding, wrapping, aliasing.
class MmaUnitTest {
    static Stream<MmaForm> forms() {
        return Stream.of(FragmentTest.form(16, 16, Element.F32, Element.F16), FragmentTest.form(16, 16, Element.F16, Element.F16),
                FragmentTest.form(16, 8, Element.F32, Element.F16), FragmentTest.form(16, 8, Element.F16, Element.F16),
                FragmentTest.form(16, 16, Element.F32, Element.BF16), FragmentTest.form(16, 8, Element.F32, Element.BF16),
                FragmentTest.form(16, 8, Element.F32, Element.TF32), FragmentTest.form(16, 4, Element.F32, Element.TF32),
                new MmaForm(16, 8, 32, Element.F32, Element.E4M3, Element.E5M2), new MmaForm(16, 8, 32, Element.F16, Element.E5M2, Element.E4M3),
                FragmentTest.form(16, 16, Element.F32, Element.E4M3), FragmentTest.form(8, 16, Element.S32, Element.S8),
                new MmaForm(16, 8, 16, Element.S32, Element.U8, Element.S8), new MmaForm(16, 8, 32, Element.S32, Element.S8, Element.U8),
                FragmentTest.form(8, 32, Element.S32, Element.U4), new MmaForm(16, 8, 32, Element.S32, Element.S4, Element.U4),
                FragmentTest.form(16, 64, Element.S32, Element.S4));
    }

    static int[] slots(int from, int count) {
        int[] s = new int[count];
        for (int i = 0; i < count; i++) s[i] = from + i;
        return s;
    }

    /// Slots of d, a, b, c one behind the other.
    record Slots(int[] d, int[] a, int[] b, int[] c, int count) {
        static Slots of(MmaForm f) {
            int d = f.sum().registers();
            int a = f.left().registers();
            int b = f.right().registers();
            return new Slots(slots(0, d), slots(d, a), slots(d + a, b), slots(d + a + b, d), 2 * d + a + b);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void vectorsHaveTheBitsOfThePlainLoop(MmaForm f) {
        Slots s = Slots.of(f);
        Random random = new Random(11);
        for (int round = 0; round < 60; round++) {
            int[] words = TensorInputs.words(random, s.count(), f.a(), round);
            int[] plain = words.clone();
            boolean saturate = f.d() == Element.S32 && round % 2 == 0;
            MmaUnit unit = new MmaUnit(f, Accumulation.EXACT, saturate);
            unit.run(words, s.d(), s.a(), s.b(), s.c());
            unit.runPlain(plain, s.d(), s.a(), s.b(), s.c());
            assertArrayEquals(plain, words, f + ", round " + round);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void oneProductLandsWhereTheMatricesSay(MmaForm f) {
        // A with a single 1 at (m, k), B with distinct small numbers: D is row k of B at row m, plus C.
        Slots s = Slots.of(f);
        Fragment left = f.left();
        Fragment right = f.right();
        Fragment sum = f.sum();
        MmaUnit unit = new MmaUnit(f, Accumulation.EXACT, false);
        for (int at = 0; at < f.m() * f.k(); at += 3) {
            int m = at % f.m();
            int k = at / f.m();
            int[] words = new int[32 * s.count()];
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < left.elements(); i++) {
                    if (left.row(lane, i) == m && left.column(lane, i) == k) set(words, s.a(), left, lane, i, TensorInputs.code(f.a(), 1));
                }
                for (int i = 0; i < right.elements(); i++) {
                    set(words, s.b(), right, lane, i, TensorInputs.code(f.b(), (right.row(lane, i) + 2 * right.column(lane, i)) % 7));
                }
                for (int i = 0; i < sum.elements(); i++) set(words, s.c(), sum, lane, i, TensorInputs.code(f.d(), sum.row(lane, i) % 5));
            }
            unit.run(words, s.d(), s.a(), s.b(), s.c());
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < sum.elements(); i++) {
                    int row = sum.row(lane, i);
                    int want = row % 5 + (row == m ? (k + 2 * sum.column(lane, i)) % 7 : 0);
                    int word = words[32 * s.d()[sum.register(i)] + lane] >>> sum.shift(i);
                    assertEquals(want, PlainTensor.accumulator(f.d(), word), f + " A(" + m + "," + k + ") lane " + lane + " d" + i);
                }
            }
        }
    }

    private static void set(int[] words, int[] slots, Fragment f, int lane, int i, int code) {
        words[32 * slots[f.register(i)] + lane] |= code << f.shift(i);
    }

    @Test void theSumIsRoundedOnce() {
        MmaForm f = FragmentTest.form(16, 16, Element.F32, Element.BF16);
        Slots s = Slots.of(f);
        Random random = new Random(2);
        int[] words = TensorInputs.words(random, s.count(), Element.BF16, 1);
        for (int i = 0; i < words.length; i++) words[i] = words[i] & 0x3fff3fff | 0x30003000;
        float[] a = PlainTensor.gather(f.left(), f.a(), true, new int[][] {words}, s.a());
        float[] b = PlainTensor.gather(f.right(), f.b(), false, new int[][] {words}, s.b());
        int[] before = words.clone();
        new MmaUnit(f, Accumulation.EXACT, false).run(words, s.d(), s.a(), s.b(), s.c());
        Fragment sum = f.sum();
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < 4; i++) {
                BigDecimal exact = new BigDecimal(Float.intBitsToFloat(before[32 * s.c()[i] + lane]));
                for (int k = 0; k < 16; k++) {
                    exact = exact.add(new BigDecimal(a[sum.row(lane, i) * 16 + k]).multiply(new BigDecimal(b[sum.column(lane, i) * 16 + k])));
                }
                // With factors of at most 2^33 apart a double chain keeps every bit that can change the rounding here.
                assertEquals(exact.floatValue(), Float.intBitsToFloat(words[32 * s.d()[i] + lane]));
            }
        }
    }

    @Test void integersWrapOrSaturate() {
        MmaForm f = FragmentTest.form(16, 32, Element.S32, Element.S8);
        Slots s = Slots.of(f);
        int[] words = new int[32 * s.count()];
        for (int lane = 0; lane < 32; lane++) {
            for (int slot : s.a()) words[32 * slot + lane] = 0x7f7f7f7f;
            for (int slot : s.b()) words[32 * slot + lane] = lane < 16 ? 0x7f7f7f7f : 0x80808080;
            for (int slot : s.c()) words[32 * slot + lane] = lane % 4 < 2 ? Integer.MAX_VALUE : Integer.MIN_VALUE;
        }
        int[] saturated = words.clone();
        new MmaUnit(f, Accumulation.EXACT, false).run(words, s.d(), s.a(), s.b(), s.c());
        new MmaUnit(f, Accumulation.EXACT, true).run(saturated, s.d(), s.a(), s.b(), s.c());
        int up = 32 * 127 * 127;
        int down = 32 * 127 * -128;
        // Columns 0 .. 3 (n = g of lanes 0 .. 15) of B are 127, the others -128; c0, c1 of lane t hold columns 2t, 2t + 1.
        assertEquals(Integer.MAX_VALUE + up, words[0]);
        assertEquals(Integer.MAX_VALUE, saturated[0]);
        assertEquals(Integer.MIN_VALUE + down, words[2]);
        assertEquals(Integer.MIN_VALUE, saturated[3]);
        assertEquals(Integer.MIN_VALUE + down, words[32 + 3]);
    }

    @Test void registersMayBeSharedAndPermuted() {
        MmaForm f = FragmentTest.form(16, 16, Element.F32, Element.F16);
        Slots s = Slots.of(f);
        MmaUnit unit = new MmaUnit(f, Accumulation.EXACT, false);
        int[] words = TensorInputs.words(new Random(4), s.count(), Element.F16, 1);
        int[] apart = words.clone();
        unit.runPlain(apart, s.d(), s.a(), s.b(), s.c());
        int[] permuted = {s.c()[3], s.c()[0], s.a()[0], s.b()[1]};
        for (int path = 0; path < 2; path++) {
            int[] shared = words.clone();
            if (path == 0) unit.run(shared, permuted, s.a(), s.b(), s.c());
            else unit.runPlain(shared, permuted, s.a(), s.b(), s.c());
            for (int i = 0; i < 4; i++) {
                for (int lane = 0; lane < 32; lane++) assertEquals(apart[32 * s.d()[i] + lane], shared[32 * permuted[i] + lane]);
            }
        }
    }

    @Test void f64IsOneChainOfFma() {
        for (MmaForm f : new MmaForm[] {FragmentTest.form(8, 4, Element.F64, Element.F64), FragmentTest.form(16, 16, Element.F64, Element.F64)}) {
            Slots s = Slots.of(f);
            Random random = new Random(9);
            double[][] a = new double[f.m()][f.k()];
            double[][] b = new double[f.k()][8];
            double[][] c = new double[f.m()][8];
            long[] wides = new long[32 * s.count()];
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < s.a().length; i++) {
                    wides[32 * s.a()[i] + lane] = Double.doubleToRawLongBits(a[f.left().row(lane, i)][f.left().column(lane, i)] =
                            random.nextGaussian());
                }
                for (int i = 0; i < s.b().length; i++) {
                    wides[32 * s.b()[i] + lane] = Double.doubleToRawLongBits(b[f.right().row(lane, i)][f.right().column(lane, i)] =
                            random.nextGaussian());
                }
                for (int i = 0; i < s.c().length; i++) {
                    wides[32 * s.c()[i] + lane] = Double.doubleToRawLongBits(c[f.sum().row(lane, i)][f.sum().column(lane, i)] =
                            random.nextGaussian());
                }
            }
            new MmaUnit(f, Accumulation.EXACT, false).runF64(wides, s.d(), s.a(), s.b(), s.c());
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < s.d().length; i++) {
                    double want = c[f.sum().row(lane, i)][f.sum().column(lane, i)];
                    for (int k = 0; k < f.k(); k++) want = Math.fma(a[f.sum().row(lane, i)][k], b[k][f.sum().column(lane, i)], want);
                    assertEquals(want, Double.longBitsToDouble(wides[32 * s.d()[i] + lane]));
                }
            }
        }
    }

    @Test void alignedAccumulationCutsWhatFallsBelow() {
        float[] one = {1, 1, 1, 1};
        // 2^24 and three times 0.75: exact 16777218.25; on the grid of the last place (1 extra bit: 1.0) the small ones vanish.
        float[] x = {0x1p24f, 0.75f, 0.75f, 0.75f};
        assertEquals(0x1p24, new Accumulation.Aligned(4, 1).dot(0, x, 0, one, 0, 4));
        assertEquals(0x1p24 + 2, new Accumulation.Aligned(4, 3).dot(0, x, 0, one, 0, 4), "2^24 + 3 * 0.75 = 2^24 + 2.25, cut to an even number");
        assertEquals(0x1p24 + 2.25, Accumulation.EXACT.dot(0, x, 0, one, 0, 4));
        // Cut toward zero on both sides; blocks are rounded one after the other.
        float[] y = {-0x1p24f, -3.75f, 0, 0};
        assertEquals(-0x1p24 - 2, new Accumulation.Aligned(4, 2).dot(0, y, 0, one, 0, 4));
        assertEquals(Double.NaN, new Accumulation.Aligned(4, 2).dot(Double.NaN, y, 0, one, 0, 4));
        assertEquals(Double.NEGATIVE_INFINITY, new Accumulation.Aligned(1, 2).dot(Double.NEGATIVE_INFINITY, y, 0, one, 0, 4));
        assertEquals(7.5, Accumulation.HOPPER.dot(1, new float[] {1, 2, 3, 0.5f}, 0, one, 0, 4));
        assertThrows(IllegalArgumentException.class, () -> new Accumulation.Aligned(0, 1));
    }

    @Test void alignedAccumulationIsCloseToTheExactOne() {
        MmaForm f = FragmentTest.form(16, 16, Element.F32, Element.F16);
        Slots s = Slots.of(f);
        Random random = new Random(21);
        int[] words = new int[32 * s.count()];
        for (int slot = 0; slot < s.count(); slot++) {
            for (int lane = 0; lane < 32; lane++) {
                words[32 * slot + lane] = slot >= s.c()[0] ? Float.floatToRawIntBits((float) random.nextGaussian())
                        : TensorInputs.code(Element.F16, random.nextGaussian()) << 16 | TensorInputs.code(Element.F16, random.nextGaussian());
            }
        }
        int[] aligned = words.clone();
        new MmaUnit(f, Accumulation.EXACT, false).run(words, s.d(), s.a(), s.b(), s.c());
        new MmaUnit(f, Accumulation.AMPERE, false).run(aligned, s.d(), s.a(), s.b(), s.c());
        int differ = 0;
        for (int i = 0; i < 128; i++) {
            assertEquals(Float.intBitsToFloat(words[i]), Float.intBitsToFloat(aligned[i]), 4e-6f);
            if (words[i] != aligned[i]) differ++;
        }
        assertEquals(true, differ > 20, "truncation shows in " + differ + " of 128");
    }

    @Test void wrongOperandsAreNamed() {
        MmaForm f = FragmentTest.form(16, 16, Element.F32, Element.F16);
        Slots s = Slots.of(f);
        MmaUnit unit = new MmaUnit(f, Accumulation.EXACT, false);
        var e = assertThrows(IllegalArgumentException.class, () -> unit.run(new int[32 * s.count()], s.d(), s.b(), s.b(), s.c()));
        assertEquals(true, e.getMessage().contains("operand a found 2 registers, wanted 4"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new MmaUnit(f, Accumulation.EXACT, true));
    }
}
