package lucid.kernels.ptx.tensor.form;

/// One form of `wgmma.mma_async.sync.aligned.m64nNkK.D.A.B` (dense; not the 1-bit one). K is always 32 bytes of a factor.
///
/// @param n columns: 8 .. 256 by 8; for integers 8, 16, 24, 32, then by 16
/// @param d type of the accumulator
public record WgmmaForm(int n, int k, Element d, Element a, Element b) {
    /// @throws IllegalArgumentException if Hopper does not have the form
    public WgmmaForm {
        boolean types = switch (a) {
            case F16 -> b == a && (d == Element.F32 || d == Element.F16);
            case BF16, TF32 -> b == a && d == Element.F32;
            case E4M3, E5M2 -> b.fp8() && (d == Element.F32 || d == Element.F16);
            case S8, U8 -> (b == Element.S8 || b == Element.U8) && d == Element.S32;
            default -> false;
        };
        if (!types) {
            throw new IllegalArgumentException("wgmma: no ." + a.text() + " by ." + b.text() + " into ." + d.text()
                    + "; known are f16 into f16 or f32, bf16 and tf32 into f32, e4m3 and e5m2 into f16 or f32, s8 and u8 into s32");
        }
        if (k != 32 / a.bytes())
            throw new IllegalArgumentException("wgmma: found k" + k + " with ." + a.text() + ", wanted k" + 32 / a.bytes() + " (32 bytes)");
        if (n < 8 || n > 256 || n % 8 != 0 || a.integer() && n > 32 && n % 16 != 0) {
            throw new IllegalArgumentException("wgmma: found n" + n + " with ." + a.text() + ", wanted a multiple of 8 from 8 to 256"
                    + (a.integer() ? ", of 16 above 32" : ""));
        }
    }

    /// Layout of D.
    public Fragment sum() { return Fragment.groupAccumulator(n, d); }

    /// Layout of A when it comes from registers.
    public Fragment left() { return Fragment.groupA(k, a); }
}
