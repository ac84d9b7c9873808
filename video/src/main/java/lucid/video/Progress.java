package lucid.video;

/// Told how far a long piece of work is; called from several threads, one at a time.
@FunctionalInterface
public interface Progress {
    /// Tells nobody.
    Progress NONE = (_, _, _) -> {};

    /// @param what  the piece of work, in a few words
    /// @param done  of total
    void at(String what, int done, int total);
}
