package lucid.kernels.ptx.steps.control;

import java.util.Map;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Where lanes go: branches, exits, traps, pauses.
public final class Control {
    private static final int MIN_REGISTERS = 24;
    private static final int MAX_REGISTERS = 256;

    private Control() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("bra", Control::bra);
        table.put("brx", Control::brx);
        table.put("exit", Control::exit);
        table.put("ret", Control::exit);
        table.put("trap", Control::trap);
        table.put("nanosleep", Control::nanosleep);
        table.put("setmaxnreg", Control::setmaxnreg);
        table.put("griddepcontrol", Control::griddepcontrol);
    }

    private static Step bra(Instruction at, Decoding context) {
        boolean uniform = at.has("uni");
        if (at.modifiers().size() != (uniform ? 1 : 0) || at.operands().size() != 1 || !(at.operands().getFirst() instanceof Operand.Label label)) {
            throw context.unknown(at);
        }
        int target = label.target();
        return (warp, mask) -> {
            if (uniform && mask != warp.active()) {
                warp.finding(Kind.ILLEGAL_OPERAND, Integer.numberOfTrailingZeros(mask), "bra.uni is taken by some lanes only; leave .uni out");
            }
            warp.jump(mask, target);
            return Step.JUMPED;
        };
    }

    private static Step brx(Instruction at, Decoding context) {
        if (!at.has("idx") || at.operands().size() != 2 || !(at.operands().get(1) instanceof Operand.LabelTable table)) {
            throw context.unknown(at);
        }
        int index = context.word(at, at.operands().getFirst(), PtxType.U32);
        int[] targets = table.targets().stream().mapToInt(Operand.Label::target).toArray();
        return (warp, mask) -> {
            int[] where = new int[32];
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                int i = warp.words[index * 32 + lane];
                if (i < 0 || i >= targets.length) {
                    warp.finding(Kind.ILLEGAL_OPERAND, lane, -1, i, "index " + Integer.toUnsignedString(i) + " into " + targets.length
                            + " branch targets; the lane ends here", null);
                }
                where[lane] = i < 0 || i >= targets.length ? warp.entry().instructions().size() : targets[i];
            }
            warp.jump(mask, where);
            return Step.JUMPED;
        };
    }

    /// `ret` ends an entry like `exit`.
    private static Step exit(Instruction at, Decoding context) {
        if (!at.operands().isEmpty() || at.modifiers().stream().anyMatch(m -> !m.equals("uni"))) {
            throw context.unknown(at);
        }
        return (warp, mask) -> {
            warp.exit(mask);
            return Step.JUMPED;
        };
    }

    private static Step trap(Instruction at, Decoding context) {
        if (!at.operands().isEmpty() || !at.modifiers().isEmpty()) {
            throw context.unknown(at);
        }
        return (warp, mask) -> {
            warp.finding(Kind.TRAP, Integer.numberOfTrailingZeros(mask), "the kernel ends itself by trap");
            warp.trap();
            return Step.JUMPED;
        };
    }

    private static Step nanosleep(Instruction at, Decoding context) {
        if (!at.has("u32") || at.operands().size() != 1) {
            throw context.unknown(at);
        }
        context.word(at, at.operands().getFirst(), PtxType.U32);
        return (_, _) -> Step.YIELD;
    }

    private static Step griddepcontrol(Instruction at, Decoding context) {
        if (at.modifiers().size() != 1 || !at.has("wait") && !at.has("launch_dependents")) {
            throw context.unknown(at);
        }
        return (_, _) -> Step.NEXT;
    }

    private static Step setmaxnreg(Instruction at, Decoding context) {
        if (!(at.has("inc") || at.has("dec")) || !at.has("sync") || !at.has("aligned") || !at.has("u32")
                || at.operands().size() != 1 || !(at.operands().getFirst() instanceof Operand.Immediate count)) {
            throw context.unknown(at);
        }
        int number = (int) count.bits();
        if (number < MIN_REGISTERS || number > MAX_REGISTERS || number % 8 != 0) {
            throw context.refuse(at, "found " + count.bits() + " registers, wanted a multiple of 8 from " + MIN_REGISTERS + " to " + MAX_REGISTERS);
        }
        return (warp, mask) -> {
            if (!Convergence.aligned(warp, mask, Kind.DIVERGENT_COLLECTIVE)) {
                return Step.WAIT;
            }
            warp.block.registers().set(warp, number);
            return Step.NEXT;
        };
    }

    /// The value of a source that all lanes of `mask` must agree on: the lowest one's, with a finding when another differs.
    static int uniform(Warp warp, int mask, int slot, String what) {
        int lane = Integer.numberOfTrailingZeros(mask);
        int value = warp.words[slot * 32 + lane];
        for (int left = mask; left != 0; left &= left - 1) {
            int other = Integer.numberOfTrailingZeros(left);
            if (warp.words[slot * 32 + other] != value) {
                warp.finding(Kind.ILLEGAL_OPERAND, other, -1, warp.words[slot * 32 + other], what + " is " + Integer.toUnsignedString(value)
                        + " in lane " + lane
                        + " and " + Integer.toUnsignedString(warp.words[slot * 32 + other]) + " in lane " + other + "; all lanes must agree", null);
                return value;
            }
        }
        return value;
    }
}
