package lucid.nn.model;

/// Hears how far a stack of blocks has come, for a progress bar.
@FunctionalInterface
public interface BlockListener {
    /// @param done blocks that have run, of `all`
    void done(int done, int all);
}
