package lucid.kernels.ptx.async;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.tensor.WgmmaUnit;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.WgmmaForm;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// `wgmma.*` (PTX ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions"): dense products, fences and groups.
public final class WgmmaSteps {
    private WgmmaSteps() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("wgmma", WgmmaSteps::decode);
    }

    private static Step decode(Instruction at, Decoding context) {
        var form = new Form(at, context);
        String what = form.oneOf("fence", "commit_group", "wait_group", "mma_async");
        form.oneOf("sync");
        form.oneOf("aligned");
        return switch (what) {
            case "fence" -> fence(form);
            case "commit_group" -> commit(form);
            case "wait_group" -> waitGroup(form);
            default -> multiply(form);
        };
    }

    private static Step fence(Form form) {
        form.end(0);
        return (warp, mask) -> {
            if (!Convergence.aligned(warp, mask, Kind.DIVERGENT_COLLECTIVE)) {
                return Step.WAIT;
            }
            BlockAsync.stateOf(warp).accumulators.fence();
            return Step.NEXT;
        };
    }

    private static Step commit(Form form) {
        form.end(0);
        return (warp, mask) -> {
            if (!Convergence.aligned(warp, mask, Kind.DIVERGENT_COLLECTIVE)) {
                return Step.WAIT;
            }
            BlockAsync.stateOf(warp).commitProducts();
            BlockAsync.of(warp).draw();
            return Step.NEXT;
        };
    }

    private static Step waitGroup(Form form) {
        int keep = CopySteps.groups(form);
        return (warp, mask) -> {
            if (!Convergence.aligned(warp, mask, Kind.DIVERGENT_COLLECTIVE)) {
                return Step.WAIT;
            }
            BlockAsync.stateOf(warp).awaitProducts(keep);
            return Step.NEXT;
        };
    }

    /// `.m64nNkK{.satfinite}.D.A.B d, a, b, scale-d{, imm-scale-a, imm-scale-b{{, imm-trans-a}, imm-trans-b}}`.
    private static Step multiply(Form form) {
        int[] shape = shape(form);
        boolean saturate = form.take("satfinite");
        Element d = element(form);
        Element a = element(form);
        Element b = element(form);
        boolean inRegisters = form.operands() > 1 && form.operand(1) instanceof Operand.Vector;
        boolean integer = a.integer();
        int transposes = a.bits() != 16 ? 0 : inRegisters ? 1 : 2;
        form.end(4 + (integer ? 0 : 2 + transposes));
        boolean negateA = !integer && sign(form, 4);
        boolean negateB = !integer && sign(form, 5);
        boolean transA = transposes == 2 && flag(form, 6);
        boolean transB = transposes > 0 && flag(form, transposes == 2 ? 7 : 6);
        try {
            var unit = new WgmmaUnit(new WgmmaForm(shape[0], shape[1], d, a, b), new WgmmaUnit.Options(negateA, negateB, transA, transB, saturate),
                    form.context().accumulation());
            int[] sum = registers(form, 0, unit.form().sum().registers(),
                    d == Element.S32 ? PtxType.S32 : d == Element.F32 ? PtxType.F32 : PtxType.B32);
            int[] left = inRegisters ? registers(form, 1, 4, PtxType.B32) : null;
            int descriptor = inRegisters ? -1 : form.wide(1, PtxType.B64);
            Decoding.PredicateSource scale = form.operand(3) instanceof Operand.Immediate ? null : form.predicate(3);
            return new Multiply(unit, sum, left, descriptor, form.wide(2, PtxType.B64), scale, scale == null && flag(form, 3),
                    shape[0] << 8 | d.ordinal(), new ConcurrentHashMap<>());
        } catch (IllegalArgumentException e) {
            throw form.refuse(e.getMessage());
        }
    }

    /// N and K of `m64nNkK`.
    private static int[] shape(Form form) {
        for (String modifier : form.at().modifiers()) {
            if (modifier.matches("m64n\\d{1,3}k\\d{1,3}") && form.take(modifier)) {
                int k = modifier.indexOf('k');
                return new int[] {Integer.parseInt(modifier.substring(4, k)), Integer.parseInt(modifier.substring(k + 1))};
            }
        }
        throw form.unknown();
    }

    private static Element element(Form form) {
        return Element.valueOf(form.oneOf("f32", "f16", "s32", "bf16", "tf32", "e4m3", "e5m2", "s8", "u8").toUpperCase(Locale.ROOT));
    }

    private static boolean sign(Form form, int i) {
        long sign = form.literal(i);
        if (sign != 1 && sign != -1) {
            throw form.refuse("operand " + (i + 1) + " (imm-scale) is " + sign + ", wanted 1 or -1");
        }
        return sign < 0;
    }

    private static boolean flag(Form form, int i) {
        long flag = form.literal(i);
        if (flag != 0 && flag != 1) {
            throw form.refuse("operand " + (i + 1) + " is " + flag + ", wanted 0 or 1");
        }
        return flag == 1;
    }

    private static int[] registers(Form form, int i, int count, PtxType type) {
        if (!(form.operand(i) instanceof Operand.Vector(List<Operand> elements)) || elements.size() != count) {
            throw form.refuse("operand " + (i + 1) + " must be a vector of " + count + " registers");
        }
        return form.context().shared(elements.stream().mapToInt(e -> form.wordTarget(e, type) / 32).toArray());
    }

    /// A product, decoded.
    ///
    /// @param d slots of the accumulators
    /// @param a slots of A's registers, or null
    /// @param left index of A's descriptor, -1 when A is in registers
    /// @param right index of B's descriptor
    /// @param scale predicate of scale-d, or null for the literal `scaled`
    /// @param shape tells accumulators of different layout apart
    /// @param ranges what the descriptors met so far read
    record Multiply(WgmmaUnit unit, int[] d, int[] a, int left, int right, Decoding.PredicateSource scale, boolean scaled, int shape,
                    Map<ReadRanges.Key, ReadRanges> ranges) implements Step {
        private static final int[] NONE = {};

        @Override
        public int run(Warp warp, int mask) {
            if (!Convergence.whole(warp, mask)) {
                return WAIT;
            }
            Warpgroup group = BlockAsync.of(warp).groupOf(warp);
            if (group.knows(warp)) {
                return group.proceed(warp);
            }
            if (!group.whole()) {
                warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "wgmma needs a warpgroup of four warps; the block ends within the one of warp "
                        + warp.index);
                return NEXT;
            }
            boolean add = scaled;
            if (scale != null) {
                int lanes = (warp.predicates[scale.slot()] ^ scale.flip()) & mask;
                add = lanes != 0;
                if (lanes != 0 && lanes != mask) {
                    warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "scale-d differs among the lanes of the warp");
                }
            }
            return group.join(warp, this, left < 0 ? 0 : uniform(warp, left, "A"), uniform(warp, right, "B"), add);
        }

        private static long uniform(Warp warp, int wide, String factor) {
            int same = Arrays.mismatch(warp.wides, wide, wide + 31, warp.wides, wide + 1, wide + 32);
            if (same >= 0) {
                warp.finding(Kind.DIVERGENT_COLLECTIVE, same + 1, -1, warp.wides[wide + same + 1], "the matrix descriptor of " + factor
                        + " differs among the lanes of the warp", null);
            }
            return warp.wides[wide];
        }

        int[] sources() {
            return a == null ? NONE : a;
        }
    }
}
