package lucid.kernels.ptx.async.work;

/// When asynchronous work is performed. A kernel must be right under all three: the hardware may choose any moment between issue and wait.
///
/// `EARLY` shows who reuses a buffer before its last reader is done, `LATE` who reads without waiting: together they turn most missing
/// waits into wrong values, besides the findings.
public enum Timing {
    /// At once, when it is issued.
    EARLY,
    /// At the last moment that still satisfies a wait.
    LATE,
    /// At issue, at some turn in between or at the wait, drawn from the launch's seed.
    RANDOM
}
