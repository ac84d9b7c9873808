package lucid.kernels.ptx.machine;

/// A decoded instruction: a closure over register slots that runs for all lanes of a mask at once.
@FunctionalInterface
public interface Step {
    /// The lanes of the mask go on to the next instruction.
    int NEXT = 0;
    /// The step has set the program counters of the mask's lanes itself (branch, exit).
    int JUMPED = 1;
    /// Nothing happened yet: run the same instruction again when something has changed. The warp says what it waits for in [Warp#waitsFor].
    int WAIT = 2;
    /// Done, but let other warps run first (a failed poll, `nanosleep`).
    int YIELD = 3;

    /// Runs for the lanes in `mask` (never 0; guard and divergence are already applied).
    ///
    /// @return [#NEXT], [#JUMPED], [#WAIT] or [#YIELD]
    int run(Warp warp, int mask);
}
