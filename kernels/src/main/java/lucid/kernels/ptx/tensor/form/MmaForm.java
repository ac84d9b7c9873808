package lucid.kernels.ptx.tensor.form;

import java.util.List;

/// One form of `mma.sync.aligned.mMnNkK.row.col.D.A.B.C`. All shapes up to Hopper whose factors are at least 4 bits wide, but Volta's m8n8k4 f16
/// (its fragments are spread over quad pairs) and the sparse ones.
///
/// @param m 16 or 8
/// @param n 8
/// @param k columns of A, rows of B
/// @param d type of the result; the accumulator C has the same
public record MmaForm(int m, int n, int k, Element d, Element a, Element b) {
    private static final List<String> KNOWN = List.of(
            "m16n8k8 and m16n8k16 with f16 or bf16 (f16 accumulators for f16 only)", "m16n8k4 and m16n8k8 with tf32",
            "m16n8k16 and m16n8k32 with e4m3, e5m2 (f16 or f32 accumulators)", "m8n8k16, m16n8k16, m16n8k32 with s8, u8",
            "m8n8k32, m16n8k32, m16n8k64 with s4, u4", "m8n8k4, m16n8k4, m16n8k8, m16n8k16 with f64");

    /// @throws IllegalArgumentException if no tensor core up to Hopper has the form
    public MmaForm {
        if (n != 8 || m != 8 && m != 16 || !exists(m, k, d, a, b)) {
            throw new IllegalArgumentException("mma: no m" + m + "n" + n + "k" + k + " of ." + a.text() + " by ." + b.text() + " into ." + d.text()
                    + "; known are " + String.join("; ", KNOWN));
        }
    }

    private static boolean exists(int m, int k, Element d, Element a, Element b) {
        return switch (a) {
            case F16 -> b == a && m == 16 && (k == 8 || k == 16) && (d == Element.F32 || d == Element.F16);
            case BF16 -> b == a && m == 16 && (k == 8 || k == 16) && d == Element.F32;
            case TF32 -> b == a && m == 16 && (k == 4 || k == 8) && d == Element.F32;
            case E4M3, E5M2 -> b.fp8() && m == 16 && (k == 16 || k == 32) && (d == Element.F32 || d == Element.F16);
            case S8, U8 -> (b == Element.S8 || b == Element.U8) && d == Element.S32 && (k == 16 || m == 16 && k == 32);
            case S4, U4 -> (b == Element.S4 || b == Element.U4) && d == Element.S32 && (k == 32 || m == 16 && k == 64);
            case F64 -> b == a && d == a && (k == 4 || m == 16 && (k == 8 || k == 16));
            case F32, S32 -> false;
        };
    }

    /// Layout of the left factor.
    public Fragment left() { return Fragment.a(m, k, a); }

    /// Layout of the right factor.
    public Fragment right() { return Fragment.b(k, b); }

    /// Layout of C and D.
    public Fragment sum() { return Fragment.accumulator(m, d); }
}
