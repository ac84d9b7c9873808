package lucid.kernels.ptx.steps.memory;

import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.CheckedMemory;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `atom` and `red`: read-modify-writes of one location per lane.
public final class Atomics {
    private Atomics() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("atom", (at, context) -> decode(new Form(at, context), true));
        table.put("red", (at, context) -> decode(new Form(at, context), false));
    }

    private static Step decode(Form form, boolean returns) {
        Access how = access(form, returns);
        Space space = MemoryForm.space(form);
        if (space != Space.GENERIC && space != Space.GLOBAL && !space.isShared()) {
            throw form.unknown();
        }
        String operation = returns ? form.oneOf("and", "or", "xor", "cas", "exch", "add", "inc", "dec", "min", "max")
                : form.oneOf("and", "or", "xor", "add", "inc", "dec", "min", "max");
        boolean noFlush = form.take("noftz");
        boolean policy = form.take("L2::cache_hint");
        PtxType type = form.type();
        int first = returns ? 1 : 0;
        int sources = operation.equals("cas") ? 2 : 1;
        form.end(first + 1 + sources + (policy ? 1 : 0));
        if (policy) {
            form.wide(first + 1 + sources, PtxType.B64);
        }
        CheckedMemory.Update global = Updates.of(form, operation, type, noFlush, true);
        CheckedMemory.Update shared = Updates.of(form, operation, type, noFlush, false);
        boolean wide = type.bits() == 64;
        int result = !returns ? -1 : wide ? form.wideTarget(0, type) : form.wordTarget(0, type);
        int a = source(form, first + 1, type);
        int b = sources == 2 ? source(form, first + 2, type) : a;
        return step(MemoryForm.addresses(form, first, space), space, new Update(global, shared, type.bytes(), how), new Places(a, b, result, wide));
    }

    private record Update(CheckedMemory.Update global, CheckedMemory.Update shared, int bytes, Access how) {}

    /// @param result where the old values go, or -1
    private record Places(int a, int b, int result, boolean wide) {}

    private static int source(Form form, int i, PtxType type) {
        return type.bits() == 64 ? form.wide(i, type) : form.word(i, type);
    }

    /// `.relaxed` with scope `.gpu` is the default (PTX ISA, "atom").
    private static Access access(Form form, boolean returns) {
        String order = returns ? form.option("relaxed", "acquire", "release", "acq_rel") : form.option("relaxed", "release");
        String word = form.option("cta", "cluster", "gpu", "sys");
        Access.Scope scope = switch (word) {
            case "cta" -> Access.Scope.BLOCK;
            case "cluster" -> Access.Scope.CLUSTER;
            default -> Access.Scope.GPU;
        };
        return new Access(true, scope, order.equals("acquire") || order.equals("acq_rel"), order.equals("release") || order.equals("acq_rel"), false);
    }

    private static Step step(MemoryForm.Addresses addresses, Space space, Update update, Places places) {
        return (warp, mask) -> {
            addresses.compute(warp);
            int left = mask;
            while (left != 0) {
                Space where = space == Space.GENERIC ? Windows.spaceOf(warp.addresses[Integer.numberOfTrailingZeros(left)]) : space;
                int same = space == Space.GENERIC ? Routes.inWindow(warp.addresses, left, where) : left;
                left &= ~same;
                if (where == Space.SHARED && space != Space.GENERIC || where == Space.SHARED_CTA) {
                    same &= warp.block.cluster.blockCount() == 1 ? -1 : ~Routes.foreign(warp, same);
                }
                if (same != 0) {
                    run(warp, same, where, update, places);
                }
            }
            return Step.NEXT;
        };
    }

    private static void run(Warp warp, int mask, Space where, Update update, Places places) {
        boolean shared = where.isShared();
        CheckedMemory memory = shared ? warp.block.memory.shared() : warp.block.memory.global();
        long[] a = operand(warp, places.a(), places.wide());
        long[] b = places.b() == places.a() ? a : operand(warp, places.b(), places.wide());
        long[] old = new long[32];
        memory.atomic(warp, mask, warp.addresses, update.bytes(), update.how(), shared ? update.shared() : update.global(), a, b, old);
        if (places.result() < 0) {
            return;
        }
        for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            if (places.wide()) {
                warp.wides[places.result() + lane] = old[lane];
            } else {
                warp.words[places.result() + lane] = (int) old[lane];
            }
        }
    }

    private static long[] operand(Warp warp, int base, boolean wide) {
        long[] values = new long[32];
        for (int lane = 0; lane < 32; lane++) {
            values[lane] = wide ? warp.wides[base + lane] : warp.words[base + lane] & 0xffff_ffffL;
        }
        return values;
    }
}
