package lucid.nn.hub;

/// Hears what a download does.
public interface HubListener {
    /// Says nothing.
    HubListener SILENT = new HubListener() {
        @Override public void line(String text) {}

        @Override public void at(long done, long total, String file) {}
    };

    /// Something that a user should know: a wait, a retry, a fallback.
    void line(String text);

    /// Progress in bytes over all files of a download; the first call tells where a resumed one begins.
    void at(long done, long total, String file);
}
