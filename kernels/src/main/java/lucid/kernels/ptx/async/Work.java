package lucid.kernels.ptx.async;

import lucid.kernels.ptx.check.Finding;

/// A piece of asynchronous work that happens once, at issue, at its wait or in between (see [Timing]).
abstract class Work {
    private final Finding.Site site;
    private boolean done;

    /// @param site where it was issued
    Work(Finding.Site site) {
        this.site = site;
    }

    final Finding.Site site() {
        return site;
    }

    final boolean done() {
        return done;
    }

    /// Lets it happen if it has not yet.
    final void ensure() {
        if (!done) {
            done = true;
            happen();
        }
    }

    abstract void happen();
}
