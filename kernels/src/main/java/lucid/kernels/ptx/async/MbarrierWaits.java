package lucid.kernels.ptx.async;

import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Phase;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `mbarrier.test_wait` and `mbarrier.try_wait`, by state and by parity.
///
/// `try_wait` is a bounded wait: it suspends the warp until the phase is complete or, when nothing else in the cluster can run either, until
/// its time has run out. Under late timing the first `try_wait` of an incomplete phase comes back empty-handed at once, which it may at any time.
final class MbarrierWaits implements Step {
    private final boolean bounded;
    private final boolean parity;
    private final Space space;
    private final Location where;
    private final int wanted;
    private final int result;

    private MbarrierWaits(Form form, boolean bounded) {
        this.bounded = bounded;
        this.parity = form.take("parity");
        form.take("acquire");
        form.option("cta", "cluster");
        this.space = MbarrierSteps.spaceAndType(form, false);
        form.end(3, bounded ? 4 : 3);
        this.result = form.predicateTarget(form.operand(0));
        this.where = Location.of(form.at(), form.context(), 1, space);
        this.wanted = parity ? form.word(2, PtxType.U32) : form.wide(2, PtxType.B64);
        if (form.operands() == 4) {
            form.word(3, PtxType.U32);
        }
    }

    static Step decode(Form form, boolean bounded) {
        return new MbarrierWaits(form, bounded);
    }

    @Override
    public int run(Warp warp, int mask) {
        BlockAsync home = BlockAsync.of(warp);
        WarpAsync state = BlockAsync.stateOf(warp);
        home.draw();
        int complete = 0;
        Mbarrier open = null;
        Mbarrier last = null;
        long lastAddress = -1;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            long address = where.at(warp, lane);
            if (address != lastAddress) {
                last = MbarrierSteps.at(warp, lane, space, where);
                lastAddress = address;
            }
            if (last == null || done(warp, lane, last)) {
                complete |= 1 << lane;
            } else {
                open = last;
            }
        }
        if (complete == 0 && bounded && !emptyHanded(home, state, open) && state.block()) {
            Mbarrier waitedFor = open;
            open.want();
            return warp.await(() -> describe(warp, mask, waitedFor));
        }
        state.unblock();
        warp.predicates[result] = warp.predicates[result] & ~mask | complete;
        if (complete != 0) {
            pass(warp, complete);
        }
        if (complete == mask) {
            return Step.NEXT;
        }
        open.want();
        Mbarrier polled = open;
        return warp.poll(() -> describe(warp, mask, polled));
    }

    private static boolean emptyHanded(BlockAsync home, WarpAsync state, Mbarrier open) {
        return state.first(open.address, open.phase().completed()) && home.spurious();
    }

    private boolean done(Warp warp, int lane, Mbarrier mbarrier) {
        Fault fault;
        boolean done;
        if (parity) {
            int bit = warp.words[wanted + lane];
            fault = mbarrier.pollParity(warp, bit);
            done = mbarrier.phase().parityDone(bit);
        } else {
            long token = warp.wides[wanted + lane];
            fault = mbarrier.pollState(token);
            done = mbarrier.phase().completed() != Phase.phaseOf(token);
        }
        MbarrierSteps.report(warp, lane, mbarrier, fault);
        return done;
    }

    private void pass(Warp warp, int complete) {
        long passed = -1;
        for (int left = complete; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            long address = where.at(warp, lane);
            if (address == passed) {
                continue;
            }
            passed = address;
            long at = space == Space.GENERIC ? address - Windows.SHARED : address;
            Mbarrier mbarrier = BlockAsync.of(warp).live(at);
            if (mbarrier != null) {
                mbarrier.passed(warp, complete);
            }
        }
    }

    private String describe(Warp warp, int mask, Mbarrier mbarrier) {
        int lane = Integer.numberOfTrailingZeros(mask);
        return (parity ? "parity " + (warp.words[wanted + lane] & 1) : "phase " + Phase.phaseOf(warp.wides[wanted + lane])) + " of the " + mbarrier;
    }
}
