package lucid.grpo.cli;

import lucid.grpo.console.Console;

/// A bar of bytes shown in units of 10^6, begun at the first report because only that knows the total.
final class MegabyteBar implements AutoCloseable {
    private final Console console;
    private final String what;
    private Console.Bar bar;

    MegabyteBar(Console console, String what) {
        this.console = console;
        this.what = what;
    }

    void at(long bytes, long total, String note) {
        // Rounded up, so that the bar is full at the last byte and not before.
        if (bar == null) bar = console.bar(what, total / 1_000_000 + 1);
        bar.update(bytes / 1_000_000 + (bytes == total ? 1 : 0), note);
    }

    @Override public void close() {
        if (bar != null) bar.close();
    }
}
