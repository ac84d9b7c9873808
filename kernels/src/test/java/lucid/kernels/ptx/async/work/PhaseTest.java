package lucid.kernels.ptx.async.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Test;

class PhaseTest {
    @Test
    void aFreshObjectHasParityOneBehindIt() {
        var phase = new Phase(2);
        assertTrue(phase.parityDone(1));
        assertFalse(phase.parityDone(0));
    }

    @Test
    void arrivalsCompleteAPhaseAndRefillTheCount() {
        var phase = new Phase(3);
        assertNull(phase.arrive(1));
        assertEquals(2, Phase.pendingOf(phase.token()));
        assertNull(phase.arrive(2));
        assertEquals(1, phase.completed());
        assertEquals(3, phase.pending());
        assertTrue(phase.parityDone(0));
        assertEquals(1, Phase.phaseOf(phase.token()));
    }

    @Test
    void transactionsHoldThePhaseOpen() {
        var phase = new Phase(1);
        assertNull(phase.expectTx(1024));
        assertNull(phase.arrive(1));
        assertEquals(0, phase.completed());
        assertNull(phase.completeTx(1000));
        assertEquals(0, phase.completed());
        assertNull(phase.completeTx(24));
        assertEquals(1, phase.completed());
    }

    @Test
    void completionMayComeBeforeTheExpectation() {
        var phase = new Phase(1);
        assertNull(phase.completeTx(64));
        assertEquals(-64, phase.transactions());
        assertNull(phase.expectTx(64));
        assertEquals(0, phase.completed(), "the arrival is still missing");
        assertNull(phase.arrive(1));
        assertEquals(1, phase.completed());
    }

    @Test
    void anArrivalTooManyChangesNothing() {
        var phase = new Phase(1);
        phase.expectTx(16);
        assertNull(phase.arrive(1));
        Fault fault = phase.arrive(1);
        assertEquals(Kind.MBARRIER_OVER_ARRIVAL, fault.kind());
        assertEquals(0, phase.pending());
        assertEquals(Kind.MBARRIER_OVER_ARRIVAL, new Phase(2).arrive(3).kind());
        assertEquals(Kind.MBARRIER_MISUSE, new Phase(2).arrive(0).kind());
    }

    @Test
    void dropLowersTheCountOfLaterPhases() {
        var phase = new Phase(2);
        assertNull(phase.arriveDrop(1));
        assertEquals(1, phase.pending());
        assertNull(phase.arrive(1));
        assertEquals(1, phase.completed());
        assertEquals(1, phase.pending());
        assertEquals(1, phase.expected());
    }

    @Test
    void noCompleteRefusesToComplete() {
        var phase = new Phase(2);
        assertNull(phase.arriveNoComplete(1));
        assertEquals(Kind.MBARRIER_MISUSE, phase.arriveNoComplete(1).kind());
        assertEquals(0, phase.completed());
    }

    @Test
    void anAsyncArrivalWithoutNoincIsNeutral() {
        var phase = new Phase(1);
        assertNull(phase.addPending());
        assertNull(phase.arrive(1));
        assertEquals(0, phase.completed());
        assertEquals(1, phase.pending());
    }

    @Test
    void rangesAreChecked() {
        assertNull(Phase.checkCount(1));
        assertNull(Phase.checkCount(Phase.LIMIT));
        assertEquals(Kind.MBARRIER_MISUSE, Phase.checkCount(0).kind());
        assertEquals(Kind.MBARRIER_MISUSE, Phase.checkCount(Phase.LIMIT + 1).kind());
        var phase = new Phase(1);
        assertNull(phase.expectTx(Phase.LIMIT));
        assertEquals(Kind.MBARRIER_MISUSE, phase.expectTx(1).kind());
        assertEquals(Phase.LIMIT, phase.transactions());
    }
}
