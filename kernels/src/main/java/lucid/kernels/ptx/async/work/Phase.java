package lucid.kernels.ptx.async.work;

import lucid.kernels.ptx.check.Kind;

/// The counters of an mbarrier (PTX ISA, "mbarrier"; the opaque 64-bit object): a phase is complete when its arrivals are in and its
/// transaction count is back at zero.
///
/// A request that breaks a rule changes nothing and returns what is wrong; else the result is null.
public final class Phase {
    /// Largest count of arrivals, and largest absolute transaction count.
    static final int LIMIT = (1 << 20) - 1;

    private int completed;
    private int expected;
    private int pending;
    private int transactions;

    /// @param count arrivals per phase, 1..[#LIMIT]
    public Phase(int count) {
        expected = count;
        pending = count;
    }

    /// Checks the count of `mbarrier.init`; null when it is legal.
    public static Fault checkCount(int count) {
        return count >= 1 && count <= LIMIT ? null : new Fault(Kind.MBARRIER_MISUSE, "count " + Integer.toUnsignedString(count)
                + " of mbarrier.init is not in 1.." + LIMIT);
    }

    /// Number of completed phases, which is the index of the current one.
    public int completed() {
        return completed;
    }

    public int pending() {
        return pending;
    }

    public int expected() {
        return expected;
    }

    public int transactions() {
        return transactions;
    }

    /// True for the phase of that parity being the preceding one: what `.parity` waits for. The phase before the first has parity 1.
    public boolean parityDone(int parity) {
        return (completed & 1) != (parity & 1);
    }

    public Fault expectTx(int bytes) {
        return moveTransactions(bytes);
    }

    public Fault completeTx(int bytes) {
        Fault fault = moveTransactions(-bytes);
        if (fault == null) {
            tryComplete();
        }
        return fault;
    }

    public Fault arrive(int count) {
        if (count < 1 || count > pending) {
            return new Fault(count < 1 ? Kind.MBARRIER_MISUSE : Kind.MBARRIER_OVER_ARRIVAL, "arrival of " + count + " where " + pending
                    + " of " + expected
                    + " are pending in phase " + completed + " (transaction count " + transactions + "): init count and arrivals per phase differ");
        }
        pending -= count;
        tryComplete();
        return null;
    }

    /// `arrive.noComplete`: an arrival that must leave the phase incomplete.
    public Fault arriveNoComplete(int count) {
        if (count >= 1 && count == pending && transactions == 0) {
            return new Fault(Kind.MBARRIER_MISUSE, "mbarrier.arrive.noComplete of " + count + " would complete phase " + completed);
        }
        return arrive(count);
    }

    public Fault arriveDropNoComplete(int count) {
        Fault fault = arriveNoComplete(count);
        expected -= fault == null ? count : 0;
        return fault;
    }

    public Fault arriveDrop(int count) {
        if (count < 1 || count > pending) {
            return arrive(count);
        }
        expected -= count;
        return arrive(count);
    }

    /// The arrival that a `cp.async.mbarrier.arrive` without `.noinc` adds beforehand, so that its own changes nothing.
    public Fault addPending() {
        if (pending == LIMIT) {
            return new Fault(Kind.MBARRIER_MISUSE, "pending count over " + LIMIT);
        }
        pending++;
        return null;
    }

    /// The state that `arrive` hands out: phase in bits 63:40, expected in 39:20, pending in 19:0.
    public long token() {
        return (long) completed << 40 | (long) expected << 20 | pending;
    }

    public static int pendingOf(long token) {
        return (int) token & LIMIT;
    }

    public static int phaseOf(long token) {
        return (int) (token >>> 40);
    }

    @Override
    public String toString() {
        return "phase " + completed + ", " + pending + " of " + expected + " arrivals pending, transaction count " + transactions;
    }

    private Fault moveTransactions(int bytes) {
        long next = (long) transactions + bytes;
        if (Math.abs(next) > LIMIT) {
            return new Fault(Kind.MBARRIER_MISUSE, "transaction count " + next + " is outside -" + LIMIT + ".." + LIMIT);
        }
        transactions = (int) next;
        return null;
    }

    private void tryComplete() {
        if (pending == 0 && transactions == 0) {
            completed++;
            pending = expected;
        }
    }
}
