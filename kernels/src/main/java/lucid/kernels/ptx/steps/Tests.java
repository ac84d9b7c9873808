package lucid.kernels.ptx.steps;

import static java.lang.Float.intBitsToFloat;
import static java.lang.Double.longBitsToDouble;

import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.steps.lanes.LaneTest;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Binary16;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.text.syntax.PtxType;

/// The comparisons of `setp` and `set`. Of floats, `eq ne lt le gt ge` are false when an operand is NaN (`ne` too) and the forms that end in `u` are
/// true: each of those is the complement of an ordered one.
final class Tests {
    static final String[] NAMES = {"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu",
            "num", "nan"};

    private Tests() {}

    /// @param upper for packed types: compare the upper halves
    static LaneTest of(Form form, String name, boolean ftz, PtxType type, int a, int b, boolean upper) {
        if (ftz && type != PtxType.F32 && type != PtxType.F16 && type != PtxType.F16X2) {
            throw form.unknown();
        }
        if (type.floating()) {
            return floats(form, name, ftz, type, a, b, upper);
        }
        if (type.bits() != 16 && type.bits() != 32 && type.bits() != 64 || type.kind() == PtxType.Kind.PREDICATE) {
            throw form.unknown();
        }
        boolean unsigned = type.kind() == PtxType.Kind.UNSIGNED;
        if (type.kind() == PtxType.Kind.BITS && !name.equals("eq") && !name.equals("ne")) {
            throw form.unknown();
        }
        String order = unsigned ? unsignedName(name) : name;
        if (type.bits() == 64) {
            return Lanes.testWides(form.wide(a, type), form.wide(b, type), wide(form, order, unsigned));
        }
        Lanes.IntTest test = type == PtxType.S16 ? half(form, order) : word(form, order, unsigned);
        return Lanes.testWords(form.word(a, type), form.word(b, type), test);
    }

    private static String unsignedName(String name) {
        return switch (name) {
            case "lo" -> "lt";
            case "ls" -> "le";
            case "hi" -> "gt";
            case "hs" -> "ge";
            default -> name;
        };
    }

    private static Lanes.IntTest word(Form form, String name, boolean unsigned) {
        return switch (name) {
            case "eq" -> Vectors.EQ;
            case "ne" -> Vectors.NE;
            case "lt" -> unsigned ? Vectors.LT_UNSIGNED : Vectors.LT;
            case "le" -> unsigned ? Vectors.LE_UNSIGNED : Vectors.LE;
            case "gt" -> unsigned ? Vectors.GT_UNSIGNED : Vectors.GT;
            case "ge" -> unsigned ? Vectors.GE_UNSIGNED : Vectors.GE;
            default -> throw form.unknown();
        };
    }

    private static Lanes.IntTest half(Form form, String name) {
        return switch (name) {
            case "eq" -> (a, b) -> a == b;
            case "ne" -> (a, b) -> a != b;
            case "lt" -> (a, b) -> (short) a < (short) b;
            case "le" -> (a, b) -> (short) a <= (short) b;
            case "gt" -> (a, b) -> (short) a > (short) b;
            case "ge" -> (a, b) -> (short) a >= (short) b;
            default -> throw form.unknown();
        };
    }

    private static Lanes.LongTest wide(Form form, String name, boolean unsigned) {
        return switch (name) {
            case "eq" -> (a, b) -> a == b;
            case "ne" -> (a, b) -> a != b;
            case "lt" -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) < 0 : (a, b) -> a < b;
            case "le" -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) <= 0 : (a, b) -> a <= b;
            case "gt" -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) > 0 : (a, b) -> a > b;
            case "ge" -> unsigned ? (a, b) -> Long.compareUnsigned(a, b) >= 0 : (a, b) -> a >= b;
            default -> throw form.unknown();
        };
    }

    /// An ordered comparison, or the complement of one.
    private record Ordered(String name, boolean complement) {
        static Ordered of(String name) {
            return switch (name) {
                case "equ" -> new Ordered("ne", true);
                case "neu" -> new Ordered("eq", true);
                case "ltu" -> new Ordered("ge", true);
                case "leu" -> new Ordered("gt", true);
                case "gtu" -> new Ordered("le", true);
                case "geu" -> new Ordered("lt", true);
                case "nan" -> new Ordered("num", true);
                default -> new Ordered(name, false);
            };
        }
    }

    private static LaneTest floats(Form form, String name, boolean ftz, PtxType type, int a, int b, boolean upper) {
        Ordered ordered = Ordered.of(name);
        LaneTest test = switch (type) {
            case F64 -> Lanes.testWides(form.wide(a, type), form.wide(b, type), doubles(form, ordered.name()));
            case F32 -> ftz ? decoded(form, ordered.name(), type, a, b, x -> intBitsToFloat(Binary32.flush(x)))
                    : Lanes.testWords(form.word(a, type), form.word(b, type), singles(form, ordered.name()));
            case F16, F16X2 -> decoded(form, ordered.name(), type, a, b, upper ? x -> half(x >>> 16, ftz) : x -> half(x & 0xffff, ftz));
            case BF16, BF16X2 -> decoded(form, ordered.name(), type, a, b, upper ? x -> Formats.bf16ToF32(x >>> 16) : Formats::bf16ToF32);
            default -> throw form.unknown();
        };
        return ordered.complement() ? warp -> ~test.lanes(warp) : test;
    }

    private static float half(int code, boolean ftz) {
        return Formats.f16ToF32(ftz ? Binary16.flush(code) : code);
    }

    private static Lanes.IntTest singles(Form form, String name) {
        return switch (name) {
            case "eq" -> Vectors.EQ_F32;
            case "ne" -> (a, b) -> intBitsToFloat(a) < intBitsToFloat(b) || intBitsToFloat(a) > intBitsToFloat(b);
            case "lt" -> Vectors.LT_F32;
            case "le" -> Vectors.LE_F32;
            case "gt" -> Vectors.GT_F32;
            case "ge" -> Vectors.GE_F32;
            case "num" -> (a, b) -> !Float.isNaN(intBitsToFloat(a)) && !Float.isNaN(intBitsToFloat(b));
            default -> throw form.unknown();
        };
    }

    private static Lanes.LongTest doubles(Form form, String name) {
        return switch (name) {
            case "eq" -> (a, b) -> longBitsToDouble(a) == longBitsToDouble(b);
            case "ne" -> (a, b) -> longBitsToDouble(a) < longBitsToDouble(b) || longBitsToDouble(a) > longBitsToDouble(b);
            case "lt" -> (a, b) -> longBitsToDouble(a) < longBitsToDouble(b);
            case "le" -> (a, b) -> longBitsToDouble(a) <= longBitsToDouble(b);
            case "gt" -> (a, b) -> longBitsToDouble(a) > longBitsToDouble(b);
            case "ge" -> (a, b) -> longBitsToDouble(a) >= longBitsToDouble(b);
            case "num" -> (a, b) -> !Double.isNaN(longBitsToDouble(a)) && !Double.isNaN(longBitsToDouble(b));
            default -> throw form.unknown();
        };
    }

    /// How a register's bits become the float that is compared.
    private interface Reader {
        float read(int bits);
    }

    /// The rarer formats share one loop.
    private static LaneTest decoded(Form form, String name, PtxType type, int a, int b, Reader reader) {
        Lanes.IntTest test = singles(form, name);
        int x = form.word(a, type);
        int y = form.word(b, type);
        return warp -> decodedLanes(warp, x, y, reader, test);
    }

    private static int decodedLanes(Warp warp, int a, int b, Reader reader, Lanes.IntTest test) {
        int lanes = 0;
        for (int l = 0; l < 32; l++) {
            int x = Float.floatToRawIntBits(reader.read(warp.words[a + l]));
            int y = Float.floatToRawIntBits(reader.read(warp.words[b + l]));
            lanes |= (test.test(x, y) ? 1 : 0) << l;
        }
        return lanes;
    }
}
