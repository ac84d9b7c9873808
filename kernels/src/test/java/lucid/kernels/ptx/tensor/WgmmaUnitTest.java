package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.SharedView;
import lucid.kernels.ptx.tensor.form.Swizzle;
import lucid.kernels.ptx.tensor.form.WgmmaForm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// `wgmma` against plain loops: the vector path bit by bit, and both against matrices laid out by hand.
class WgmmaUnitTest {
    private static final int BASE = 0x400;

    static Stream<WgmmaForm> forms() {
        List<WgmmaForm> forms = new ArrayList<>();
        for (int n : new int[] {8, 24, 64}) {
            forms.add(new WgmmaForm(n, 16, Element.F32, Element.BF16, Element.BF16));
            forms.add(new WgmmaForm(n, 16, Element.F32, Element.F16, Element.F16));
            forms.add(new WgmmaForm(n, 16, Element.F16, Element.F16, Element.F16));
            forms.add(new WgmmaForm(n, 8, Element.F32, Element.TF32, Element.TF32));
            forms.add(new WgmmaForm(n, 32, Element.F32, Element.E4M3, Element.E5M2));
            forms.add(new WgmmaForm(n, 32, Element.F16, Element.E5M2, Element.E4M3));
            forms.add(new WgmmaForm(n, 32, Element.S32, Element.S8, Element.U8));
            forms.add(new WgmmaForm(n, 32, Element.S32, Element.U8, Element.S8));
        }
        forms.add(new WgmmaForm(256, 16, Element.F32, Element.BF16, Element.BF16));
        return forms.stream();
    }

    private static MatrixDescriptor descriptor(int start, Swizzle swizzle, boolean mnMajor, int depth) {
        int pattern = Math.max(swizzle.pattern(), 128);
        // MN-major: leading from one block of columns to the next (all its rows of k), stride from 8 rows of k to the next 8.
        if (mnMajor)
            return new MatrixDescriptor(start, swizzle == Swizzle.NONE ? 128 : pattern * depth / 8, swizzle == Swizzle.NONE ? 256 : pattern, swizzle);
        return new MatrixDescriptor(start, 128, swizzle == Swizzle.NONE ? 256 : pattern, swizzle);
    }

    private static SharedView memory(Random random, Element type, int kind) {
        int[] words = TensorInputs.words(random, 600, type, kind);
        byte[] bytes = new byte[4 * words.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (words[i >> 2] >>> 8 * (i & 3));
        return new SharedView(bytes, BASE);
    }

    private static int[][] copy(int[][] files) { return Stream.of(files).map(int[]::clone).toArray(int[][]::new); }

    @ParameterizedTest
    @MethodSource("forms")
    void vectorsHaveTheBitsOfThePlainLoop(WgmmaForm f) {
        Random random = new Random(17);
        int registers = f.sum().registers();
        int[] d = MmaUnitTest.slots(4, registers);
        int[] a = {3, 1, 0, 2};
        for (int round = 0; round < 12; round++) {
            boolean wide = f.a().bits() == 16;
            boolean fp = !f.a().integer();
            WgmmaUnit.Options options = new WgmmaUnit.Options(fp && round % 2 == 1, fp && round % 3 == 1, wide && round % 4 == 2,
                    wide && round % 4 >= 2,
                    !fp && round % 2 == 1);
            WgmmaUnit unit = new WgmmaUnit(f, options, Accumulation.EXACT);
            Swizzle swizzle = Swizzle.values()[round % 4];
            SharedView shared = memory(random, f.a(), round);
            MatrixDescriptor x = descriptor(0x800, swizzle, options.transA(), f.k());
            MatrixDescriptor y = descriptor(0x800 + 0x3000, swizzle, options.transB(), f.k());
            int[][] files = new int[4][];
            for (int w = 0; w < 4; w++) files[w] = TensorInputs.words(random, registers + 4, f.a(), round);
            int[][] plain = copy(files);
            boolean scaleD = round % 5 != 0;
            unit.run(files, d, x, y, shared, scaleD);
            unit.runPlain(plain, d, x, y, shared, scaleD);
            assertArrayEquals(plain, files, f + " " + options + " " + swizzle + " round " + round);
            if (options.transA()) continue;
            unit.run(files, d, a, y, shared, scaleD);
            unit.runPlain(plain, d, a, y, shared, scaleD);
            assertArrayEquals(plain, files, f + " " + options + " A in registers, round " + round);
        }
    }

    /// The matrices of small integers are written by hand in the 128-byte swizzle; D is compared element by element at the registers of the ISA.
    @Test void aProductIsTheProduct() {
        int n = 96;
        byte[] bytes = new byte[60_000];
        int[][] a = new int[64][16];
        int[][] b = new int[16][n];
        Random random = new Random(8);
        for (int m = 0; m < 64; m++) {
            for (int k = 0; k < 16; k++) put(bytes, 0x800 + m * 128 + k * 2, a[m][k] = random.nextInt(-9, 10));
        }
        for (int c = 0; c < n; c++) {
            for (int k = 0; k < 16; k++) put(bytes, 0x4000 + c * 128 + k * 2, b[k][c] = random.nextInt(-9, 10));
        }
        SharedView shared = new SharedView(bytes, BASE);
        WgmmaUnit unit = new WgmmaUnit(new WgmmaForm(n, 16, Element.F32, Element.BF16, Element.BF16),
                new WgmmaUnit.Options(true, false, false, false, false),
                Accumulation.EXACT);
        int[][] files = new int[4][32 * n / 2];
        for (int[] file : files) Arrays.fill(file, Float.floatToRawIntBits(3));
        unit.run(files, MmaUnitTest.slots(0, n / 2), new MatrixDescriptor(0x800, 16, 1024, Swizzle.BYTES_128),
                new MatrixDescriptor(0x4000, 16, 1024, Swizzle.BYTES_128),
                shared, true);
        for (int thread = 0; thread < 128; thread++) {
            for (int i = 0; i < n / 2; i++) {
                int m = 16 * (thread / 32) + thread % 32 / 4 + (i % 4 < 2 ? 0 : 8);
                int c = i / 4 * 8 + 2 * (thread % 4) + i % 2;
                int want = 3;
                for (int k = 0; k < 16; k++) want -= a[m][k] * b[k][c];
                assertEquals(want, Float.intBitsToFloat(files[thread / 32][32 * i + thread % 32]), "thread " + thread + " d" + i);
            }
        }
    }

    private static void put(byte[] bytes, int logical, int value) {
        int at = (logical ^ (logical >> 7 & 7) << 4) - BASE;
        int bits = Float.floatToRawIntBits(value) >>> 16;
        bytes[at] = (byte) bits;
        bytes[at + 1] = (byte) (bits >> 8);
    }

    @Test void tf32FactorsLoseTheirLowBits() {
        byte[] bytes = new byte[8192];
        SharedView shared = new SharedView(bytes, 0);
        for (int i = 0; i < 8192; i += 4) {
            int one = 0x3f801fff;
            for (int j = 0; j < 4; j++) bytes[i + j] = (byte) (one >>> 8 * j);
        }
        int[][] files = new int[4][32 * 4];
        MatrixDescriptor x = new MatrixDescriptor(0, 128, 256, Swizzle.NONE);
        new WgmmaUnit(new WgmmaForm(8, 8, Element.F32, Element.TF32, Element.TF32), WgmmaUnit.Options.PLAIN, Accumulation.EXACT)
                .run(files, MmaUnitTest.slots(0, 4), x, x, shared, false);
        for (int[] file : files) {
            for (int word : file) assertEquals(8f, Float.intBitsToFloat(word));
        }
    }

    @Test void formsAndOperandsAreChecked() {
        refused("found n100", () -> new WgmmaForm(100, 16, Element.F32, Element.F16, Element.F16));
        refused("of 16 above 32", () -> new WgmmaForm(40, 32, Element.S32, Element.S8, Element.S8));
        refused("wanted k32", () -> new WgmmaForm(64, 16, Element.F32, Element.E4M3, Element.E4M3));
        refused("no .bf16 by .bf16 into .f16", () -> new WgmmaForm(64, 16, Element.F16, Element.BF16, Element.BF16));
        WgmmaForm tf32 = new WgmmaForm(8, 8, Element.F32, Element.TF32, Element.TF32);
        refused("only 16-bit", () -> new WgmmaUnit(tf32, new WgmmaUnit.Options(false, false, false, true, false), Accumulation.EXACT));
        refused(".satfinite", () -> new WgmmaUnit(tf32, new WgmmaUnit.Options(false, false, false, false, true), Accumulation.EXACT));
        WgmmaUnit unit = new WgmmaUnit(tf32, WgmmaUnit.Options.PLAIN, Accumulation.EXACT);
        MatrixDescriptor x = new MatrixDescriptor(0x400, 128, 256, Swizzle.NONE);
        SharedView small = new SharedView(new byte[1024], BASE);
        refused("wgmma, factor A: found shared address 0x800", () -> unit.run(new int[4][128], MmaUnitTest.slots(0, 4), x, x, small, true));
        refused("wgmma, factor A: found shared address 0x800", () -> unit.runPlain(new int[4][128], MmaUnitTest.slots(0, 4), x, x, small, true));
        refused("operand d found 3 registers, wanted 4", () -> unit.run(new int[4][128], MmaUnitTest.slots(0, 3), x, x, small, true));
        refused("operand a found 3 registers", () -> unit.run(new int[4][128], MmaUnitTest.slots(0, 4), MmaUnitTest.slots(0, 3), x, small, true));
    }

    private static void refused(String part, Executable e) {
        String message = assertThrows(IllegalArgumentException.class, e).getMessage();
        assertTrue(message.contains(part), message);
    }
}
