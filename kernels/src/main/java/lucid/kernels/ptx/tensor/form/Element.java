package lucid.kernels.ptx.tensor.form;

import java.util.Locale;
import lucid.kernels.ptx.number.Formats;

/// Types of matrix elements that tensor cores read and write.
public enum Element {
    F16(16), BF16(16), TF32(32), E4M3(8), E5M2(8), S8(8), U8(8), S4(4), U4(4), F32(32), S32(32), F64(64);

    private final int bits;

    Element(int bits) { this.bits = bits; }

    /// Bits of one element where it is stored (tf32 fills an f32 register).
    public int bits() { return bits; }

    /// Bytes of one element in memory; 0 for the 4-bit types.
    public int bytes() { return bits / 8; }

    /// Elements in one 32-bit register, low to high.
    public int perWord() { return 32 / bits; }

    /// Whether it is an integer type.
    public boolean integer() { return this == S8 || this == U8 || this == S4 || this == U4 || this == S32; }

    /// Whether it is one of the two 8-bit floating-point types.
    public boolean fp8() { return this == E4M3 || this == E5M2; }

    /// The spelling in PTX, without the dot.
    public String text() { return name().toLowerCase(Locale.ROOT); }

    /// The exact value of a factor whose bits stand at the low end of `code`; what is above them is ignored.
    ///
    /// @throws IllegalStateException for accumulator types that no f32 holds (s32, f64)
    public float value(int code) {
        return switch (this) {
            case F16 -> Formats.f16ToF32(code);
            case BF16 -> Formats.bf16ToF32(code);
            case TF32 -> Formats.tf32ToF32(code);
            case E4M3 -> Formats.e4m3ToF32(code);
            case E5M2 -> Formats.e5m2ToF32(code);
            case S8 -> (byte) code;
            case U8 -> code & 0xff;
            case S4 -> code << 28 >> 28;
            case U4 -> code & 0xf;
            case F32 -> Float.intBitsToFloat(code);
            case S32, F64 -> throw new IllegalStateException("a factor cannot be ." + text());
        };
    }
}
