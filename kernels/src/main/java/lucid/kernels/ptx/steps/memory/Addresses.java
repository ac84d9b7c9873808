package lucid.kernels.ptx.steps.memory;

import java.util.Map;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// Arithmetic on addresses: `cvta`, `isspacep`, `mapa`, `getctarank`.
public final class Addresses {
    private Addresses() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("cvta", (at, context) -> convert(new Form(at, context)));
        table.put("isspacep", (at, context) -> isSpace(new Form(at, context)));
        table.put("mapa", (at, context) -> map(new Form(at, context)));
        table.put("getctarank", (at, context) -> rank(new Form(at, context)));
    }

    private static Step convert(Form form) {
        boolean to = form.take("to");
        Space space = MemoryForm.space(form);
        form.type(PtxType.U64);
        form.end(2);
        if (space == Space.GENERIC) {
            throw form.unknown();
        }
        if (!to && form.operand(1) instanceof Operand.Symbol(var variable, long _) && variable.space() != space
                && !(variable.space().isShared() && space.isShared())) {
            throw form.refuse("variable " + variable.name() + " lies in ." + variable.space().text() + " memory");
        }
        int d = form.wideTarget(0, PtxType.U64);
        int a = form.wide(1, PtxType.U64);
        long base = Windows.base(space);
        return to ? (warp, mask) -> {
            toSpace(warp, mask, space, base, a, d);
            return Step.NEXT;
        } : (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                warp.wides[d + lane] = warp.wides[a + lane] + base;
            }
            return Step.NEXT;
        };
    }

    private static void toSpace(Warp warp, int mask, Space space, long base, int a, int d) {
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            long generic = warp.wides[a + lane];
            if (!lies(generic, space)) {
                warp.finding(Kind.ILLEGAL_OPERAND, lane, generic, 0, "the generic address lies in " + name(Windows.spaceOf(generic)) + ", not in ."
                        + space.text() + " memory", null);
            }
            warp.wides[d + lane] = generic - base;
        }
    }

    private static String name(Space space) {
        return space == Space.GENERIC ? "no state space's window" : "." + space.text() + " memory";
    }

    private static boolean lies(long generic, Space space) {
        Space found = Windows.spaceOf(generic);
        return found == space || found.isShared() && space.isShared();
    }

    private static Step isSpace(Form form) {
        Space space = MemoryForm.space(form);
        form.end(2);
        if (space == Space.GENERIC) {
            throw form.unknown();
        }
        int p = form.predicateTarget(form.operand(0));
        int a = form.wide(1, PtxType.U64);
        return (warp, mask) -> {
            int yes = 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                long generic = warp.wides[a + lane];
                boolean own = space == Space.SHARED_CLUSTER || !space.isShared()
                        || SharedMemory.rankOf(generic - Windows.SHARED) == warp.block.memory.shared().rank();
                yes |= lies(generic, space) && own ? 1 << lane : 0;
            }
            warp.predicates[p] = warp.predicates[p] & ~mask | yes;
            return Step.NEXT;
        };
    }

    /// `mapa{.shared::cluster}.type d, a, b`: the place of `a` in the block of rank `b`. Without the space, addresses are generic.
    private static Step map(Form form) {
        boolean shared = form.take("shared::cluster");
        PtxType type = form.type(PtxType.U32, PtxType.U64);
        form.end(3);
        int b = form.word(2, PtxType.U32);
        if (type == PtxType.U32) {
            if (!shared) {
                throw form.refuse("a generic address has 64 bits; write mapa.shared::cluster.u32 or mapa.u64");
            }
            int d = form.wordTarget(0, type);
            int a = form.word(1, type);
            return (warp, mask) -> {
                for (int left = mask; left != 0; left &= left - 1) {
                    int lane = Integer.numberOfTrailingZeros(left);
                    warp.words[d + lane] = (int) mapped(warp, lane, warp.words[a + lane] & 0xffff_ffffL, warp.words[b + lane]);
                }
                return Step.NEXT;
            };
        }
        int d = form.wideTarget(0, type);
        int a = form.wide(1, type);
        long base = shared ? 0 : Windows.SHARED;
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                warp.wides[d + lane] = mapped(warp, lane, warp.wides[a + lane] - base, warp.words[b + lane]) + base;
            }
            return Step.NEXT;
        };
    }

    private static long mapped(Warp warp, int lane, long address, int rank) {
        int blocks = warp.block.cluster.blockCount();
        if (rank < 0 || rank >= blocks) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, address, rank, "rank " + Integer.toUnsignedString(rank) + " in a cluster of " + blocks
                    + " blocks", null);
        } else if (address >>> 32 != 0) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, address, rank, "0x" + Long.toHexString(address) + " is no address of shared memory", null);
        }
        return SharedMemory.map(address, rank & 0xff);
    }

    private static Step rank(Form form) {
        boolean shared = form.take("shared::cluster");
        PtxType type = form.type(PtxType.U32, PtxType.U64);
        form.end(2);
        boolean wide = type == PtxType.U64;
        int d = form.wordTarget(0, PtxType.U32);
        int a = wide ? form.wide(1, type) : form.word(1, type);
        if (!wide && !shared) {
            throw form.refuse("a generic address has 64 bits; write getctarank.shared::cluster.u32 or getctarank.u64");
        }
        long base = shared ? 0 : Windows.SHARED;
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                warp.words[d + lane] = SharedMemory.rankOf((wide ? warp.wides[a + lane] : warp.words[a + lane] & 0xffff_ffffL) - base);
            }
            return Step.NEXT;
        };
    }
}
