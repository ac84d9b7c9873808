package lucid.grpo.console;

/// A bar of bytes shown in units of 10^6, begun at the first report because only that knows the total, and where a resumed piece of work begins.
public final class MegabyteBar implements AutoCloseable {
    private final Console console;
    private final String what;
    private Console.Bar bar;

    public MegabyteBar(Console console, String what) {
        this.console = console;
        this.what = what;
    }

    /// @param note what is being worked on
    public void at(long bytes, long total, String note) {
        // Rounded up, so that the bar is full at the last byte and not before.
        if (bar == null) bar = console.bar(what, total / 1_000_000 + 1).from(bytes / 1_000_000);
        bar.update(bytes / 1_000_000 + (bytes == total ? 1 : 0), note);
    }

    @Override public void close() {
        if (bar != null) bar.close();
    }
}
