package lucid.kernels.ptx.async;

import java.util.Arrays;
import java.util.stream.IntStream;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.StepWrapper;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.Register;

/// The registers of one warp that `wgmma` works on: accumulators and A fragments. While a product is under way nobody else may touch them, and
/// after an ordinary access they need a `wgmma.fence` before the next product (PTX ISA, "Async proxy" and "wgmma.fence").
final class Accumulators {
    /// Pending products per word slot; null until such a register has been touched.
    private short[] busy;
    /// The newest product of each slot, but for those of the chain, which are one for all.
    private Finding.Site[] user;
    private int pending;
    /// When each slot was last touched by an ordinary instruction, and last used by a product of which shape; fences count the time.
    private int[] touched;
    private int[] used;
    private int[] shape;
    private int time;
    private int fence;
    /// Accumulators of products that follow each other, which are counted as busy once for all of them; how many there are, and the newest.
    private int[] chain;
    private int chained;
    private Finding.Site chainUser;
    /// Accumulators that a product of this shape has found in order, and that nothing has happened to since; or null.
    private int[] known;
    private int knownShape;

    /// Puts the checks around every ordinary instruction that has such a register among its operands; other steps stay bare.
    static StepWrapper watch(Entry entry) {
        boolean[] watched = new boolean[entry.words()];
        boolean any = false;
        for (Instruction instruction : entry.instructions()) {
            if (instruction.opcode().equals("wgmma") && instruction.has("mma_async")) {
                any = true;
                collect(instruction.operands().get(0), watched);
                collect(instruction.operands().get(1), watched);
            }
        }
        return any ? (instruction, step) -> watch(instruction, step, watched) : (_, step) -> step;
    }

    private static Step watch(Instruction instruction, Step step, boolean[] watched) {
        boolean[] here = new boolean[watched.length];
        instruction.operands().forEach(operand -> collect(operand, here));
        int[] slots = IntStream.range(0, here.length).filter(slot -> here[slot] && watched[slot]).toArray();
        if (slots.length == 0 || instruction.opcode().equals("wgmma")) {
            return step;
        }
        return (warp, mask) -> {
            BlockAsync.stateOf(warp).accumulators.touch(warp, slots);
            return step.run(warp, mask);
        };
    }

    private static void collect(Operand operand, boolean[] into) {
        switch (operand) {
            case Operand.Reg(Register register, boolean _) -> {
                if (register.bank() == Register.Bank.WORD) {
                    into[register.slot()] = true;
                }
            }
            case Operand.Vector vector -> vector.elements().forEach(e -> collect(e, into));
            case Operand.Address(Operand base, long _) -> collect(base, into);
            case Operand.TensorAddress tensor -> {
                collect(tensor.map(), into);
                tensor.coordinates().forEach(c -> collect(c, into));
            }
            case Operand.Pair(Operand first, Operand second) -> {
                collect(first, into);
                collect(second, into);
            }
            case Operand.Special _, Operand.Immediate _, Operand.Symbol _, Operand.Sink _, Operand.Label _, Operand.LabelTable _ -> {}
        }
    }

    private void touch(Warp warp, int[] slots) {
        allocate(warp);
        known = null;
        for (int slot : slots) {
            touched[slot] = time;
            if (pending != 0 && busy[slot] != 0) {
                warp.finding(Kind.BUSY_REGISTER, -1, -1, slot, "touches a register that a wgmma is still working on: wgmma.wait_group first (and "
                        + "wgmma.fence before the next product)",
                        chained != 0 && contains(chain, slot) ? chainUser : user[slot]);
            }
        }
    }

    private static boolean contains(int[] slots, int slot) {
        return IntStream.of(slots).anyMatch(s -> s == slot);
    }

    private void allocate(Warp warp) {
        if (busy == null) {
            int slots = warp.words.length / 32;
            busy = new short[slots];
            user = new Finding.Site[slots];
            touched = new int[slots];
            used = new int[slots];
            shape = new int[slots];
        }
    }

    /// `wgmma.fence`.
    void fence() {
        fence = ++time;
        known = null;
    }

    /// A product is issued on these registers; `d` are its accumulators.
    void issue(Warp warp, int[] d, int[] a, int shapeOfProduct) {
        allocate(warp);
        boolean unfenced = fence == 0;
        if (known == null || knownShape != shapeOfProduct || !Arrays.equals(known, d)) {
            for (int slot : d) {
                unfenced |= touched[slot] >= fence || used[slot] >= fence && shape[slot] != 0 && shape[slot] != shapeOfProduct;
                used[slot] = time;
                shape[slot] = shapeOfProduct;
            }
            known = unfenced ? null : d;
            knownShape = shapeOfProduct;
        }
        for (int slot : a) {
            unfenced |= touched[slot] >= fence;
        }
        if (unfenced) {
            warp.finding(Kind.MISSING_FENCE, -1, fence == 0 ? "the first wgmma of the warp comes without a wgmma.fence.sync.aligned before it"
                    : "registers of this wgmma have been touched by ordinary instructions (or by a product of another shape) since the last "
                            + "wgmma.fence: put one before it");
        }
        hold(warp.site(-1), d, a);
    }

    private void hold(Finding.Site site, int[] d, int[] a) {
        if (chained == 0) {
            chain = d;
            count(d, 1, null);
        } else if (!Arrays.equals(chain, d)) {
            count(d, 1, site);
            count(a, 1, site);
            pending++;
            return;
        }
        chained++;
        chainUser = site;
        count(a, 1, site);
        pending++;
    }

    private void count(int[] slots, int by, Finding.Site site) {
        for (int slot : slots) {
            busy[slot] += (short) by;
            user[slot] = site == null ? user[slot] : site;
        }
    }

    /// A product has been waited for.
    void release(int[] d, int[] a) {
        boolean ofChain = chained != 0 && Arrays.equals(chain, d);
        if (!ofChain || --chained == 0) {
            count(d, -1, null);
        }
        count(a, -1, null);
        pending--;
    }
}
