package lucid.kernels.ptx.steps.memory;

import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// Advice to the caches: `prefetch`, `prefetchu`, `applypriority`, `discard`, `createpolicy`. There is no cache here, so that addresses are checked
/// and nothing else happens; only `discard` leaves its 128 bytes uninitialised.
public final class Prefetch {
    private static final int LINE = 128;
    private static final String[] PRIMARY = {"L2::evict_last", "L2::evict_normal", "L2::evict_first", "L2::evict_unchanged"};
    private static final String[] SECONDARY = {"L2::evict_first", "L2::evict_unchanged"};

    private Prefetch() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("prefetch", (at, context) -> prefetch(new Form(at, context)));
        table.put("prefetchu", (at, context) -> uniform(new Form(at, context)));
        table.put("applypriority", (at, context) -> priority(new Form(at, context)));
        table.put("discard", (at, context) -> discard(new Form(at, context)));
        table.put("createpolicy", (at, context) -> policy(new Form(at, context)));
    }

    private static Step prefetch(Form form) {
        Space space = MemoryForm.space(form);
        if (form.take("tensormap")) {
            form.end(1);
            MemoryForm.Addresses addresses = MemoryForm.addresses(form, 0, space);
            return (warp, _) -> {
                addresses.compute(warp);
                return Step.NEXT;
            };
        }
        String level = form.oneOf("L1", "L2", "L2::evict_last", "L2::evict_normal");
        if (space != Space.GENERIC && space != Space.GLOBAL && (space != Space.LOCAL || level.contains("::"))) {
            throw form.unknown();
        }
        form.end(1);
        return checked(form, space);
    }

    private static Step uniform(Form form) {
        form.oneOf("L1");
        form.end(1);
        return checked(form, Space.GENERIC);
    }

    private static Step priority(Form form) {
        Space space = MemoryForm.space(form);
        form.oneOf("L2::evict_normal");
        line(form, space);
        return checked(form, space);
    }

    private static void line(Form form, Space space) {
        form.end(2);
        if (space != Space.GLOBAL && space != Space.GENERIC || form.literal(1) != LINE) {
            throw form.refuse("wanted a global address and the size " + LINE);
        }
    }

    /// Global addresses must be allocated; other spaces are not cached by these instructions.
    private static Step checked(Form form, Space space) {
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 0, space);
        return (warp, mask) -> {
            addresses.compute(warp);
            int global = globalLanes(warp, mask, space);
            if (global != 0) {
                warp.block.memory.global().touch(warp, global, warp.addresses, 1);
            }
            return Step.NEXT;
        };
    }

    private static int globalLanes(Warp warp, int mask, Space space) {
        int lanes = space == Space.GLOBAL ? mask : 0;
        for (int left = space == Space.GENERIC ? mask : 0; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            Space found = Windows.spaceOf(warp.addresses[lane]);
            lanes |= found == Space.GLOBAL || found == Space.GENERIC ? 1 << lane : 0;
        }
        return lanes;
    }

    private static Step discard(Form form) {
        Space space = MemoryForm.space(form);
        form.oneOf("L2");
        line(form, space);
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 0, space);
        return (warp, mask) -> {
            addresses.compute(warp);
            warp.block.memory.global().discard(warp, mask, warp.addresses, LINE);
            return Step.NEXT;
        };
    }

    private static Step policy(Form form) {
        String kind = form.oneOf("fractional", "range", "cvt");
        if (kind.equals("cvt")) {
            form.oneOf("L2");
        } else {
            if (kind.equals("range")) {
                form.take("global");
            }
            form.oneOf(PRIMARY);
            form.option(SECONDARY);
        }
        form.type(PtxType.B64);
        switch (kind) {
            case "fractional" -> form.end(1, 2);
            case "range" -> form.end(4);
            default -> form.end(2);
        }
        sources(form, kind);
        int d = form.wideTarget(0, PtxType.B64);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                warp.wides[d + Integer.numberOfTrailingZeros(left)] = OPAQUE;
            }
            return Step.NEXT;
        };
    }

    /// What a policy looks like; nothing reads it.
    private static final long OPAQUE = 0x1000_0000_0000_0000L;

    private static void sources(Form form, String kind) {
        switch (kind) {
            case "fractional" -> {
                if (form.operands() == 2) {
                    form.word(1, PtxType.F32);
                }
            }
            case "range" -> {
                if (!(form.operand(1) instanceof Operand.Address)) {
                    throw form.refuse("operand 2 must be a memory operand in brackets");
                }
                form.word(2, PtxType.U32);
                form.word(3, PtxType.U32);
            }
            default -> form.wide(1, PtxType.B64);
        }
    }
}
