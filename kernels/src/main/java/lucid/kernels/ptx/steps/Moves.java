package lucid.kernels.ptx.steps;

import java.util.List;
import java.util.Map;
import java.util.Set;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.decoding.Decoding.PredicateSource;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.SpecialRegister;

/// `mov`: registers, constants, addresses, and packing: `mov.b32 r, {h0, h1}` puts h0 into the low half.
public final class Moves {
    private static final Set<String> CLOCKS = Set.of("%clock", "%clock_hi", "%clock64", "%globaltimer");

    private Moves() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("mov", (at, context) -> move(new Form(at, context)));
    }

    private static Step move(Form form) {
        PtxType type = form.type();
        form.end(2);
        if (form.operand(1) instanceof Operand.Vector(List<Operand> parts)) {
            return pack(form, packable(form, type), parts);
        }
        if (form.operand(0) instanceof Operand.Vector(List<Operand> parts)) {
            return unpack(form, packable(form, type), parts);
        }
        if (form.operand(1) instanceof Operand.Special(SpecialRegister register) && CLOCKS.contains(register.name())) {
            return clock(form, type, register);
        }
        return switch (type) {
            case PRED -> predicate(form.predicateTarget(form.operand(0)), form.predicate(1), 0);
            case B16, U16, S16, B32, U32, S32, F32 -> Lanes.words(form.wordTarget(0, type), form.word(1, type), Vectors.COPY);
            case B64, U64, S64, F64 -> Lanes.wides(form.wideTarget(0, type), form.wide(1, type), a -> a);
            default -> throw form.unknown();
        };
    }

    /// Clocks are read when they are executed; the words of `%clock64` are `%clock` and `%clock_hi`.
    private static Step clock(Form form, PtxType type, SpecialRegister register) {
        boolean wide = type.bits() == 64;
        if (type.floating() || type.bits() != register.type().bits()) {
            throw form.refuse(register.name() + " has type ." + register.type().text());
        }
        int shift = register.name().equals("%clock_hi") ? 32 : 0;
        int d = wide ? form.wideTarget(0, type) : form.wordTarget(0, type);
        return (warp, mask) -> {
            long time = warp.ticks() >>> shift;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                if (wide) {
                    warp.wides[d + l] = time;
                } else {
                    warp.words[d + l] = (int) time;
                }
            }
            return Step.NEXT;
        };
    }

    static Step predicate(int d, PredicateSource source, int flip) {
        int slot = source.slot();
        int all = source.flip() ^ flip;
        return (warp, mask) -> {
            int[] p = warp.predicates;
            p[d] = p[d] & ~mask | (p[slot] ^ all) & mask;
            return Step.NEXT;
        };
    }

    private static PtxType packable(Form form, PtxType type) {
        if (type != PtxType.B16 && type != PtxType.B32 && type != PtxType.B64) {
            throw form.unknown();
        }
        return type;
    }

    /// The type of one part of a packed value.
    private static PtxType part(Form form, PtxType type, int parts) {
        if (parts != 2 && parts != 4 || type.bits() / parts < 8) {
            throw form.refuse("found a vector of " + parts + ", wanted 2 or 4 parts of at least 8 bits");
        }
        return switch (type.bits() / parts) {
            case 8 -> PtxType.B8;
            case 16 -> PtxType.B16;
            default -> PtxType.B32;
        };
    }

    private static Step pack(Form form, PtxType type, List<Operand> parts) {
        PtxType part = part(form, type, parts.size());
        int[] sources = parts.stream().mapToInt(p -> form.word(p, part)).toArray();
        if (type == PtxType.B64 && sources.length == 2) {
            return Lanes.widen(form.wideTarget(0, type), sources[0], sources[1], (low, high) -> (long) high << 32 | Integers.unsigned(low));
        }
        if (type == PtxType.B32 && sources.length == 2) {
            return Lanes.words(form.wordTarget(0, type), sources[0], sources[1], (low, high) -> high << 16 | low);
        }
        int bits = part.bits();
        int word = type == PtxType.B64 ? -1 : form.wordTarget(0, type);
        int wide = type == PtxType.B64 ? form.wideTarget(0, type) : -1;
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                long value = 0;
                for (int i = sources.length - 1; i >= 0; i--) {
                    value = value << bits | warp.words[sources[i] + l];
                }
                if (wide >= 0) {
                    warp.wides[wide + l] = value;
                } else {
                    warp.words[word + l] = (int) value;
                }
            }
            return Step.NEXT;
        };
    }

    private static Step unpack(Form form, PtxType type, List<Operand> parts) {
        PtxType part = part(form, type, parts.size());
        int bits = part.bits();
        int[] targets = parts.stream().mapToInt(p -> form.wordTarget(p, part)).toArray();
        int word = type == PtxType.B64 ? -1 : form.word(1, type);
        int wide = type == PtxType.B64 ? form.wide(1, type) : -1;
        long ones = (1L << bits) - 1;
        return (warp, mask) -> {
            int[] r = warp.words;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                long value = wide >= 0 ? warp.wides[wide + l] : r[word + l];
                for (int i = 0; i < targets.length; i++) {
                    r[targets[i] + l] = (int) (value >>> i * bits & ones);
                }
            }
            return Step.NEXT;
        };
    }
}
