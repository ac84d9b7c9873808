package lucid.kernels.ptx.tensor;

import java.util.Arrays;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.SharedView;
import lucid.kernels.ptx.tensor.form.WgmmaForm;

/// `wgmma.mma_async`: D = ±A ±B (+ D) of a warpgroup, once all four warps have issued it. Immutable; made once per decoded instruction, used by any
/// thread.
///
/// When the factors are read and D is written (at issue, at the wait, in between) is the caller's choice; this is the arithmetic alone. Register
/// files are those of the four warps, lane l of slot s at `files[warp][32 s + l]`. What the sum is, exactly, says [Accumulation]; tf32 factors lose
/// their low 13 bits.
public final class WgmmaUnit {
    /// Columns of B that are taken from shared memory at a time: their copies stay in the first-level cache until they have been spread out.
    private static final int COLUMNS = 32;
    private final WgmmaForm form;
    private final Options options;
    private final Accumulation accumulation;
    private final Fragment sum;
    private final Fragment left;

    /// The immediate operands of the instruction.
    ///
    /// @param negateA imm-scale-a is -1
    /// @param negateB imm-scale-b is -1
    /// @param transA A is MN-major in shared memory (16-bit types)
    /// @param transB B is MN-major (16-bit types)
    /// @param saturate `.satfinite` (integer forms)
    public record Options(boolean negateA, boolean negateB, boolean transA, boolean transB, boolean saturate) {
        /// Both factors K-major, neither negated.
        public static final Options PLAIN = new Options(false, false, false, false, false);
    }

    /// @throws IllegalArgumentException if an option does not exist for the type
    public WgmmaUnit(WgmmaForm form, Options options, Accumulation accumulation) {
        if ((options.transA || options.transB) && form.a().bits() != 16) {
            throw new IllegalArgumentException("wgmma: a transposed factor of ." + form.a().text() + "; only 16-bit types may be MN-major");
        }
        if (options.saturate && !form.a().integer()) {
            throw new IllegalArgumentException("wgmma: .satfinite with ." + form.a().text() + ", wanted s8 or u8");
        }
        if ((options.negateA || options.negateB) && form.a().integer()) {
            throw new IllegalArgumentException("wgmma: imm-scale with ." + form.a().text() + "; integer forms have no scale operands");
        }
        this.form = form;
        this.options = options;
        this.accumulation = accumulation;
        this.sum = form.sum();
        this.left = form.left();
    }

    public WgmmaForm form() { return form; }

    /// A is MN-major in shared memory.
    public boolean transA() { return options.transA; }

    /// Shared addresses of the 16-byte pieces that factor A reads.
    public int[] piecesA(MatrixDescriptor a) { return a.pieces(64, options.transA, form.a()); }

    /// Shared addresses of the 16-byte pieces that factor B reads.
    public int[] piecesB(MatrixDescriptor b) { return b.pieces(form.n(), options.transB, form.b()); }

    /// A and B from shared memory.
    ///
    /// @param d slots of the accumulators, the same in all warps
    /// @param scaleD false: D = A B, and what D held is not read
    public void run(int[][] files, int[] d, MatrixDescriptor a, MatrixDescriptor b, SharedView shared, boolean scaleD) {
        if (!fast()) {
            runPlain(files, d, a, b, shared, scaleD);
            return;
        }
        check(files, d);
        Scratch s = scratch();
        SharedTiles.stage(shared, a, true, 64, options.transA, form.a(), s);
        multiply(files, d, b, shared, scaleD, s);
    }

    /// A from registers, B from shared memory.
    ///
    /// @param a slots of A's registers, the same in all warps
    public void run(int[][] files, int[] d, int[] a, MatrixDescriptor b, SharedView shared, boolean scaleD) {
        if (!fast()) {
            runPlain(files, d, a, b, shared, scaleD);
            return;
        }
        check(files, d);
        checkA(a);
        Scratch s = scratch();
        for (int warp = 0; warp < 4; warp++) Registers.stage(files[warp], a, 2, false, s.stage, 64, 16 * warp);
        multiply(files, d, b, shared, scaleD, s);
    }

    /// [#run] by the textbook: the twin that tests compare with.
    public void runPlain(int[][] files, int[] d, MatrixDescriptor a, MatrixDescriptor b, SharedView shared, boolean scaleD) {
        check(files, d);
        plain(files, d, SharedTiles.gather(shared, a, true, 64, form.k(), options.transA, form.a()), b, shared, scaleD);
    }

    /// [#run] with A in registers by the textbook.
    public void runPlain(int[][] files, int[] d, int[] a, MatrixDescriptor b, SharedView shared, boolean scaleD) {
        check(files, d);
        checkA(a);
        plain(files, d, PlainTensor.gather(left, form.a(), true, files, a), b, shared, scaleD);
    }

    private boolean fast() { return DotTiles.FAST && accumulation == Accumulation.EXACT; }

    /// The two signs are one: a product does not tell whose it was.
    private boolean negate() { return options.negateA != options.negateB; }

    private static void negate(float[] x, int n) {
        for (int i = 0; i < n; i++) x[i] = -x[i];
    }

    private boolean pairs() { return DotTiles.WHOLE_ROWS && form.d() == Element.F32; }

    private Scratch scratch() {
        return pairs() ? Scratch.forPairs(Math.max(64, form.n()), form.k(), SharedTiles.WORDS)
                : Scratch.of(64, form.n(), form.k(), SharedTiles.WORDS);
    }

    /// A's words are staged. A panel of B stays in the first-level cache while A passes by.
    private void multiply(int[][] files, int[] d, MatrixDescriptor b, SharedView shared, boolean scaleD, Scratch s) {
        if (negate()) Panels.negate(form.a(), s.stage, 64 * SharedTiles.WORDS);
        if (pairs()) {
            multiplyPairs(files, d, b, shared, scaleD, s);
            return;
        }
        Panels.expand(form.a(), s.stage, 64, SharedTiles.WORDS, s.a);
        SharedTiles.stage(shared, b, false, form.n(), options.transB, form.b(), s);
        Panels.expand(form.b(), s.stage, form.n(), SharedTiles.WORDS, s.b);
        int tiles = form.n() / 8;
        for (int tile = 0; tile < tiles; tile += 2) {
            int count = Math.min(2, tiles - tile);
            for (int m = 0; m < 64; m += 8) block(files[m >> 4], d, m, tile, count, scaleD, s);
        }
    }

    private void multiplyPairs(int[][] files, int[] d, MatrixDescriptor b, SharedView shared, boolean scaleD, Scratch s) {
        int k = form.k();
        if (form.a() == Element.BF16) {
            RowPairs.spreadLeftWords(s.stage, SharedTiles.WORDS, s.pairsA);
        } else {
            FloatRows.widen(form.a(), s.stage, SharedTiles.WORDS, 64, s.floats);
            RowPairs.spreadLeft(s.floats, k, s.pairsA);
        }
        SharedTiles.check(shared, b, form.n(), options.transB, form.b(), s);
        if (!scaleD) clear(files, d);
        for (int n = 0; n < form.n(); n += 16) {
            if (n % COLUMNS == 0) columns(shared, b, n, s);
            int count = Math.min(COLUMNS, form.n() - n / COLUMNS * COLUMNS);
            boolean whole = n + 8 < form.n();
            int at = n % COLUMNS;
            if (form.b() == Element.BF16) {
                RowPairs.spreadRightWords(s.stage, SharedTiles.WORDS, count, at, s.pairB, 0);
                if (whole) RowPairs.spreadRightWords(s.stage, SharedTiles.WORDS, count, at + 8, s.pairB, 128);
            } else {
                RowPairs.spreadRight(s.floats, count, at, whole ? at + 8 : at, k, s.pairB);
            }
            for (int m = 0; m < 64; m += 8) {
                int[] words = files[m >> 4];
                int first = n / 2 + (m >> 2 & 2);
                RowPairs.multiply(s.pairsA, RowPairs.left(m, k), s.pairB, k, words, 32 * d[first], 32 * d[first + 1],
                        whole ? words : s.nowhere, whole ? 32 * d[first + 4] : 0, whole ? 32 * d[first + 5] : 32);
            }
        }
    }

    private void columns(SharedView shared, MatrixDescriptor b, int from, Scratch s) {
        int count = Math.min(COLUMNS, form.n() - from);
        SharedTiles.stage(shared, b, false, from, count, options.transB, form.b(), s);
        if (form.b() != Element.BF16) FloatRows.widen(form.b(), s.stage, SharedTiles.WORDS, count, s.floats);
    }

    private static void clear(int[][] files, int[] d) {
        for (int[] words : files) {
            for (int slot : d) Arrays.fill(words, 32 * slot, 32 * slot + 32, 0);
        }
    }

    private void block(int[] words, int[] d, int m, int tile, int count, boolean scaleD, Scratch s) {
        int first = 4 * tile + (m >> 2 & 2);
        read(words, d, first, count, scaleD, s.acc);
        for (int t = 0; t < count; t++) {
            DotTiles.multiply(s.a, Panels.at(m, form.k()), s.b, Panels.at(8 * (tile + t), form.k()), form.k(), s.acc, 64 * t);
            Registers.write(form.d(), options.saturate, s.acc, 64 * t, words, d, first + 4 * t);
        }
    }

    private void read(int[] words, int[] d, int first, int count, boolean scaleD, double[] acc) {
        if (!scaleD) Arrays.fill(acc, 0);
        for (int t = 0; scaleD && t < count; t++) Registers.read(form.d(), words, d, first + 4 * t, acc, 64 * t);
    }

    private void plain(int[][] files, int[] d, float[] x, MatrixDescriptor b, SharedView shared, boolean scaleD) {
        if (negate()) negate(x, x.length);
        float[] y = SharedTiles.gather(shared, b, false, form.n(), form.k(), options.transB, form.b());
        PlainTensor.multiply(sum, form.d(), accumulation, options.saturate, x, y, form.k(), files, d, scaleD ? d : null);
    }

    private void check(int[][] files, int[] d) {
        if (files.length != 4) throw new IllegalArgumentException("wgmma: found the registers of " + files.length + " warps, wanted 4");
        if (d.length != sum.registers()) {
            throw new IllegalArgumentException("wgmma " + form + ": operand d found " + d.length + " registers, wanted " + sum.registers());
        }
    }

    private void checkA(int[] a) {
        if (a.length != 4) throw new IllegalArgumentException("wgmma " + form + ": operand a found " + a.length + " registers, wanted 4");
        if (options.transA) throw new IllegalArgumentException("wgmma: imm-trans-a with A in registers; wanted A in shared memory");
    }
}
