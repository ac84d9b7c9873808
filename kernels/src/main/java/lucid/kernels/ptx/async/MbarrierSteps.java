package lucid.kernels.ptx.async;

import java.util.Map;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Phase;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `mbarrier.*` but the waits ([MbarrierWaits]): PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier".
public final class MbarrierSteps {
    private static final int[] TWO_WORDS = {0, 32};

    private MbarrierSteps() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("mbarrier", MbarrierSteps::decode);
    }

    private static Step decode(Instruction at, Decoding context) {
        var form = new Form(at, context);
        return switch (form.oneOf("init", "inval", "expect_tx", "complete_tx", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count")) {
            case "init" -> init(form);
            case "inval" -> inval(form);
            case "expect_tx" -> transactions(form, Phase::expectTx);
            case "complete_tx" -> transactions(form, Phase::completeTx);
            case "arrive" -> arrive(form, false);
            case "arrive_drop" -> arrive(form, true);
            case "test_wait" -> MbarrierWaits.decode(form, false);
            case "try_wait" -> MbarrierWaits.decode(form, true);
            default -> pendingCount(form);
        };
    }

    /// `{.shared{::cta}}`, and `.shared::cluster` where that may be; then `.b64`.
    static Space spaceAndType(Form form, boolean remote) {
        String space = remote ? form.option("shared", "shared::cta", "shared::cluster") : form.option("shared", "shared::cta");
        form.type(PtxType.B64);
        return Space.of(space).orElse(Space.GENERIC);
    }

    private static Step init(Form form) {
        Space space = spaceAndType(form, false);
        form.end(2);
        Location where = Location.of(form.at(), form.context(), 0, space);
        int count = form.word(1, PtxType.U32);
        return (warp, mask) -> {
            long[] addresses = new long[32];
            int[] value = new int[64];
            int lanes = 0;
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                addresses[lane] = BlockAsync.shared(warp, lane, space, where.at(warp, lane));
                value[lane] = warp.words[count + lane];
                lanes |= addresses[lane] < 0 ? 0 : 1 << lane;
            }
            if (lanes != 0) {
                warp.block.memory.shared().store(warp, lanes, addresses, 8, Access.WEAK, value, TWO_WORDS);
            }
            for (int left = lanes; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                if ((addresses[lane] & 7) == 0 && warp.block.memory.shared().peek(addresses[lane], new byte[8], 0, 8)) {
                    BlockAsync.of(warp).init(warp, lane, addresses[lane], value[lane]);
                }
            }
            return Step.NEXT;
        };
    }

    private static Step inval(Form form) {
        Space space = spaceAndType(form, false);
        form.end(1);
        Location where = Location.of(form.at(), form.context(), 0, space);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                Mbarrier mbarrier = at(warp, lane, space, where);
                if (mbarrier != null) {
                    String unfinished = mbarrier.unfinished();
                    if (unfinished != null) {
                        warp.finding(Kind.UNFINISHED_ASYNC, lane, mbarrier.address, 0, "invalidates an mbarrier while " + unfinished, mbarrier.made);
                    }
                    BlockAsync.of(warp).remove(mbarrier);
                }
            }
            return Step.NEXT;
        };
    }

    /// The mbarrier that a lane's operand names; null after a finding.
    static Mbarrier at(Warp warp, int lane, Space space, Location where) {
        long address = BlockAsync.shared(warp, lane, space, where.at(warp, lane));
        return address < 0 ? null : BlockAsync.find(warp, lane, address);
    }

    @FunctionalInterface
    private interface Counted {
        Fault apply(Phase phase, int count);
    }

    /// `mbarrier.expect_tx` and `mbarrier.complete_tx` `{.relaxed}{.scope}{.space}.b64 [addr], bytes`.
    private static Step transactions(Form form, Counted what) {
        form.take("relaxed");
        form.option("cta", "cluster");
        Space space = spaceAndType(form, true);
        form.end(2);
        Location where = Location.of(form.at(), form.context(), 0, space);
        int bytes = form.word(1, PtxType.U32);
        boolean completes = form.at().has("complete_tx");
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                Mbarrier mbarrier = at(warp, lane, space, where);
                int count = warp.words[bytes + lane];
                if (mbarrier != null) {
                    report(warp, lane, mbarrier, completes ? mbarrier.complete(warp.clock().moment(), Snapshot.NONE, false,
                            phase -> what.apply(phase, count))
                            : mbarrier.expect(phase -> what.apply(phase, count)));
                }
            }
            return Step.NEXT;
        };
    }

    /// `mbarrier.arrive` and `mbarrier.arrive_drop`, with `.expect_tx` or `.noComplete` or neither.
    private static Step arrive(Form form, boolean drop) {
        boolean expect = form.take("expect_tx");
        boolean noComplete = !expect && form.take("noComplete");
        form.take("release");
        form.option("cta", "cluster");
        Space space = spaceAndType(form, !noComplete);
        int operands = form.operands();
        form.end(expect || noComplete ? 3 : 2, 3);
        boolean sink = form.operand(0) instanceof Operand.Sink;
        if (space == Space.SHARED_CLUSTER && !sink) {
            throw form.refuse("a remote arrival returns no state; write _");
        }
        int state = form.wideTarget(0, PtxType.B64);
        Location where = Location.of(form.at(), form.context(), 1, space);
        int count = operands == 3 ? form.word(2, PtxType.U32) : -1;
        Counted arrival = expect ? drop ? MbarrierSteps::expectAndDrop : MbarrierSteps::expectAndArrive
                : noComplete ? drop ? Phase::arriveDropNoComplete : Phase::arriveNoComplete : drop ? Phase::arriveDrop : Phase::arrive;
        return (warp, mask) -> {
            Snapshot past = warp.clock().release(mask, warp.live);
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                Mbarrier mbarrier = at(warp, lane, space, where);
                if (mbarrier == null) {
                    continue;
                }
                warp.wides[state + lane] = mbarrier.phase().token();
                int n = count < 0 ? 1 : warp.words[count + lane];
                report(warp, lane, mbarrier, mbarrier.arrive(warp, mask, past, phase -> arrival.apply(phase, n)));
            }
            BlockAsync.of(warp).draw();
            return Step.NEXT;
        };
    }

    private static Fault expectAndArrive(Phase phase, int bytes) {
        Fault fault = phase.expectTx(bytes);
        return fault != null ? fault : phase.arrive(1);
    }

    private static Fault expectAndDrop(Phase phase, int bytes) {
        Fault fault = phase.expectTx(bytes);
        return fault != null ? fault : phase.arriveDrop(1);
    }

    /// `mbarrier.pending_count.b64 count, state`.
    private static Step pendingCount(Form form) {
        form.type(PtxType.B64);
        form.end(2);
        int count = form.wordTarget(0, PtxType.U32);
        int state = form.wide(1, PtxType.B64);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                warp.words[count + lane] = Phase.pendingOf(warp.wides[state + lane]);
            }
            return Step.NEXT;
        };
    }

    /// Reports what is wrong with a request, if anything is.
    static void report(Warp warp, int lane, Mbarrier mbarrier, Fault fault) {
        if (fault != null) {
            warp.finding(fault.kind(), lane, mbarrier.address, mbarrier.phase().token(), fault.message(), mbarrier.made);
        }
    }
}
