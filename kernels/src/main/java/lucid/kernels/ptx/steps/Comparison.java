package lucid.kernels.ptx.steps;

import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding.PredicateSource;
import lucid.kernels.ptx.steps.lanes.LaneTest;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Comparison and selection: `setp set selp slct`. The comparisons themselves are in [Tests].
public final class Comparison {
    private static final int ONE_F32 = Float.floatToRawIntBits(1f);
    private static final int ONE_F16 = 0x3c00;
    private static final int ONE_BF16 = 0x3f80;

    private Comparison() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("setp", (at, context) -> setp(new Form(at, context)));
        table.put("set", (at, context) -> set(new Form(at, context)));
        table.put("selp", (at, context) -> selp(new Form(at, context)));
        table.put("slct", (at, context) -> slct(new Form(at, context)));
    }

    /// What a comparison's result is combined with: `.and`, `.or`, `.xor` or nothing.
    private enum Combine {
        NONE, AND, OR, XOR;

        static Combine of(Form form) {
            return switch (form.option("and", "or", "xor")) {
                case "and" -> AND;
                case "or" -> OR;
                case "xor" -> XOR;
                default -> NONE;
            };
        }

        int of(int test, int other) {
            return switch (this) {
                case NONE -> test;
                case AND -> test & other;
                case OR -> test | other;
                case XOR -> test ^ other;
            };
        }
    }

    /// p = cmp(a, b) op c; q = !cmp(a, b) op c. For packed types p is the lower half's result and q the upper one's.
    private static Step setp(Form form) {
        String comparison = form.oneOf(Tests.NAMES);
        Combine combine = Combine.of(form);
        boolean ftz = form.take("ftz");
        PtxType type = form.type();
        form.end(combine == Combine.NONE ? 3 : 4);
        boolean packed = type == PtxType.F16X2 || type == PtxType.BF16X2;
        LaneTest test = Tests.of(form, comparison, ftz, type, 1, 2, false);
        PredicateSource c = combine == Combine.NONE ? null : form.predicate(3);
        if (form.operand(0) instanceof Operand.Pair(Operand first, Operand second)) {
            int p = form.predicateTarget(first);
            int q = form.predicateTarget(second);
            LaneTest upper = packed ? Tests.of(form, comparison, ftz, type, 1, 2, true) : warp -> ~test.lanes(warp);
            return pair(p, q, test, upper, combine, c);
        }
        int p = form.predicateTarget(form.operand(0));
        return combine == Combine.NONE ? single(p, test) : combined(p, test, combine, c);
    }

    private static Step single(int p, LaneTest test) {
        return (warp, mask) -> {
            int value = test.lanes(warp);
            warp.predicates[p] = warp.predicates[p] & ~mask | value & mask;
            return Step.NEXT;
        };
    }

    private static Step combined(int p, LaneTest test, Combine combine, PredicateSource c) {
        return (warp, mask) -> {
            int value = combine.of(test.lanes(warp), warp.predicates[c.slot()] ^ c.flip());
            warp.predicates[p] = warp.predicates[p] & ~mask | value & mask;
            return Step.NEXT;
        };
    }

    private static Step pair(int p, int q, LaneTest test, LaneTest upper, Combine combine, PredicateSource c) {
        return (warp, mask) -> {
            int other = c == null ? 0 : warp.predicates[c.slot()] ^ c.flip();
            int first = combine.of(test.lanes(warp), other);
            int second = combine.of(upper.lanes(warp), other);
            int[] predicates = warp.predicates;
            predicates[p] = predicates[p] & ~mask | first & mask;
            predicates[q] = predicates[q] & ~mask | second & mask;
            return Step.NEXT;
        };
    }

    /// `set.cmp{.bool}{.ftz}.dtype.stype d, a, b{, c}`: all ones or 1.0 where it holds, else 0.
    private static Step set(Form form) {
        String comparison = form.oneOf(Tests.NAMES);
        Combine combine = Combine.of(form);
        boolean ftz = form.take("ftz");
        PtxType result = form.type(PtxType.U32, PtxType.S32, PtxType.F32, PtxType.U16, PtxType.S16, PtxType.F16, PtxType.BF16, PtxType.F16X2,
                PtxType.BF16X2);
        PtxType type = form.type();
        boolean packed = type == PtxType.F16X2 || type == PtxType.BF16X2;
        boolean half = type == PtxType.F16 || type == PtxType.BF16;
        boolean fits = switch (result) {
            case U16, S16 -> half;
            case F32 -> !half && !packed;
            case F16X2, BF16X2 -> type == result;
            default -> !packed;
        };
        if (!fits) {
            throw form.unknown();
        }
        form.end(combine == Combine.NONE ? 3 : 4);
        int yes = switch (result) {
            case F32 -> ONE_F32;
            case F16, F16X2 -> ONE_F16;
            case BF16, BF16X2 -> ONE_BF16;
            case U16, S16 -> 0xffff;
            default -> -1;
        };
        LaneTest test = Tests.of(form, comparison, ftz, type, 1, 2, false);
        PredicateSource c = combine == Combine.NONE ? null : form.predicate(3);
        LaneTest upper = packed ? Tests.of(form, comparison, ftz, type, 1, 2, true) : _ -> 0;
        int d = form.wordTarget(0, result);
        return (warp, mask) -> {
            int other = c == null ? 0 : warp.predicates[c.slot()] ^ c.flip();
            int low = combine.of(test.lanes(warp), other);
            int high = packed ? combine.of(upper.lanes(warp), other) : 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                warp.words[d + l] = -(low >>> l & 1) & yes | (-(high >>> l & 1) & yes) << 16;
            }
            return Step.NEXT;
        };
    }

    private static final List<PtxType> SELECTABLE = List.of(PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U16, PtxType.U32, PtxType.U64,
            PtxType.S16, PtxType.S32, PtxType.S64, PtxType.F32, PtxType.F64);

    private static PtxType selectable(Form form) {
        PtxType type = form.type();
        if (!SELECTABLE.contains(type)) {
            throw form.unknown();
        }
        return type;
    }

    private static Step selp(Form form) {
        PtxType type = selectable(form);
        form.end(4);
        PredicateSource c = form.predicate(3);
        int slot = c.slot();
        int flip = c.flip();
        if (type.bits() == 64) {
            return selectWides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), warp -> warp.predicates[slot] ^ flip);
        }
        return selectWords(form.wordTarget(0, type), form.word(1, type), form.word(2, type), warp -> warp.predicates[slot] ^ flip);
    }

    /// `slct{.ftz}.dtype.stype d, a, b, c`: a where c >= 0, else b; a NaN is not >= 0, -0 is.
    private static Step slct(Form form) {
        boolean ftz = form.take("ftz");
        PtxType type = selectable(form);
        PtxType sign = form.type(PtxType.S32, PtxType.F32);
        if (ftz && sign != PtxType.F32) {
            throw form.unknown();
        }
        form.end(4);
        int c = form.word(3, sign);
        LaneTest test = sign == PtxType.S32 ? warp -> notNegative(warp, c) : warp -> notBelowZero(warp, c, ftz);
        if (type.bits() == 64) {
            return selectWides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), test);
        }
        return selectWords(form.wordTarget(0, type), form.word(1, type), form.word(2, type), test);
    }

    private static int notNegative(Warp warp, int c) {
        int lanes = 0;
        for (int l = 0; l < 32; l++) {
            lanes |= (~warp.words[c + l] >>> 31) << l;
        }
        return lanes;
    }

    private static int notBelowZero(Warp warp, int c, boolean ftz) {
        int lanes = 0;
        for (int l = 0; l < 32; l++) {
            int bits = warp.words[c + l];
            lanes |= (Float.intBitsToFloat(ftz ? Binary32.flush(bits) : bits) >= 0 ? 1 : 0) << l;
        }
        return lanes;
    }

    private static Step selectWords(int d, int a, int b, LaneTest test) {
        return (warp, mask) -> {
            int[] r = warp.words;
            int chosen = test.lanes(warp);
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    r[d + l] = (chosen >>> l & 1) != 0 ? r[a + l] : r[b + l];
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = (chosen >>> l & 1) != 0 ? r[a + l] : r[b + l];
                }
            }
            return Step.NEXT;
        };
    }

    private static Step selectWides(int d, int a, int b, LaneTest test) {
        return (warp, mask) -> {
            long[] x = warp.wides;
            int chosen = test.lanes(warp);
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                x[d + l] = (chosen >>> l & 1) != 0 ? x[a + l] : x[b + l];
            }
            return Step.NEXT;
        };
    }
}
