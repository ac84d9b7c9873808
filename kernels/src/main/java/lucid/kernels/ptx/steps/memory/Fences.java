package lucid.kernels.ptx.steps.memory;

import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;

/// `fence` and `membar`: order among threads, and between the generic and the async proxy of one thread.
public final class Fences {
    private static final int TENSOR_MAP_BYTES = 128;

    private Fences() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("fence", (at, context) -> fence(new Form(at, context)));
        table.put("membar", (at, context) -> membar(new Form(at, context)));
    }

    private static Step fence(Form form) {
        if (form.take("proxy")) {
            return proxy(form);
        }
        if (form.take("mbarrier_init")) {
            if (!form.take("release") || !form.take("cluster")) {
                throw form.unknown();
            }
            form.end(0);
            return (warp, mask) -> {
                if (warp.block.async != null) {
                    warp.block.async.mbarrierInitFence(warp, mask);
                }
                return Step.NEXT;
            };
        }
        form.option("sc", "acq_rel");
        Access.Scope scope = MemoryForm.scope(form);
        form.end(0);
        return ordering(scope);
    }

    private static Step ordering(Access.Scope scope) {
        return (warp, mask) -> {
            warp.clock().fence(scope, mask);
            return Step.NEXT;
        };
    }

    /// `membar.{cta,gl,sys}` is `fence.sc.{cta,gpu,sys}` (PTX ISA, "membar").
    private static Step membar(Form form) {
        if (form.take("proxy")) {
            return proxy(form);
        }
        Access.Scope scope = form.oneOf("cta", "gl", "sys").equals("cta") ? Access.Scope.BLOCK : Access.Scope.GPU;
        form.end(0);
        return ordering(scope);
    }

    private static Step proxy(Form form) {
        if (form.take("tensormap::generic")) {
            return tensorMap(form);
        }
        if (form.take("alias")) {
            form.end(0);
            return (_, _) -> Step.NEXT;
        }
        if (!form.take("async")) {
            throw form.unknown();
        }
        String space = form.option("global", "shared::cta", "shared::cluster");
        form.end(0);
        boolean global = space.isEmpty() || space.equals("global");
        boolean shared = !space.equals("global");
        return (warp, mask) -> {
            warp.clock().proxyFence(mask, global, shared);
            if (warp.block.async != null) {
                warp.block.async.proxyFence(warp, mask);
            }
            return Step.NEXT;
        };
    }

    /// `fence.proxy.tensormap::generic.{acquire.scope [map], 128 | release.scope}`: tensor maps are read when a copy is issued, so that ordinary
    /// order is all they need.
    private static Step tensorMap(Form form) {
        boolean acquire = form.oneOf("acquire", "release").equals("acquire");
        Access.Scope scope = MemoryForm.scope(form);
        form.end(acquire ? 2 : 0);
        if (acquire && (!(form.operand(0) instanceof Operand.Address) || !(form.operand(1) instanceof Operand.Immediate size)
                || size.bits() != TENSOR_MAP_BYTES)) {
            throw form.refuse("wanted [address], " + TENSOR_MAP_BYTES);
        }
        return ordering(scope);
    }
}
