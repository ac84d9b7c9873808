package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Test;

class MbarrierTest {
    private static final String OUT = "mad.wide.u32 x1, tid, 4, out;\n";

    private static String init(int count) {
        return "@leader mbarrier.init.shared::cta.b64 [bar], " + count + "; bar.sync 0;\n";
    }

    private static String await(String label, String parity) {
        return label + ": mbarrier.try_wait.parity.shared::cta.b64 done, [bar], " + parity + "; @!done bra " + label + ";\n";
    }

    @Test
    void arrivalsPublishByParity() {
        // Each thread writes its word, arrives, waits, and reads another warp's.
        ByteBuffer out = new AsyncKernel(OUT + init(64) + """
                mad.lo.u32 r0, tid, 4, base; st.shared.u32 [r0], tid;
                mbarrier.arrive.shared::cta.b64 _, [bar];
                """ + await("W", "0") + "xor.b32 r1, tid, 63; mad.lo.u32 r1, r1, 4, base; ld.shared.u32 r2, [r1]; st.global.u32 [x1], r2;\n").threads(64).clean();
        for (int t = 0; t < 64; t++) {
            assertEquals(t ^ 63, out.getInt(4 * t));
        }
    }

    @Test
    void arrivalsPublishByState() {
        new AsyncKernel(OUT + init(64) + """
                mad.lo.u32 r0, tid, 4, base; st.shared.u32 [r0], tid;
                mbarrier.arrive.release.cta.shared::cta.b64 state, [bar];
                W: mbarrier.test_wait.acquire.cta.shared::cta.b64 done, [bar], state; @!done bra W;
                xor.b32 r1, tid, 63; mad.lo.u32 r1, r1, 4, base; ld.shared.u32 r2, [r1]; st.global.u32 [x1], r2;
                """).threads(64).clean();
    }

    @Test
    void genericAddresses() {
        new AsyncKernel(OUT + """
                cvt.u64.u32 x2, bar; cvta.shared.u64 x2, x2;
                @leader mbarrier.init.b64 [x2], 32; bar.sync 0;
                mad.lo.u32 r0, tid, 4, base; st.shared.u32 [r0], tid;
                mbarrier.arrive.b64 state, [x2];
                W: mbarrier.try_wait.b64 done, [x2], state, 1000; @!done bra W;
                xor.b32 r1, tid, 31; mad.lo.u32 r1, r1, 4, base; ld.shared.u32 r2, [r1]; st.global.u32 [x1], r2;
                """).clean();
    }

    @Test
    void countsDropsAndPendingCounts() {
        // 5 pending: arrive 2 (pending before: 5), drop 1 (3), arrive 2 completes; the next phase expects 4.
        ByteBuffer out = new AsyncKernel("@!leader bra END; mbarrier.init.shared.b64 [bar], 5;\n" + """
                mbarrier.arrive.shared.b64 state, [bar], 2; mbarrier.pending_count.b64 r0, state; st.global.u32 [out], r0;
                mbarrier.arrive_drop.shared.b64 state, [bar]; mbarrier.pending_count.b64 r0, state; st.global.u32 [out+4], r0;
                mbarrier.arrive.noComplete.shared.b64 state, [bar], 1; mbarrier.pending_count.b64 r0, state; st.global.u32 [out+8], r0;
                mbarrier.arrive.shared.b64 state, [bar];
                mbarrier.test_wait.shared.b64 done, [bar], state; selp.u32 r0, 1, 0, done; st.global.u32 [out+12], r0;
                mbarrier.arrive.shared.b64 state, [bar]; mbarrier.pending_count.b64 r0, state; st.global.u32 [out+16], r0;
                END:
                """).clean();
        assertEquals(5, out.getInt(0));
        assertEquals(3, out.getInt(4));
        assertEquals(2, out.getInt(8));
        assertEquals(1, out.getInt(12));
        assertEquals(4, out.getInt(16));
    }

    @Test
    void parityOfAFreshObject() {
        ByteBuffer out = new AsyncKernel("@!leader bra END; mbarrier.init.shared.b64 [bar], 1;\n" + """
                mbarrier.test_wait.parity.shared.b64 done, [bar], 1; selp.u32 r0, 1, 0, done; st.global.u32 [out], r0;
                mbarrier.test_wait.parity.shared.b64 done, [bar], 0; selp.u32 r0, 1, 0, done; st.global.u32 [out+4], r0;
                END:
                """).clean();
        assertEquals(1, out.getInt(0));
        assertEquals(0, out.getInt(4));
    }

    @Test
    void transactionsWithoutACopy() {
        new AsyncKernel(init(1) + "@!leader bra WAIT; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 64; mbarrier.complete_tx.shared::cta.b64 "
                + "[bar], 48;\n"
                + "mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [bar], 16;\nWAIT:\n" + await("W", "0")).clean();
    }

    @Test
    void separateExpectation() {
        new AsyncKernel(init(1) + "@!leader bra WAIT; mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 64; "
                + "mbarrier.complete_tx.shared::cta.b64 [bar], 64;\n"
                + "mbarrier.arrive.shared::cta.b64 _, [bar];\nWAIT:\n" + await("W", "0")).clean();
    }

    @Test
    void remoteArrivals() {
        // Every block's leader arrives at the other block's barrier.
        new AsyncKernel(init(1) + """
                barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
                xor.b32 r0, rank, 1; mapa.shared::cluster.u32 r1, bar, r0;
                @leader mbarrier.arrive.release.cluster.shared::cluster.b64 _, [r1];
                """ + await("W", "0") + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n").cluster(2).clean();
    }

    @Test
    void neverInitialised() {
        Finding finding = new AsyncKernel("@leader mbarrier.arrive.shared::cta.b64 _, [bar];\n").finds(Kind.MBARRIER_MISUSE);
        assertTrue(finding.message().contains("no live mbarrier"), finding::toString);
    }

    @Test
    void initialisedWithoutABarrierBetween() {
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 64; mbarrier.arrive.shared::cta.b64 _, [bar];\n").threads(64)
                .finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void initialisedTwice() {
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader mbarrier.init.shared::cta.b64 [bar], 1;\n")
                .finds(Kind.MBARRIER_MISUSE);
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader mbarrier.inval.shared::cta.b64 [bar]; @leader "
                + "mbarrier.init.shared::cta.b64 [bar], 1;\n").clean();
    }

    @Test
    void usedAfterInvalidation() {
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader mbarrier.inval.shared::cta.b64 [bar]; @leader "
                + "mbarrier.arrive.shared::cta.b64 _, [bar];\n")
                .finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void countsOutOfRange() {
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 0;\n").finds(Kind.MBARRIER_MISUSE);
        new AsyncKernel("@leader mbarrier.init.shared::cta.b64 [bar], 1048576;\n").finds(Kind.MBARRIER_MISUSE);
        new AsyncKernel(init(1) + "@leader mbarrier.expect_tx.shared::cta.b64 [bar], 1048576;\n").finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void misplaced() {
        new AsyncKernel("add.u32 bar, bar, 4; @leader mbarrier.init.shared::cta.b64 [bar], 1;\n").finds(Kind.MISALIGNED);
        new AsyncKernel("add.u32 bar, bar, 1024; @leader mbarrier.init.shared::cta.b64 [bar], 1;\n").finds(Kind.OUT_OF_BOUNDS);
    }

    @Test
    void overArrivalWithinAPhase() {
        new AsyncKernel(init(1) + "@leader mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 16; @leader mbarrier.arrive.shared::cta.b64 _, "
                + "[bar];\n").finds(Kind.MBARRIER_OVER_ARRIVAL);
        new AsyncKernel(init(2) + "@leader mbarrier.arrive.shared::cta.b64 _, [bar], 3;\n").finds(Kind.MBARRIER_OVER_ARRIVAL);
    }

    @Test
    void overArrivalThatSpillsIntoTheNextPhase() {
        // 32 arrivals expected, 64 come: whichever order, the second warp to come is too much.
        new AsyncKernel(init(32) + "mbarrier.arrive.shared::cta.b64 _, [bar];\n").threads(64).finds(Kind.MBARRIER_OVER_ARRIVAL);
    }

    @Test
    void noCompleteThatCompletes() {
        new AsyncKernel(init(1) + "@leader mbarrier.arrive.noComplete.shared.b64 state, [bar], 1;\n").finds(Kind.MBARRIER_MISUSE);
    }

    /// Warp 0 passes three phases without hearing from warp 1, which begins to wait for the first.
    @Test
    void phasesRunAheadOfAWaiter() {
        String ahead = init(1) + "setp.ne.u32 p, warp, 0; @p bra CONSUMER;\n@leader mbarrier.arrive.shared.b64 _, [bar];\n" + await("A", "0")
                + "@leader mbarrier.arrive.shared.b64 _, [bar];\n" + await("B", "1") + "@leader mbarrier.arrive.shared.b64 _, [bar];\n"
                        + await("C", "0")
                + "bar.arrive 1, 64; bra END;\nCONSUMER: bar.sync 1, 64;\n" + await("D", "0") + "END:\n";
        // Here the named barrier tells warp 1 that three phases are over: no ambiguity.
        new AsyncKernel(ahead).threads(64).clean();
        new AsyncKernel(ahead.replace("bar.arrive 1, 64;", "nanosleep.u32 1;").replace("bar.sync 1, 64;", "nanosleep.u32 100;\n")).threads(64)
                .findsUnder(Timing.EARLY, Kind.MBARRIER_PHASE_MISSED);
    }

    @Test
    void aStateThatIsTooOld() {
        new AsyncKernel("@!leader bra END; mbarrier.init.shared.b64 [bar], 1; mbarrier.arrive.shared.b64 state, [bar]; mbarrier.arrive.shared.b64 "
                + "_, [bar];\n"
                + "mbarrier.test_wait.shared.b64 done, [bar], state;\nEND:\n").finds(Kind.MBARRIER_PHASE_MISSED);
    }

    @Test
    void aWaitWithoutALoop() {
        String once = OUT + init(32) + "setp.eq.u32 p, warp, 1; @p bra WAIT; st.shared.u32 [base], tid; @!leader bra ARRIVE;\nARRIVE: "
                + "mbarrier.arrive.shared.b64 _, [bar]; bra END;\n"
                + "WAIT: mbarrier.try_wait.parity.shared.b64 done, [bar], 0; mad.lo.u32 r0, lane, 4, base; ld.shared.u32 r1, [base]; st.global.u32 "
                        + "[x1], r1;\nEND:\n";
        new AsyncKernel(once.replace("st.shared.u32 [base], tid;", "@leader st.shared.u32 [base], tid;")).threads(64)
                .findsUnder(Timing.LATE, Kind.RACE);
    }

    @Test
    void deadLockNamesTheBarrier() {
        Finding finding = new AsyncKernel(init(2) + "@leader mbarrier.arrive.expect_tx.shared.b64 _, [bar], 32;\n" + await("W", "0"))
                .finds(Kind.DEADLOCK);
        assertTrue(finding.message().contains("phase 0, 1 of 2 arrivals pending, transaction count 32"), finding::toString);
        assertTrue(finding.message().contains("parity 0"), finding::toString);
    }

    @Test
    void unbalancedTransactionsAtTheEnd() {
        Finding finding = new AsyncKernel(init(1) + "@leader mbarrier.arrive.expect_tx.shared.b64 _, [bar], 32;\n").finds(Kind.UNFINISHED_ASYNC);
        assertTrue(finding.message().contains("transaction count 32"), finding::toString);
    }

    @Test
    void ownAddressesOnly() {
        new AsyncKernel(init(1) + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; mov.u32 r0, 1; mapa.shared::cluster.u32 r1, bar, "
                + "r0;\n"
                + "setp.eq.u32 p, rank, 0; @p mbarrier.test_wait.parity.shared::cta.b64 done, [r1], 1; barrier.cluster.arrive.aligned; "
                        + "barrier.cluster.wait.aligned;\n").cluster(2)
                .finds(Kind.OUT_OF_BOUNDS);
    }
}
