package lucid.kernels.ptx.steps.memory;

import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `ld` and `st` of all types and spaces. Cache operators and hints are checked for their spelling and otherwise without effect: they do not change
/// values.
public final class LoadStore {
    private static final int MAX_BYTES = 16;

    private LoadStore() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("ld", (at, context) -> load(new Form(at, context)));
        table.put("st", (at, context) -> store(new Form(at, context)));
    }

    /// How an instruction accesses memory, and where.
    private record Way(Access how, Space space, boolean policy) {}

    private static Step load(Form form) {
        Way way = loadWay(form);
        int count = elements(form);
        PtxType type = type(form, count);
        form.end(way.policy() ? 3 : 2);
        policy(form, way, 2);
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 1, way.space());
        Routes.Route route = Routes.load(form, way.space());
        int bytes = type.bytes() * count;
        Access how = way.how();
        List<Operand> targets = vector(form, 0, count);
        int[] direct = Values.direct(form, targets, type);
        if (direct != null) {
            return loadDirect(addresses, way.space(), route, bytes, how, direct);
        }
        Values.Unpack[] unpack = Values.unpack(form, targets, type);
        return (warp, mask) -> {
            addresses.compute(warp);
            route.go(warp, mask, bytes, how, warp.staging, Values.STAGED);
            for (Values.Unpack element : unpack) {
                element.run(warp, mask);
            }
            return Step.NEXT;
        };
    }

    /// Words go straight into registers. The spaces that matter have steps of their own: a call through an interface takes as long as a vector of
    /// lanes.
    private static Step loadDirect(MemoryForm.Addresses addresses, Space space, Routes.Route route, int bytes, Access how, int[] direct) {
        return switch (space) {
            case GLOBAL -> (warp, mask) -> {
                addresses.compute(warp);
                warp.block.memory.global().load(warp, mask, warp.addresses, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
            case SHARED, SHARED_CTA -> (warp, mask) -> {
                addresses.compute(warp);
                Routes.loadShared(warp, mask, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
            default -> (warp, mask) -> {
                addresses.compute(warp);
                route.go(warp, mask, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
        };
    }

    private static Way loadWay(Form form) {
        boolean isVolatile = form.take("volatile");
        String order = isVolatile ? "volatile" : form.option("relaxed", "acquire", "weak");
        boolean strong = !order.isEmpty() && !order.equals("weak");
        Access.Scope scope = strong && !isVolatile ? MemoryForm.scope(form) : Access.Scope.GPU;
        Space space = MemoryForm.space(form);
        boolean nonCoherent = false;
        boolean policy = false;
        if (!isVolatile) {
            boolean cached = !strong && !form.option("ca", "cg", "cs", "lu", "cv").isEmpty();
            nonCoherent = !strong && form.take("nc");
            policy = !cached && MemoryForm.hints(form, true) || cached && form.take("L2::cache_hint");
            if (cached) {
                form.option("L2::64B", "L2::128B", "L2::256B");
            }
        }
        if (nonCoherent && space != Space.GLOBAL || strong && readOnly(space)) {
            throw form.unknown();
        }
        Access how = strong ? new Access(true, scope, order.equals("acquire"), false, false) : nonCoherent ? Access.NON_COHERENT : Access.WEAK;
        return new Way(how, space, policy);
    }

    private static boolean readOnly(Space space) {
        return space == Space.CONST || space == Space.PARAM;
    }

    private static Step store(Form form) {
        Way way = storeWay(form);
        int count = elements(form);
        PtxType type = type(form, count);
        form.end(way.policy() ? 3 : 2);
        policy(form, way, 2);
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 0, way.space());
        Routes.Route route = Routes.store(form, way.space());
        int bytes = type.bytes() * count;
        Access how = way.how();
        List<Operand> sources = vector(form, 1, count);
        if (count == 1 && (sources.getFirst() instanceof Operand.Special || sources.getFirst() instanceof Operand.Symbol)) {
            throw form.refuse("a special register or an address cannot be stored; mov it into a register first");
        }
        int[] direct = Values.stored(form, sources, type);
        if (direct != null) {
            return storeDirect(addresses, way.space(), route, bytes, how, direct);
        }
        Values.Pack[] pack = Values.pack(form, sources, type);
        return (warp, mask) -> {
            addresses.compute(warp);
            for (Values.Pack element : pack) {
                element.run(warp);
            }
            route.go(warp, mask, bytes, how, warp.staging, Values.STAGED);
            return Step.NEXT;
        };
    }

    /// Words come straight from registers.
    private static Step storeDirect(MemoryForm.Addresses addresses, Space space, Routes.Route route, int bytes, Access how, int[] direct) {
        return switch (space) {
            case GLOBAL -> (warp, mask) -> {
                addresses.compute(warp);
                warp.block.memory.global().store(warp, mask, warp.addresses, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
            case SHARED, SHARED_CTA -> (warp, mask) -> {
                addresses.compute(warp);
                Routes.storeShared(warp, mask, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
            default -> (warp, mask) -> {
                addresses.compute(warp);
                route.go(warp, mask, bytes, how, warp.words, direct);
                return Step.NEXT;
            };
        };
    }

    private static Way storeWay(Form form) {
        boolean isVolatile = form.take("volatile");
        String order = isVolatile ? "volatile" : form.option("relaxed", "release", "weak");
        boolean strong = !order.isEmpty() && !order.equals("weak");
        Access.Scope scope = strong && !isVolatile ? MemoryForm.scope(form) : Access.Scope.GPU;
        Space space = MemoryForm.space(form);
        boolean policy = false;
        if (!isVolatile) {
            boolean cached = !strong && !form.option("wb", "cg", "cs", "wt").isEmpty();
            policy = cached ? form.take("L2::cache_hint") : MemoryForm.hints(form, false);
        }
        return new Way(strong ? new Access(true, scope, false, order.equals("release"), false) : Access.WEAK, space, policy);
    }

    private static int elements(Form form) {
        return form.take("v2") ? 2 : form.take("v4") ? 4 : 1;
    }

    private static PtxType type(Form form, int count) {
        PtxType type = form.type(PtxType.B8, PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U8, PtxType.U16, PtxType.U32, PtxType.U64,
                PtxType.S8, PtxType.S16, PtxType.S32, PtxType.S64, PtxType.F32, PtxType.F64);
        if (type.bytes() * count > MAX_BYTES) {
            throw form.refuse("found an access of " + type.bytes() * count + " bytes per lane, wanted at most " + MAX_BYTES);
        }
        return type;
    }

    private static List<Operand> vector(Form form, int operand, int count) {
        if (count == 1) {
            return List.of(form.operand(operand));
        }
        if (form.operand(operand) instanceof Operand.Vector(List<Operand> elements) && elements.size() == count) {
            return elements;
        }
        throw form.refuse("operand " + (operand + 1) + " must be a vector of " + count);
    }

    /// A cache policy is any value that `createpolicy` has made; only its register is checked.
    private static void policy(Form form, Way way, int operand) {
        if (way.policy()) {
            form.wide(operand, PtxType.B64);
        }
    }
}
