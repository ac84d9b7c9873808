package lucid.kernels.ptx.async.work;

import lucid.kernels.ptx.check.Finding;

/// A piece of asynchronous work that happens once, at issue, at its wait or in between (see [Timing]).
public abstract class Work {
    private final Finding.Site site;
    private boolean done;

    /// @param site where it was issued
    protected Work(Finding.Site site) {
        this.site = site;
    }

    public final Finding.Site site() {
        return site;
    }

    public final boolean done() {
        return done;
    }

    /// Lets it happen if it has not yet.
    public final void ensure() {
        if (!done) {
            done = true;
            happen();
        }
    }

    protected abstract void happen();
}
