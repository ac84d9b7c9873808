package lucid.kernels.ptx.async.region;

import java.util.Set;
import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.text.syntax.PtxType;

/// The element-wise operation of `cp.reduce.async.bulk`: `target = target op source`.
///
/// @param op `add`, `min`, `max`, `inc`, `dec`, `and`, `or` or `xor`
/// @param type of the elements
public record Reduction(String op, PtxType type) {
    public static final Set<String> OPS = Set.of("add", "min", "max", "inc", "dec", "and", "or", "xor");

    /// True when the PTX ISA knows this operation on this type.
    public boolean legal() {
        return switch (op) {
            case "and", "or", "xor" -> type == PtxType.B32 || type == PtxType.B64;
            case "inc", "dec" -> type == PtxType.U32;
            case "add" -> Set.of(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.F16, PtxType.BF16, PtxType.F32, PtxType.F64).contains(type);
            case "min", "max" -> Set.of(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64, PtxType.F16, PtxType.BF16).contains(type);
            default -> false;
        };
    }

    /// One element: raw bits in the low end, what is above them is ignored and undefined in the result.
    long combine(long a, long b) {
        return switch (type) {
            case F16 -> Formats.f32ToF16Rn(floats(Formats.f16ToF32((int) a), Formats.f16ToF32((int) b)));
            case BF16 -> Formats.f32ToBf16Rn(floats(Formats.bf16ToF32((int) a), Formats.bf16ToF32((int) b)));
            case F32 -> Float.floatToRawIntBits(floats(Float.intBitsToFloat((int) a), Float.intBitsToFloat((int) b)));
            case F64 -> Double.doubleToRawLongBits(Double.longBitsToDouble(a) + Double.longBitsToDouble(b));
            case U32 -> integers(a & 0xffffffffL, b & 0xffffffffL);
            case S32 -> integers((int) a, (int) b);
            default -> integers(a, b);
        };
    }

    /// The exact sum of two f16 or bf16 values may need more than 24 bits, but rounding it to f32 first is harmless: 24 >= 2 * 11 + 2.
    private float floats(float a, float b) {
        return switch (op) {
            case "add" -> a + b;
            case "min" -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b);
            default -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b);
        };
    }

    private long integers(long a, long b) {
        boolean unsigned = type == PtxType.U64;
        return switch (op) {
            case "add" -> a + b;
            case "min" -> unsigned ? Long.compareUnsigned(a, b) < 0 ? a : b : Math.min(a, b);
            case "max" -> unsigned ? Long.compareUnsigned(a, b) > 0 ? a : b : Math.max(a, b);
            case "inc" -> a >= b ? 0 : a + 1;
            case "dec" -> a == 0 || a > b ? b : a - 1;
            case "and" -> a & b;
            case "or" -> a | b;
            default -> a ^ b;
        };
    }
}
