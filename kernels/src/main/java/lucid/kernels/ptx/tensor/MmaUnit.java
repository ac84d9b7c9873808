package lucid.kernels.ptx.tensor;

import java.util.Arrays;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MmaForm;

/// `mma.sync`: D = A B + C on the registers of one warp. Immutable; made once per decoded instruction, used by any thread.
///
/// Register files are structures of arrays: lane l of slot s is `words[32 s + l]`. The slots of D may be those of C, of A or of B: everything is read
/// before anything is written. What the sum is, exactly, says [Accumulation]. Integer sums wrap, or stop at the ends of s32 with `.satfinite`.
public final class MmaUnit {
    private final MmaForm form;
    private final Accumulation accumulation;
    private final boolean saturate;
    private final Fragment left;
    private final Fragment right;
    private final Fragment sum;

    /// @param accumulation of floating-point forms with 32-bit or 16-bit accumulators; integer and f64 forms have only one answer
    /// @param saturate `.satfinite` (integer forms)
    public MmaUnit(MmaForm form, Accumulation accumulation, boolean saturate) {
        if (saturate && form.d() != Element.S32)
            throw new IllegalArgumentException("mma: .satfinite with accumulators of ." + form.d().text() + ", wanted s32");
        this.form = form;
        this.accumulation = accumulation;
        this.saturate = saturate;
        this.left = form.left();
        this.right = form.right();
        this.sum = form.sum();
    }

    public MmaForm form() { return form; }

    /// The fastest path that has the bits of [#runPlain].
    public void run(int[] words, int[] d, int[] a, int[] b, int[] c) {
        if (DotTiles.FAST && accumulation == Accumulation.EXACT && form.d() != Element.F64) runVector(words, d, a, b, c);
        else runPlain(words, d, a, b, c);
    }

    /// Matrices gathered element by element, one dot product each.
    public void runPlain(int[] words, int[] d, int[] a, int[] b, int[] c) {
        check(d, a, b, c);
        int[][] files = {words};
        float[] x = PlainTensor.gather(left, form.a(), true, files, a);
        float[] y = PlainTensor.gather(right, form.b(), false, files, b);
        PlainTensor.multiply(sum, form.d(), accumulation, saturate, x, y, form.k(), files, d, c);
    }

    private void runVector(int[] words, int[] d, int[] a, int[] b, int[] c) {
        check(d, a, b, c);
        int k = form.k();
        int depth = k / form.a().perWord();
        int halves = form.m() / 8;
        Scratch s = Scratch.of(form.m(), 8, k, depth);
        Registers.stage(words, a, halves, false, s.stage, form.m(), 0);
        Panels.expand(form.a(), s.stage, form.m(), depth, s.a);
        Registers.stage(words, b, 1, true, s.stage, 8, 0);
        Panels.expand(form.b(), s.stage, 8, depth, s.b);
        if (DotTiles.WHOLE_ROWS && form.d() == Element.F32 && Arrays.equals(c, d)) {
            for (int half = 0; half < halves; half++)
                DotTiles.registers(s.a, Panels.at(8 * half, k), s.b, 0, k, words, 32 * c[2 * half], 32 * c[2 * half + 1]);
            return;
        }
        // D may be C in another order: all is read before anything is written.
        for (int half = 0; half < halves; half++) {
            Registers.read(form.d(), words, c, 2 * half, s.acc, 64 * half);
            DotTiles.multiply(s.a, Panels.at(8 * half, k), s.b, 0, k, s.acc, 64 * half);
        }
        for (int half = 0; half < halves; half++) Registers.write(form.d(), saturate, s.acc, 64 * half, words, d, 2 * half);
    }

    /// The f64 forms: one chain `fma(a_k, b_k, acc)` from c in ascending k, rounded at every step as `fma.rn.f64` is; the order is our assumption.
    ///
    /// @param wides lane l of slot s is `wides[32 s + l]`, raw bits
    public void runF64(long[] wides, int[] d, int[] a, int[] b, int[] c) {
        if (form.d() != Element.F64)
            throw new IllegalArgumentException("mma: found ." + form.d().text() + " accumulators in 64-bit registers, wanted f64");
        check(d, a, b, c);
        double[] x = new double[form.m() * form.k()];
        double[] y = new double[form.k() * 8];
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < a.length; i++)
                x[left.row(lane, i) * form.k() + left.column(lane, i)] = Double.longBitsToDouble(wides[32 * a[i] + lane]);
            for (int i = 0; i < b.length; i++) y[right.row(lane, i) * 8 + right.column(lane, i)] = Double.longBitsToDouble(wides[32 * b[i] + lane]);
        }
        // An element of D needs of C only itself, so D may overwrite C slot by slot; A and B are in x and y already.
        long[] out = new long[32 * d.length];
        for (int i = 0; i < d.length; i++) {
            for (int lane = 0; lane < 32; lane++) {
                double acc = Double.longBitsToDouble(wides[32 * c[i] + lane]);
                for (int k = 0; k < form.k(); k++) {
                    acc = Math.fma(x[sum.row(lane, i) * form.k() + k], y[k * 8 + sum.column(lane, i)], acc);
                }
                out[32 * i + lane] = Double.doubleToRawLongBits(acc);
            }
        }
        for (int i = 0; i < d.length; i++) System.arraycopy(out, 32 * i, wides, 32 * d[i], 32);
    }

    private void check(int[] d, int[] a, int[] b, int[] c) {
        check("d", d, form.m() * 8 / 32, form.d());
        check("a", a, form.m() * form.k() / 32, form.a());
        check("b", b, form.k() * 8 / 32, form.b());
        check("c", c, form.m() * 8 / 32, form.d());
    }

    private void check(String name, int[] slots, int elements, Element type) {
        int wanted = type == Element.F64 ? elements : elements / type.perWord();
        if (slots.length != wanted) {
            throw new IllegalArgumentException("mma " + form + ": operand " + name + " found " + slots.length + " registers, wanted " + wanted);
        }
    }
}
