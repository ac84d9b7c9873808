package lucid.kernels.ptx.steps.memory;

import static lucid.kernels.ptx.number.Formats.NAN_F32;
import static lucid.kernels.ptx.number.Formats.bf16ToF32;
import static lucid.kernels.ptx.number.Formats.f16ToF32;
import static lucid.kernels.ptx.number.Formats.f32ToBf16Rn;
import static lucid.kernels.ptx.number.Formats.f32ToF16Rn;

import lucid.kernels.ptx.memory.CheckedMemory.Update;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.PtxType;

/// The arithmetic of `atom` and `red` on values as they lie in memory, zero-extended to 64 bits.
final class Updates {
    private Updates() {}

    /// @param global `add.f32` flushes subnormals to zero in global memory and not in shared memory (PTX ISA, "atom")
    static Update of(Form form, String operation, PtxType type, boolean noFlush, boolean global) {
        boolean half = type.bits() == 16 && type.floating() || type == PtxType.F16X2 || type == PtxType.BF16X2;
        if (noFlush != half || half && !operation.equals("add")) {
            throw form.unknown();
        }
        return switch (operation) {
            case "and" -> bits(form, type, (x, a, _) -> x & a);
            case "or" -> bits(form, type, (x, a, _) -> x | a);
            case "xor" -> bits(form, type, (x, a, _) -> x ^ a);
            case "exch" -> bits(form, type, (_, a, _) -> a);
            case "cas" -> compareAndSwap(form, type);
            case "inc" -> only(form, type, PtxType.U32, (x, s, _) -> x >= s ? 0 : x + 1);
            case "dec" -> only(form, type, PtxType.U32, (x, s, _) -> x == 0 || x > s ? s : x - 1);
            case "min" -> extremum(form, type, false);
            case "max" -> extremum(form, type, true);
            default -> add(form, type, global);
        };
    }

    private static Update bits(Form form, PtxType type, Update update) {
        if (type != PtxType.B32 && type != PtxType.B64) {
            throw form.unknown();
        }
        return update;
    }

    private static Update only(Form form, PtxType type, PtxType wanted, Update update) {
        if (type != wanted) {
            throw form.unknown();
        }
        return update;
    }

    private static Update compareAndSwap(Form form, PtxType type) {
        if (type == PtxType.B16) {
            return (x, a, b) -> x == (a & 0xffff) ? b : x;
        }
        return bits(form, type, (x, a, b) -> x == a ? b : x);
    }

    private static Update extremum(Form form, PtxType type, boolean max) {
        return switch (type) {
            case U32 -> max ? (x, a, _) -> Math.max(x, a) : (x, a, _) -> Math.min(x, a);
            case S32 -> max ? (x, a, _) -> Math.max((int) x, (int) a) : (x, a, _) -> Math.min((int) x, (int) a);
            case U64 -> max ? (x, a, _) -> Long.compareUnsigned(x, a) >= 0 ? x : a : (x, a, _) -> Long.compareUnsigned(x, a) <= 0 ? x : a;
            case S64 -> max ? (x, a, _) -> Math.max(x, a) : (x, a, _) -> Math.min(x, a);
            default -> throw form.unknown();
        };
    }

    private static Update add(Form form, PtxType type, boolean global) {
        return switch (type) {
            case U32, S32, U64 -> (x, a, _) -> x + a;
            case F32 -> global ? (x, a, _) -> flushed(flush((int) x), flush((int) a)) : (x, a, _) -> sum((int) x, (int) a);
            case F64 -> (x, a, _) -> Double.doubleToRawLongBits(canonical(Double.longBitsToDouble(x) + Double.longBitsToDouble(a)));
            case F16 -> (x, a, _) -> halves((int) x, (int) a);
            case F16X2 -> (x, a, _) -> (long) halves((int) x >>> 16, (int) a >>> 16) << 16 | halves((int) x & 0xffff, (int) a & 0xffff);
            case BF16 -> (x, a, _) -> brains((int) x, (int) a);
            case BF16X2 -> (x, a, _) -> (long) brains((int) x >>> 16, (int) a >>> 16) << 16 | brains((int) x & 0xffff, (int) a & 0xffff);
            default -> throw form.unknown();
        };
    }

    private static int sum(int x, int a) {
        float sum = Float.intBitsToFloat(x) + Float.intBitsToFloat(a);
        return sum != sum ? NAN_F32 : Float.floatToRawIntBits(sum);
    }

    private static int flushed(int x, int a) {
        return flush(sum(x, a));
    }

    /// A subnormal becomes a zero of its sign.
    private static int flush(int bits) {
        return (bits & 0x7f80_0000) == 0 ? bits & 0x8000_0000 : bits;
    }

    private static double canonical(double value) {
        return value != value ? Double.longBitsToDouble(0x7fff_ffff_ffff_ffffL) : value;
    }

    /// The sum of two halves is exact in f32 or rounds there so far below a half's last bit that the second rounding is the only one that counts:
    /// f32 has 24 >= 2 * 11 + 2 bits (Figueroa, "When is double rounding innocuous?", 1995).
    private static int halves(int x, int a) {
        return f32ToF16Rn(f16ToF32(x) + f16ToF32(a)) & 0xffff;
    }

    /// The same with 24 >= 2 * 8 + 2 bits.
    private static int brains(int x, int a) {
        return f32ToBf16Rn(bf16ToF32(x) + bf16ToF32(a)) & 0xffff;
    }
}
