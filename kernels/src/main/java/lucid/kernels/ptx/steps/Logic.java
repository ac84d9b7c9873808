package lucid.kernels.ptx.steps;

import static lucid.kernels.ptx.steps.scalar.Integers.MASK16;

import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.decoding.Decoding.PredicateSource;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Bitwise logic: `and or xor not cnot lop3`. A predicate is one lane mask, so logic of predicates is one operation for the whole warp.
public final class Logic {
    private Logic() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("and", (at, context) -> binary(new Form(at, context), Vectors.AND, (a, b) -> a & b));
        table.put("or", (at, context) -> binary(new Form(at, context), Vectors.OR, (a, b) -> a | b));
        table.put("xor", (at, context) -> binary(new Form(at, context), Vectors.XOR, (a, b) -> a ^ b));
        table.put("not", (at, context) -> not(new Form(at, context)));
        table.put("cnot", (at, context) -> cnot(new Form(at, context)));
        table.put("lop3", (at, context) -> lop3(new Form(at, context)));
    }

    private static Step binary(Form form, IntBinaryOperator word, LongBinaryOperator wide) {
        PtxType type = form.type(PtxType.PRED, PtxType.B16, PtxType.B32, PtxType.B64);
        form.end(3);
        return switch (type) {
            case PRED -> predicates(form.predicateTarget(form.operand(0)), form.predicate(1), form.predicate(2), word);
            case B64 -> Arithmetic.wides(form, type, wide);
            default -> Arithmetic.words(form, type, word);
        };
    }

    private static Step predicates(int d, PredicateSource a, PredicateSource b, IntBinaryOperator f) {
        return (warp, mask) -> {
            int[] p = warp.predicates;
            int value = f.applyAsInt(p[a.slot()] ^ a.flip(), p[b.slot()] ^ b.flip());
            p[d] = p[d] & ~mask | value & mask;
            return Step.NEXT;
        };
    }

    private static Step not(Form form) {
        PtxType type = form.type(PtxType.PRED, PtxType.B16, PtxType.B32, PtxType.B64);
        form.end(2);
        return switch (type) {
            case PRED -> Moves.predicate(form.predicateTarget(form.operand(0)), form.predicate(1), -1);
            case B16 -> Lanes.words(form.wordTarget(0, type), form.word(1, type), a -> a ^ MASK16);
            case B32 -> Lanes.words(form.wordTarget(0, type), form.word(1, type), a -> ~a);
            default -> Lanes.wides(form.wideTarget(0, type), form.wide(1, type), a -> ~a);
        };
    }

    private static Step cnot(Form form) {
        PtxType type = form.type(PtxType.B16, PtxType.B32, PtxType.B64);
        form.end(2);
        return type == PtxType.B64 ? Lanes.wides(form.wideTarget(0, type), form.wide(1, type), a -> a == 0 ? 1 : 0)
                : Lanes.words(form.wordTarget(0, type), form.word(1, type), a -> a == 0 ? 1 : 0);
    }

    /// `lop3{.BoolOp}.b32 d{|p}, a, b, c, immLut{, q}`: bit (a << 2 | b << 1 | c) of the table for every bit; p = (d != 0) BoolOp q.
    private static Step lop3(Form form) {
        String combine = form.option("or", "and");
        form.type(PtxType.B32);
        form.end(combine.isEmpty() ? 5 : 6);
        long table = form.literal(4);
        if (table < 0 || table > 255) {
            throw form.refuse("the table of lop3 is " + table + ", wanted 0 to 255");
        }
        int a = form.word(1, PtxType.B32);
        int b = form.word(2, PtxType.B32);
        int c = form.word(3, PtxType.B32);
        if (combine.isEmpty()) {
            return table(form.wordTarget(0, PtxType.B32), a, b, c, (int) table);
        }
        if (!(form.operand(0) instanceof Operand.Pair(Operand first, Operand second))) {
            throw form.refuse("wanted the destinations 'd|p'");
        }
        int d = form.wordTarget(first, PtxType.B32);
        Step step = table(d, a, b, c, (int) table);
        int p = form.predicateTarget(second);
        PredicateSource q = form.predicate(5);
        boolean or = combine.equals("or");
        return (warp, mask) -> {
            step.run(warp, mask);
            int nonZero = 0;
            for (int l = 0; l < 32; l++) {
                nonZero |= (warp.words[d + l] != 0 ? 1 : 0) << l;
            }
            int other = warp.predicates[q.slot()] ^ q.flip();
            int value = or ? nonZero | other : nonZero & other;
            warp.predicates[p] = warp.predicates[p] & ~mask | value & mask;
            return Step.NEXT;
        };
    }

    private static Step table(int d, int a, int b, int c, int table) {
        int[] on = new int[8];
        for (int i = 0; i < 8; i++) {
            on[i] = -(table >>> i & 1);
        }
        return (warp, mask) -> {
            int[] r = warp.words;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    r[d + l] = looked(r[a + l], r[b + l], r[c + l], on);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = looked(r[a + l], r[b + l], r[c + l], on);
                }
            }
            return Step.NEXT;
        };
    }

    private static int looked(int a, int b, int c, int[] on) {
        int high = b & (c & on[7] | ~c & on[6]) | ~b & (c & on[5] | ~c & on[4]);
        int low = b & (c & on[3] | ~c & on[2]) | ~b & (c & on[1] | ~c & on[0]);
        return a & high | ~a & low;
    }
}
