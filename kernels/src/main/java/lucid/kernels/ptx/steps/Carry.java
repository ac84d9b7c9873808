package lucid.kernels.ptx.steps;

import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Extended-precision arithmetic: `.cc` writes the carry flag, `addc`, `subc` and `madc` read it. The flag is one more predicate of the entry.
/// A subtraction's flag is its borrow (PTX ISA, "Extended-Precision Integer Arithmetic Instructions").
public final class Carry {
    private Carry() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("addc", (at, context) -> {
            var form = new Form(at, context);
            return sum(form, false, true, form.take("cc"));
        });
        table.put("subc", (at, context) -> {
            var form = new Form(at, context);
            return sum(form, true, true, form.take("cc"));
        });
        table.put("madc", (at, context) -> {
            var form = new Form(at, context);
            boolean high = form.oneOf("lo", "hi").equals("hi");
            return mad(form, high, true, form.take("cc"));
        });
    }

    static Step sum(Form form, boolean subtract, boolean carryIn, boolean carryOut) {
        PtxType type = type(form);
        form.end(3);
        int flag = form.context().carry();
        if (type.bits() == 64) {
            return wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), flag, subtract, carryIn, carryOut);
        }
        return words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), flag, subtract, carryIn, carryOut);
    }

    /// `mad{.lo,.hi}.cc` and `madc`: the product goes to a register of the step's own, then `c` is added to it.
    static Step mad(Form form, boolean high, boolean carryIn, boolean carryOut) {
        PtxType type = type(form);
        form.end(4);
        int flag = form.context().carry();
        if (type.bits() == 64) {
            int product = form.context().newWide() * 32;
            Step multiply = Lanes.wides(product, form.wide(1, type), form.wide(2, type),
                    high ? (type.signed() ? Math::multiplyHigh : Math::unsignedMultiplyHigh) : (a, b) -> a * b);
            return both(multiply, wides(form.wideTarget(0, type), product, form.wide(3, type), flag, false, carryIn, carryOut));
        }
        int product = form.context().newWord() * 32;
        Step multiply = Lanes.words(product, form.word(1, type), form.word(2, type),
                high ? (type.signed() ? Integers::mulHi : Integers::mulHiUnsigned) : (a, b) -> a * b);
        return both(multiply, words(form.wordTarget(0, type), product, form.word(3, type), flag, false, carryIn, carryOut));
    }

    private static PtxType type(Form form) {
        return form.type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
    }

    private static Step both(Step first, Step second) {
        return (warp, mask) -> {
            first.run(warp, mask);
            return second.run(warp, mask);
        };
    }

    private static Step words(int d, int a, int b, int flag, boolean subtract, boolean carryIn, boolean carryOut) {
        return (warp, mask) -> {
            int[] r = warp.words;
            int in = carryIn ? warp.predicates[flag] : 0;
            int out = 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                long x = Integers.unsigned(r[a + l]);
                long y = Integers.unsigned(r[b + l]);
                long sum = subtract ? x - y - (in >>> l & 1) : x + y + (in >>> l & 1);
                r[d + l] = (int) sum;
                out |= (int) (sum >>> 32 & 1) << l;
            }
            return flagged(warp.predicates, flag, mask, out, carryOut);
        };
    }

    private static Step wides(int d, int a, int b, int flag, boolean subtract, boolean carryIn, boolean carryOut) {
        return (warp, mask) -> {
            long[] r = warp.wides;
            int in = carryIn ? warp.predicates[flag] : 0;
            int out = 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                long x = r[a + l];
                long y = r[b + l];
                long c = in >>> l & 1;
                long sum = subtract ? x - y - c : x + y + c;
                // Hacker's Delight 2-13: the carry (borrow) out of bit 63 from the operands' and the result's sign bits.
                long carry = subtract ? ~x & y | ~(x ^ y) & sum : x & y | (x | y) & ~sum;
                r[d + l] = sum;
                out |= (int) (carry >>> 63) << l;
            }
            return flagged(warp.predicates, flag, mask, out, carryOut);
        };
    }

    private static int flagged(int[] predicates, int flag, int mask, int out, boolean carryOut) {
        if (carryOut) {
            predicates[flag] = predicates[flag] & ~mask | out;
        }
        return Step.NEXT;
    }
}
