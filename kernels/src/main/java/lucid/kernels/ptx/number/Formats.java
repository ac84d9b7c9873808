package lucid.kernels.ptx.number;

/// Fast forms of the conversions that kernels use all the time. Codes of 16 bits and less are right-aligned ints with upper bits 0; a tf32 number is
/// the whole f32 register. NaN becomes PTX's canonical NaN (0x7fff, 0x7fffffff, 0x7f). Every function agrees with [SmallFloat] on every input: a test
/// holds that.
///
/// Pairs follow `cvt.rn.bf16x2.f32 d, a, b`: **the first operand goes to the upper half**.
public final class Formats {
    /// The f32 NaN that PTX arithmetic returns.
    public static final int NAN_F32 = 0x7fffffff;
    private static final int NAN_16 = 0x7fff;
    private static final float[] E4M3 = table(SmallFloat.E4M3);
    private static final float[] E5M2 = table(SmallFloat.E5M2);

    private Formats() {}

    private static float[] table(SmallFloat format) {
        float[] values = new float[256];
        for (int code = 0; code < 256; code++) values[code] = format.decode(code);
        return values;
    }

    /// `cvt.rn.bf16.f32`.
    public static int f32ToBf16Rn(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (x != x) return NAN_16;
        // Half a unit less one, and one more when the kept part is odd: ties go to even, and a carry into the exponent is right as well.
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }

    /// `cvt.rz.bf16.f32`.
    public static int f32ToBf16Rz(float x) { return x != x ? NAN_16 : Float.floatToRawIntBits(x) >>> 16; }

    /// `cvt.{rn,rz}{.relu}{.satfinite}.bf16.f32` and from f64, in any rounding.
    public static int toBf16(double x, Rounding rounding, boolean satfinite, boolean relu) {
        return SmallFloat.BF16.encode(x, rounding, satfinite, relu);
    }

    /// `cvt.rn.bf16x2.f32 d, hi, lo`.
    public static int f32ToBf16x2Rn(float hi, float lo) { return f32ToBf16Rn(hi) << 16 | f32ToBf16Rn(lo); }

    /// `cvt.rz.bf16x2.f32 d, hi, lo`.
    public static int f32ToBf16x2Rz(float hi, float lo) { return f32ToBf16Rz(hi) << 16 | f32ToBf16Rz(lo); }

    /// The value of the bf16 number in the low half of `code` (what is above it is ignored).
    public static float bf16ToF32(int code) { return Float.intBitsToFloat(code << 16); }

    /// `cvt.rn.f16.f32`.
    public static int f32ToF16Rn(float x) { return x != x ? NAN_16 : Float.floatToFloat16(x) & 0xffff; }

    /// `cvt.rn.f16.f64`, in one rounding: f32 serves as an odd-rounded step in between, which f16 with its 13 bits less cannot notice
    /// (Boldo & Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
    public static int f64ToF16Rn(double x) {
        float near = (float) x;
        int bits = Float.floatToRawIntBits(near);
        if (near != x && (bits & 1) == 0 && x == x && !Float.isInfinite(near)) {
            // Of the two floats around x take the odd one.
            bits += Math.abs(x) > Math.abs(near) ? 1 : -1;
        }
        return f32ToF16Rn(Float.intBitsToFloat(bits));
    }

    /// `cvt.rz.f32.f64`.
    public static float f64ToF32Rz(double x) {
        float near = (float) x;
        return Math.abs(near) > Math.abs(x) ? Float.intBitsToFloat(Float.floatToRawIntBits(near) - 1) : near;
    }

    /// `cvt.rz.f16.f32`.
    public static int f32ToF16Rz(float x) { return SmallFloat.F16.encode(x, Rounding.ZERO); }

    /// `cvt.{rn,rz,rm,rp}{.relu}{.satfinite}.f16.{f32,f64}`.
    public static int toF16(double x, Rounding rounding, boolean satfinite, boolean relu) {
        return SmallFloat.F16.encode(x, rounding, satfinite, relu);
    }

    /// `cvt.rn.f16x2.f32 d, hi, lo`.
    public static int f32ToF16x2Rn(float hi, float lo) { return f32ToF16Rn(hi) << 16 | f32ToF16Rn(lo); }

    /// `cvt.rz.f16x2.f32 d, hi, lo`.
    public static int f32ToF16x2Rz(float hi, float lo) { return f32ToF16Rz(hi) << 16 | f32ToF16Rz(lo); }

    /// The value of the f16 number in the low half of `code` (what is above it is ignored).
    public static float f16ToF32(int code) { return Float.float16ToFloat((short) code); }

    /// `cvt.rna.tf32.f32`: half away from zero on 10 fraction bits; the register's lower 13 bits are 0 (of NaN: 1).
    public static int f32ToTf32Rna(float x) {
        if (x != x) return NAN_F32;
        int bits = Float.floatToRawIntBits(x);
        return (bits & 0x7f800000) == 0x7f800000 ? bits : bits + 0x1000 & 0xffffe000;
    }

    /// `cvt.{rn,rz,rna}{.relu}{.satfinite}.tf32.f32`.
    public static int toTf32(float x, Rounding rounding, boolean satfinite, boolean relu) {
        return x != x ? NAN_F32 : SmallFloat.TF32.encode(x, rounding, satfinite, relu) << 13;
    }

    /// What a tensor core reads of an f32 register as tf32: the lower 13 bits are not looked at. A NaN whose set bits are all down there stays a NaN:
    /// assumed, since nothing is published about it.
    public static float tf32ToF32(int register) {
        float x = Float.intBitsToFloat(register);
        return x != x ? x : Float.intBitsToFloat(register & 0xffffe000);
    }

    /// `cvt.rn.satfinite{.relu}.e4m3x2.{f32,f16x2}`, one half.
    public static int toE4m3(double x, boolean relu) { return SmallFloat.E4M3.encode(x, Rounding.NEAREST_EVEN, true, relu); }

    /// `cvt.rn.satfinite{.relu}.e5m2x2.{f32,f16x2}`, one half.
    public static int toE5m2(double x, boolean relu) { return SmallFloat.E5M2.encode(x, Rounding.NEAREST_EVEN, true, relu); }

    /// `cvt.rn.satfinite{.relu}.e4m3x2.f32 d, hi, lo`: a 16-bit register.
    public static int toE4m3x2(double hi, double lo, boolean relu) { return toE4m3(hi, relu) << 8 | toE4m3(lo, relu); }

    /// `cvt.rn.satfinite{.relu}.e5m2x2.f32 d, hi, lo`: a 16-bit register.
    public static int toE5m2x2(double hi, double lo, boolean relu) { return toE5m2(hi, relu) << 8 | toE5m2(lo, relu); }

    /// The value of the e4m3 number in the low byte.
    public static float e4m3ToF32(int code) { return E4M3[code & 0xff]; }

    /// The value of the e5m2 number in the low byte.
    public static float e5m2ToF32(int code) { return E5M2[code & 0xff]; }

    /// `cvt.rn{.relu}.f16x2.e4m3x2`: exact.
    public static int e4m3x2ToF16x2(int pair, boolean relu) { return f16x2(e4m3ToF32(pair >>> 8), e4m3ToF32(pair), relu); }

    /// `cvt.rn{.relu}.f16x2.e5m2x2`: exact.
    public static int e5m2x2ToF16x2(int pair, boolean relu) { return f16x2(e5m2ToF32(pair >>> 8), e5m2ToF32(pair), relu); }

    private static int f16x2(float hi, float lo, boolean relu) {
        return toF16(hi, Rounding.NEAREST_EVEN, false, relu) << 16 | toF16(lo, Rounding.NEAREST_EVEN, false, relu);
    }
}
