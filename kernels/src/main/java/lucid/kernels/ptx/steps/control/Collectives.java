package lucid.kernels.ptx.steps.control;

import java.util.Map;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding.PredicateSource;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Exchange between the lanes of a warp: `shfl vote match redux activemask elect`. All but `activemask` name their lanes by a member mask,
/// and wait until all of them are there (see [Convergence#members]). They order no memory accesses.
public final class Collectives {
    private Collectives() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("shfl", (at, context) -> Shuffle.decode(new Form(at, context)));
        table.put("vote", (at, context) -> vote(new Form(at, context)));
        table.put("match", (at, context) -> match(new Form(at, context)));
        table.put("redux", (at, context) -> redux(new Form(at, context)));
        table.put("activemask", (at, context) -> activemask(new Form(at, context)));
        table.put("elect", (at, context) -> elect(new Form(at, context)));
    }

    /// What a collective does for the lanes of one member mask, all of which are there.
    @FunctionalInterface
    interface Body {
        void run(Warp warp, int lanes);
    }

    /// Runs a body once for every distinct member mask among the lanes: groups of lanes may use one instruction with masks of their own.
    ///
    /// @param members the word that holds the mask
    static Step synchronised(int members, Body body) {
        return (warp, mask) -> {
            int[] r = warp.words;
            int first = r[members + Integer.numberOfTrailingZeros(mask)];
            int same = lanesWith(r, members, first, mask);
            if (same == mask) {
                if (!Convergence.members(warp, mask, first)) {
                    return Step.WAIT;
                }
                body.run(warp, mask);
                return Step.NEXT;
            }
            return several(warp, mask, members, body);
        };
    }

    /// Waits for all groups before any of them runs, so that waiting changes nothing.
    private static int several(Warp warp, int mask, int members, Body body) {
        int[] r = warp.words;
        for (int left = mask; left != 0; ) {
            int wanted = r[members + Integer.numberOfTrailingZeros(left)];
            int group = lanesWith(r, members, wanted, left);
            if (!Convergence.members(warp, group, wanted)) {
                return Step.WAIT;
            }
            left &= ~group;
        }
        for (int left = mask; left != 0; ) {
            int group = lanesWith(r, members, r[members + Integer.numberOfTrailingZeros(left)], left);
            body.run(warp, group);
            left &= ~group;
        }
        return Step.NEXT;
    }

    static int lanesWith(int[] r, int at, int value, int mask) {
        int same = 0;
        for (int l = 0; l < 32; l++) {
            same |= (r[at + l] == value ? 1 : 0) << l;
        }
        return same & mask;
    }

    static void fill(int[] r, int d, int lanes, int value) {
        for (int left = lanes; left != 0; left &= left - 1) {
            r[d + Integer.numberOfTrailingZeros(left)] = value;
        }
    }

    static void set(int[] predicates, int p, int lanes, int value) {
        predicates[p] = predicates[p] & ~lanes | value & lanes;
    }

    /// `vote.sync.{all,any,uni}.pred p, {!}a, membermask` and `vote.sync.ballot.b32 d, {!}a, membermask`.
    private static Step vote(Form form) {
        form.oneOf("sync");
        String mode = form.oneOf("all", "any", "uni", "ballot");
        boolean ballot = mode.equals("ballot");
        form.type(ballot ? PtxType.B32 : PtxType.PRED);
        form.end(3);
        PredicateSource a = form.predicate(1);
        int members = form.word(2, PtxType.B32);
        if (ballot) {
            int d = form.wordTarget(0, PtxType.B32);
            return synchronised(members, (warp, lanes) -> fill(warp.words, d, lanes, value(warp, a) & lanes));
        }
        int p = form.predicateTarget(form.operand(0));
        return synchronised(members, (warp, lanes) -> {
            int yes = value(warp, a) & lanes;
            boolean holds = switch (mode) {
                case "all" -> yes == lanes;
                case "any" -> yes != 0;
                default -> yes == lanes || yes == 0;
            };
            set(warp.predicates, p, lanes, holds ? -1 : 0);
        });
    }

    private static int value(Warp warp, PredicateSource source) {
        return warp.predicates[source.slot()] ^ source.flip();
    }

    /// `match.any.sync.type d, a, membermask`: the lanes with the same value; `match.all.sync.type d{|p}, a, membermask`: all of them if all agree,
    /// else 0.
    private static Step match(Form form) {
        boolean all = form.oneOf("any", "all").equals("all");
        form.oneOf("sync");
        PtxType type = form.type(PtxType.B32, PtxType.B64);
        form.end(3);
        boolean wide = type == PtxType.B64;
        int a = wide ? form.wide(1, type) : form.word(1, type);
        int members = form.word(2, PtxType.B32);
        boolean pair = form.operand(0) instanceof Operand.Pair;
        if (pair && !all) {
            throw form.unknown();
        }
        Operand first = form.operand(0) instanceof Operand.Pair(Operand d, Operand _) ? d : form.operand(0);
        int d = form.wordTarget(first, PtxType.B32);
        int p = form.operand(0) instanceof Operand.Pair(Operand _, Operand second) ? form.predicateTarget(second) : -1;
        return synchronised(members, (warp, lanes) -> {
            if (!all) {
                any(warp, d, a, wide, lanes);
                return;
            }
            int equal = equalTo(warp, a, wide, Integer.numberOfTrailingZeros(lanes), lanes);
            boolean agreed = equal == lanes;
            fill(warp.words, d, lanes, agreed ? lanes : 0);
            if (p >= 0) {
                set(warp.predicates, p, lanes, agreed ? -1 : 0);
            }
        });
    }

    private static void any(Warp warp, int d, int a, boolean wide, int lanes) {
        int[] groups = new int[32];
        for (int left = lanes; left != 0; ) {
            int lane = Integer.numberOfTrailingZeros(left);
            int equal = equalTo(warp, a, wide, lane, left);
            fill(groups, 0, equal, equal);
            left &= ~equal;
        }
        for (int left = lanes; left != 0; left &= left - 1) {
            int l = Integer.numberOfTrailingZeros(left);
            warp.words[d + l] = groups[l];
        }
    }

    private static int equalTo(Warp warp, int a, boolean wide, int lane, int lanes) {
        int equal = 0;
        for (int left = lanes; left != 0; left &= left - 1) {
            int l = Integer.numberOfTrailingZeros(left);
            boolean same = wide ? warp.wides[a + l] == warp.wides[a + lane] : warp.words[a + l] == warp.words[a + lane];
            equal |= same ? 1 << l : 0;
        }
        return equal;
    }

    /// `redux.sync.{add,min,max}.{u32,s32}` and `redux.sync.{and,or,xor}.b32 d, a, membermask`.
    private static Step redux(Form form) {
        form.oneOf("sync");
        String operation = form.oneOf("add", "min", "max", "and", "or", "xor");
        boolean logical = operation.equals("and") || operation.equals("or") || operation.equals("xor");
        PtxType type = logical ? form.type(PtxType.B32) : form.type(PtxType.U32, PtxType.S32);
        form.end(3);
        int d = form.wordTarget(0, type);
        int a = form.word(1, type);
        boolean signed = type.signed();
        return synchronised(form.word(2, PtxType.B32), (warp, lanes) -> {
            int[] r = warp.words;
            int result = r[a + Integer.numberOfTrailingZeros(lanes)];
            for (int left = lanes & lanes - 1; left != 0; left &= left - 1) {
                result = reduced(operation, signed, result, r[a + Integer.numberOfTrailingZeros(left)]);
            }
            fill(r, d, lanes, result);
        });
    }

    private static int reduced(String operation, boolean signed, int a, int b) {
        return switch (operation) {
            case "add" -> a + b;
            case "min" -> signed ? Math.min(a, b) : Integers.minUnsigned(a, b);
            case "max" -> signed ? Math.max(a, b) : Integers.maxUnsigned(a, b);
            case "and" -> a & b;
            case "or" -> a | b;
            default -> a ^ b;
        };
    }

    /// The lanes that run together here; on a GPU these may be fewer than the program text suggests, so nothing should depend on it.
    private static Step activemask(Form form) {
        form.type(PtxType.B32);
        form.end(1);
        int d = form.wordTarget(0, PtxType.B32);
        return (warp, mask) -> {
            fill(warp.words, d, mask, mask);
            return Step.NEXT;
        };
    }

    /// `elect.sync d|p, membermask`: one leader, here the lowest lane; the ISA only says that it is always the same one for a mask.
    private static Step elect(Form form) {
        form.oneOf("sync");
        form.end(2);
        if (!(form.operand(0) instanceof Operand.Pair(Operand first, Operand second))) {
            throw form.refuse("wanted the destinations 'd|p'");
        }
        int d = form.wordTarget(first, PtxType.B32);
        int p = form.predicateTarget(second);
        return synchronised(form.word(1, PtxType.B32), (warp, lanes) -> {
            int leader = Integer.numberOfTrailingZeros(lanes);
            fill(warp.words, d, lanes, leader);
            set(warp.predicates, p, lanes, 1 << leader);
        });
    }

    /// Reports a value that is taken from a lane which does not take part.
    static void absent(Warp warp, int lane, int source) {
        warp.finding(Kind.DIVERGENT_COLLECTIVE, lane, "reads lane " + source + ", which does not take part in this '" + warp.instruction().opcode()
                + "': the value is undefined; widen the member mask or keep that lane here");
    }
}
