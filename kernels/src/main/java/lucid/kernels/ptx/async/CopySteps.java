package lucid.kernels.ptx.async;

import java.util.ArrayList;
import java.util.Map;
import lucid.kernels.ptx.async.work.CopyAsync;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Phase;
import lucid.kernels.ptx.async.work.Work;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Space;

/// The opcode `cp`: `cp.async` and its waits here, bulk copies in [BulkSteps] (PTX ISA, "Data Movement and Conversion Instructions: cp.async").
public final class CopySteps {
    private static final int[] BASES = {0, 32, 64, 96};

    private CopySteps() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("cp", CopySteps::decode);
    }

    private static Step decode(Instruction at, Decoding context) {
        var form = new Form(at, context);
        if (form.take("reduce")) {
            form.oneOf("async");
            form.oneOf("bulk");
            return BulkSteps.reduce(form);
        }
        form.oneOf("async");
        return switch (form.oneOf("ca", "cg", "commit_group", "wait_group", "wait_all", "mbarrier", "bulk")) {
            case "ca" -> copy(form, true);
            case "cg" -> copy(form, false);
            case "commit_group" -> commit(form);
            case "wait_group" -> waitGroup(form);
            case "wait_all" -> waitAll(form);
            case "mbarrier" -> arrive(form);
            default -> BulkSteps.decode(form);
        };
    }

    private static Step commit(Form form) {
        form.end(0);
        return (warp, mask) -> {
            BlockAsync.stateOf(warp).copies.commit(mask);
            BlockAsync.of(warp).draw();
            return Step.NEXT;
        };
    }

    /// A literal count of groups.
    static int groups(Form form) {
        form.end(1);
        long keep = form.literal(0);
        if (keep < 0 || keep > Integer.MAX_VALUE) {
            throw form.refuse("number of groups " + keep + " is not in 0.." + Integer.MAX_VALUE);
        }
        return (int) keep;
    }

    private static Step waitGroup(Form form) {
        int keep = groups(form);
        return (warp, mask) -> {
            BlockAsync.of(warp).draw();
            BlockAsync.stateOf(warp).copies.await(mask, keep, true, CopyAsync::land);
            return Step.NEXT;
        };
    }

    private static Step waitAll(Form form) {
        form.end(0);
        return (warp, mask) -> {
            BlockAsync.stateOf(warp).copies.awaitAll(mask, CopyAsync::land);
            return Step.NEXT;
        };
    }

    /// `cp.async.mbarrier.arrive{.noinc}.shared.b64 [addr]`.
    private static Step arrive(Form form) {
        form.oneOf("arrive");
        boolean noinc = form.take("noinc");
        Space space = MbarrierSteps.spaceAndType(form, false);
        form.end(1);
        Location where = Location.of(form.at(), form.context(), 0, space);
        return (warp, mask) -> {
            for (int left = mask; left != 0; ) {
                int lane = Integer.numberOfTrailingZeros(left);
                long address = where.at(warp, lane);
                int same = 0;
                for (int rest = left; rest != 0; rest &= rest - 1) {
                    int other = Integer.numberOfTrailingZeros(rest);
                    same |= where.at(warp, other) == address ? 1 << other : 0;
                }
                left &= ~same;
                Mbarrier mbarrier = MbarrierSteps.at(warp, lane, space, where);
                if (mbarrier != null) {
                    arrive(warp, same, mbarrier, noinc);
                }
            }
            return Step.NEXT;
        };
    }

    private static void arrive(Warp warp, int lanes, Mbarrier mbarrier, boolean noinc) {
        for (int i = noinc ? 0 : Integer.bitCount(lanes); i > 0; i--) {
            MbarrierSteps.report(warp, Integer.numberOfTrailingZeros(lanes), mbarrier, mbarrier.expect(Phase::addPending));
        }
        var covered = new ArrayList<CopyAsync>();
        BlockAsync.stateOf(warp).copies.forEach((copy, _) -> covered.add(copy));
        var arrival = new Work(warp.site(Integer.numberOfTrailingZeros(lanes))) {
            @Override
            protected void happen() {
                mbarrier.remove(this);
                covered.forEach(copy -> copy.land(lanes));
                long moment = warp.clock().moment();
                Fault fault = mbarrier.complete(moment, warp.clock().release(), false, phase -> phase.arrive(Integer.bitCount(lanes)));
                BlockAsync.report(warp.block, fault, site(), mbarrier);
            }
        };
        mbarrier.add(arrival);
        BlockAsync.of(warp).issued(arrival);
    }

    /// `cp.async.{ca|cg}.shared.global{.L2::cache_hint}{.L2::SIZE} [dst], [src], size{, src-size | ignore-src}{, policy}`.
    private static Step copy(Form form, boolean allLevels) {
        form.oneOf("shared", "shared::cta");
        form.oneOf("global");
        boolean hint = form.take("L2::cache_hint");
        form.option("L2::64B", "L2::128B", "L2::256B");
        int operands = form.operands() - (hint ? 1 : 0);
        form.end(hint ? 4 : 3, hint ? 5 : 4);
        Location target = Location.of(form.at(), form.context(), 0, Space.SHARED);
        Location source = Location.of(form.at(), form.context(), 1, Space.GLOBAL);
        long size = form.literal(2);
        if (size != 16 && !(allLevels && (size == 4 || size == 8))) {
            throw form.refuse("size " + size + "; wanted " + (allLevels ? "4, 8 or 16" : "16"));
        }
        if (hint) {
            form.wide(operands, PtxType.B64);
        }
        if (operands == 3) {
            return new Copy(target, source, (int) size, -1, null);
        }
        boolean predicate = form.operand(3) instanceof Operand.Reg(Register register, boolean _) && register.type() == PtxType.PRED;
        return predicate ? new Copy(target, source, (int) size, -1, form.predicate(3))
                : new Copy(target, source, (int) size, form.word(3, PtxType.U32), null);
    }

    /// @param length where each lane's number of source bytes is, -1 for all
    /// @param ignore lanes that copy zeros, null for none
    private record Copy(Location target, Location source, int size, int length, Decoding.PredicateSource ignore) implements Step {
        @Override
        public int run(Warp warp, int mask) {
            var home = BlockAsync.of(warp);
            SharedMemory shared = warp.block.memory.shared();
            var flight = Flight.begin(warp, -1, Flight.Kind.CP_ASYNC, "a cp.async");
            long[] targets = new long[32];
            long[] sources = new long[32];
            int[] lengths = new int[32];
            int ignored = ignore == null ? 0 : warp.predicates[ignore.slot()] ^ ignore.flip();
            int whole = 0;
            int good = 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                targets[lane] = target.at(warp, lane);
                sources[lane] = source.at(warp, lane);
                lengths[lane] = (ignored >>> lane & 1) != 0 ? 0 : length < 0 ? size : warp.words[length + lane];
                if (legal(warp, lane, targets[lane], sources[lane], lengths[lane]) && flight.writes(shared, lane, targets[lane], size)) {
                    good |= 1 << lane;
                    whole |= lengths[lane] == size ? 1 << lane : 0;
                }
            }
            read(warp, flight, good, whole, sources, lengths);
            count(warp, good, whole, targets, sources, lengths);
            var copy = new CopyAsync(warp, flight, good, size, targets, sources, lengths);
            if (good != 0) {
                BlockAsync.stateOf(warp).copies.add(copy, good);
                home.issued(copy);
                copy.poison();
            }
            return NEXT;
        }

        /// What the load of whole lanes has not counted.
        private void count(Warp warp, int good, int whole, long[] targets, long[] sources, int[] lengths) {
            int at = warp.instruction().index();
            if (good == 0) {
                return;
            }
            warp.traffic().sharedHalf(at, good, targets, size);
            if (whole == 0) {
                warp.traffic().request(at);
            }
            for (int left = good & ~whole; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                if (lengths[lane] > 0) {
                    warp.traffic().globalRange(at, sources[lane], lengths[lane]);
                }
            }
        }

        private boolean legal(Warp warp, int lane, long to, long from, int bytes) {
            if ((to & size - 1) != 0 || (from & size - 1) != 0) {
                boolean first = (to & size - 1) != 0;
                warp.finding(Kind.MISALIGNED, lane, first ? to : from, size, "cp.async of " + size + " bytes "
                        + (first ? "to a shared" : "from a global")
                        + " address that is not a multiple of " + size, null);
                return false;
            }
            if (bytes < 0 || bytes > size) {
                warp.finding(Kind.ILLEGAL_OPERAND, lane, to, bytes, "src-size " + Integer.toUnsignedString(bytes) + " is over the size, "
                        + size, null);
                return false;
            }
            return true;
        }

        /// The checks of an ordinary load; the bytes are taken when the copy happens.
        private void read(Warp warp, Flight flight, int good, int whole, long[] sources, int[] lengths) {
            if (whole != 0) {
                warp.block.memory.global().load(warp, whole, sources, size, Access.WEAK, new int[128], BASES);
            }
            for (int left = good & ~whole; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                if (lengths[lane] > 0) {
                    flight.reads(warp.block.memory.global(), lane, sources[lane], lengths[lane]);
                }
            }
        }
    }
}
