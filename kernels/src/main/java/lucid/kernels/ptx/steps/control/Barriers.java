package lucid.kernels.ptx.steps.control;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.NamedBarrier;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Barriers of a warp, a block and a cluster: `bar`, `barrier`, `bar.warp.sync`, `barrier.cluster`.
public final class Barriers {
    /// Modifiers in the order of the ISA's syntax lines. `bar` is always aligned and never says so.
    private static final Pattern BAR = Pattern.compile("(cta\\.)?(sync|arrive|red\\.popc\\.u32|red\\.(and|or)\\.pred)");
    private static final Pattern BARRIER =
            Pattern.compile("(cta\\.)?((sync|arrive)(\\.aligned)?|red\\.popc(\\.aligned)?\\.u32|red\\.(and|or)(\\.aligned)?\\.pred)");
    private static final Pattern CLUSTER = Pattern.compile("cluster\\.(arrive(\\.(release|relaxed))?|wait(\\.acquire)?)(\\.aligned)?");
    private static final int IDS = 16;
    private static final int MAX_THREADS = 1024;

    private Barriers() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("bar", Barriers::bar);
        table.put("barrier", Barriers::bar);
    }

    private static Step bar(Instruction at, Decoding context) {
        if (at.has("warp")) {
            return warpSync(at, context);
        }
        if (at.has("cluster")) {
            return cluster(at, context);
        }
        boolean bar = at.opcode().equals("bar");
        if (!written(at, bar ? BAR : BARRIER)) {
            throw context.unknown(at);
        }
        boolean aligned = bar || at.has("aligned");
        if (at.has("sync")) {
            return sync(operands(at, context, false), aligned);
        }
        if (at.has("arrive")) {
            return arrive(operands(at, context, true), aligned);
        }
        return reduction(at, context, aligned);
    }

    private static boolean written(Instruction at, Pattern forms) {
        return forms.matcher(String.join(".", at.modifiers())).matches();
    }

    private static Step warpSync(Instruction at, Decoding context) {
        if (!at.opcode().equals("bar") || !at.modifiers().equals(List.of("warp", "sync")) || at.operands().size() != 1) {
            throw context.unknown(at);
        }
        int members = context.word(at, at.operands().getFirst(), PtxType.B32);
        return (warp, mask) -> {
            if (!Convergence.members(warp, mask, Control.uniform(warp, mask, members, "the member mask"))) {
                return Step.WAIT;
            }
            warp.synchronised(mask);
            return Step.NEXT;
        };
    }

    private static Step cluster(Instruction at, Decoding context) {
        if (!at.opcode().equals("barrier") || !written(at, CLUSTER) || !at.operands().isEmpty()) {
            throw context.unknown(at);
        }
        boolean arrive = at.has("arrive");
        boolean aligned = at.has("aligned");
        boolean release = !at.has("relaxed");
        return (warp, mask) -> {
            if (aligned && !Convergence.aligned(warp, mask, Kind.DIVERGENT_BARRIER)) {
                return Step.WAIT;
            }
            if (arrive) {
                warp.block.cluster.barrier.arrive(warp, mask, release);
                return Step.NEXT;
            }
            return warp.block.cluster.barrier.await(warp, mask) ? Step.NEXT : warp.await(() -> "the cluster barrier");
        };
    }

    /// The barrier's number and its thread count: where they are and, when they are literals (as nearly always), what they are.
    ///
    /// @param id slot of the number
    /// @param fixedId the number when it is a literal, else -1
    /// @param threads slot of the thread count, -1 when all threads take part
    /// @param fixedThreads the thread count when it is a literal, else -1
    private record Operands(int id, int fixedId, int threads, int fixedThreads) {
        NamedBarrier barrier(Warp warp, int mask) {
            int number = fixedId >= 0 ? fixedId : Control.uniform(warp, mask, id, "the barrier's number");
            if (number < 0 || number >= IDS) {
                warp.finding(Kind.ILLEGAL_OPERAND, -1, -1, number, "barrier " + Integer.toUnsignedString(number)
                        + "; a block has barriers 0 to 15", null);
            }
            return warp.block.barrier(number & IDS - 1);
        }

        int count(Warp warp, int mask) {
            if (threads < 0) {
                return 0;
            }
            int count = fixedThreads >= 0 ? fixedThreads : Control.uniform(warp, mask, threads, "the barrier's thread count");
            if (count <= 0 || count > MAX_THREADS || count % 32 != 0) {
                warp.finding(Kind.ILLEGAL_OPERAND, -1, -1, count, "a barrier for " + count + " threads; wanted a multiple of 32 from 32 to "
                        + MAX_THREADS, null);
            }
            return Math.max(1, count);
        }
    }

    private static Operands operands(Instruction at, Decoding context, List<Operand> given) {
        for (Operand operand : given) {
            if (!(operand instanceof Operand.Reg) && !(operand instanceof Operand.Immediate)) {
                throw context.refuse(at, "a barrier's number and thread count are registers or literals; mov it into a register first");
            }
        }
        Operand id = given.getFirst();
        Operand threads = given.size() == 2 ? given.get(1) : null;
        return new Operands(context.word(at, id, PtxType.U32), literal(id), threads == null ? -1 : context.word(at, threads, PtxType.U32),
                literal(threads));
    }

    private static int literal(Operand operand) {
        return operand instanceof Operand.Immediate immediate && immediate.bits() >= 0 && immediate.bits() <= Integer.MAX_VALUE
                ? (int) immediate.bits() : -1;
    }

    private static Operands operands(Instruction at, Decoding context, boolean countNeeded) {
        List<Operand> given = at.operands();
        if (given.isEmpty() || given.size() > 2 || countNeeded && given.size() != 2) {
            throw context.unknown(at);
        }
        return operands(at, context, given);
    }

    private static Step sync(Operands operands, boolean aligned) {
        return (warp, mask) -> {
            NamedBarrier barrier = operands.barrier(warp, mask);
            if (aligned && barrier.fresh(warp, mask) != 0 && !Convergence.aligned(warp, mask, Kind.DIVERGENT_BARRIER)) {
                return Step.WAIT;
            }
            return barrier.sync(warp, mask, operands.count(warp, mask)) ? Step.NEXT : warp.await(barrier::toString);
        };
    }

    private static Step arrive(Operands operands, boolean aligned) {
        return (warp, mask) -> {
            if (aligned && !Convergence.aligned(warp, mask, Kind.DIVERGENT_BARRIER)) {
                return Step.WAIT;
            }
            operands.barrier(warp, mask).arrive(warp, mask, operands.count(warp, mask));
            return Step.NEXT;
        };
    }

    /// `bar.red.popc.u32 d, a{, b}, p` and `bar.red.{and,or}.pred q, a{, b}, p`: the barrier counts the lanes whose vote decides.
    private static Step reduction(Instruction at, Decoding context, boolean aligned) {
        boolean popc = at.has("popc");
        boolean and = at.has("and");
        if (at.operands().size() < 3) {
            throw context.unknown(at);
        }
        Operand source = at.operands().getLast();
        Decoding.PredicateSource vote = context.predicateSource(at, source);
        int destination = popc ? context.word(at, at.operands().getFirst(), PtxType.U32) : context.predicate(at, at.operands().getFirst());
        var rest = at.operands().subList(1, at.operands().size() - 1);
        if (rest.size() > 2) {
            throw context.unknown(at);
        }
        Operands operands = operands(at, context, rest);
        return (warp, mask) -> {
            NamedBarrier barrier = operands.barrier(warp, mask);
            int fresh = barrier.fresh(warp, mask);
            if (aligned && fresh != 0 && !Convergence.aligned(warp, mask, Kind.DIVERGENT_BARRIER)) {
                return Step.WAIT;
            }
            int votes = warp.predicates[vote.slot()] ^ vote.flip();
            barrier.contribute(Integer.bitCount(fresh & (and ? ~votes : votes)));
            if (!barrier.sync(warp, mask, operands.count(warp, mask))) {
                return warp.await(barrier::toString);
            }
            write(warp, mask, destination, popc, and, barrier.result(warp));
            return Step.NEXT;
        };
    }

    private static void write(Warp warp, int mask, int destination, boolean popc, boolean and, int counted) {
        if (!popc) {
            boolean value = and == (counted == 0);
            warp.predicates[destination] = value ? warp.predicates[destination] | mask : warp.predicates[destination] & ~mask;
            return;
        }
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                warp.words[destination * 32 + lane] = counted;
            }
        }
    }
}
