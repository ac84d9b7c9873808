package lucid.grpo.session;

import lucid.grpo.console.Console;
import lucid.grpo.console.MegabyteBar;
import lucid.nn.hub.HubListener;

/// Shows a download: rate, time left, and what goes wrong on the way.
final class HubConsole implements HubListener, AutoCloseable {
    private final Console console;
    private MegabyteBar bar;

    HubConsole(Console console) { this.console = console; }

    @Override public void line(String text) { console.line(text); }

    @Override public void at(long done, long total, String file) {
        if (bar == null) bar = new MegabyteBar(console, "download MB");
        bar.at(done, total, file);
    }

    @Override public void close() {
        if (bar != null) bar.close();
        bar = null;
    }
}
