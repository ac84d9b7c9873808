package lucid.grpo.console;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where progress and messages go. On a terminal a bar is redrawn in place; otherwise a line is printed every few seconds.
public final class Console {
    /// Of a terminal that does not say.
    private static final int COLUMNS = 80;
    /// Characters from here on may be two columns wide.
    private static final int WIDE = 0x1100;
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n\t]]");
    private static final char DELETE = 0x7f;

    private final PrintStream out;
    private final boolean terminal;
    private final IntSupplier columns;
    private Bar bar;

    /// @param terminal whether `out` understands carriage returns and colours
    public Console(PrintStream out, boolean terminal) { this(out, terminal, () -> COLUMNS); }

    /// @param columns of the terminal, asked before a bar is drawn
    Console(PrintStream out, boolean terminal, IntSupplier columns) {
        this.out = out;
        this.terminal = terminal;
        this.columns = columns;
    }

    /// Standard error, so that a command's result on standard output can be piped.
    public static Console standard() {
        return new Console(System.err, colours() && CLibrary.isTerminal(CLibrary.STANDARD_ERROR), () -> CLibrary.columns(CLibrary.STANDARD_ERROR)
                .orElseGet(Console::said));
    }

    // By a shell that exports what it knows.
    private static int said() {
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("[1-9]\\d{0,4}") ? Integer.parseInt(columns) : COLUMNS;
    }

    /// Whether a result on standard output may be styled: on a terminal, and not where NO_COLOR is set or TERM says that it knows no escapes.
    public static boolean isOutputStyled() { return colours() && isOutputTerminal(); }

    /// Whether standard output is a terminal, which would do what control characters tell it.
    private static boolean isOutputTerminal() { return CLibrary.isTerminal(CLibrary.STANDARD_OUTPUT); }

    /// A text that somebody else made, for a terminal: control characters that are no line feed or tab do nothing and are seen, as `^[` or, beyond
    /// ASCII, by their number.
    public static String visible(String text) {
        return CONTROL.matcher(text).replaceAll(found -> {
            char c = found.group().charAt(0);
            return Matcher.quoteReplacement(c <= DELETE ? "^" + (char) (c ^ 0x40) : String.format("\\u%04x", (int) c));
        });
    }

    /// How what a model says is shown on standard output: [#visible] on a terminal, elsewhere as it is.
    ///
    /// @param styled the text has escapes of Lucid's own, and no others
    public static UnaryOperator<String> shown(boolean styled) { return isOutputTerminal() && !styled ? Console::visible : UnaryOperator.identity(); }

    /// Whether somebody types standard input and sees standard output, and so wants to be prompted.
    public static boolean isInteractive() { return CLibrary.isTerminal(CLibrary.STANDARD_INPUT) && CLibrary.isTerminal(CLibrary.STANDARD_OUTPUT); }

    private static boolean colours() { return System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM")); }

    /// Says nothing at all.
    public static Console silent() { return new Console(new PrintStream(java.io.OutputStream.nullOutputStream()), false); }

    /// One line that stays.
    public synchronized void line(String text) {
        if (terminal && bar != null) out.print("\r\u001B[K");
        out.println(text);
        if (terminal && bar != null) bar.draw(true);
        out.flush();
    }

    /// A heading.
    public void heading(String text) { line(terminal ? "\u001B[1m" + text + "\u001B[0m" : "== " + text); }

    /// Starts a bar of `total` units of work.
    public synchronized Bar bar(String what, long total) {
        bar = new Bar(what, total);
        return bar;
    }

    /// `1:05`, `2:03:04`.
    public static String time(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600 ? String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60);
    }

    /// Progress of one piece of work.
    public final class Bar implements AutoCloseable {
        private static final long TERMINAL_NANOS = 100_000_000;
        private static final long PLAIN_NANOS = 5_000_000_000L;
        private static final int WIDTH = 24;

        private final String what;
        private final long total;
        private final long start = System.nanoTime();
        private long done;
        private long begun;
        private long drawn;
        private boolean patient;
        private String note = "";

        private Bar(String what, long total) {
            this.what = what;
            this.total = total;
        }

        /// Units that were done before this run (a resumed one): they do not count for the rate.
        public Bar from(long already) {
            begun = already;
            done = already;
            return this;
        }

        /// Where lines are printed: none for work that is over within seconds.
        public Bar patient() {
            patient = true;
            return this;
        }

        /// @param note what to show beside the numbers
        public void update(long unitsDone, String note) {
            synchronized (Console.this) {
                done = unitsDone;
                this.note = note;
                draw(done >= total);
            }
        }

        /// With the note that is there.
        public void update(long unitsDone) { update(unitsDone, note); }

        private void draw(boolean now) {
            long t = System.nanoTime();
            if (!terminal && patient && t - start < PLAIN_NANOS) return;
            if (!now && t - drawn < (terminal ? TERMINAL_NANOS : PLAIN_NANOS)) return;
            drawn = t;
            double seconds = (t - start) / 1e9;
            double rate = seconds > 0 ? (done - begun) / seconds : 0;
            String numbers = done + "/" + total + (done < total && rate == 0 ? "" : " (" + pace(rate) + "/s, "
                    + (done < total ? time((total - done) / rate) + " left" : time(seconds)) + ")");
            if (terminal) {
                out.print("\r\u001B[K" + fitted(numbers, columns.getAsInt() - 1));
            } else {
                out.println(what + " " + numbers + " " + note);
            }
            out.flush();
        }

        // A line that is as wide as the terminal goes on in the next one, where a redraw does not reach: the note is cut first, then the bar.
        private String fitted(String numbers, int room) {
            int free = room - columns(what) - numbers.length() - 3;
            if (free < 0) return cut(what + " " + numbers, room);
            int width = Math.min(WIDTH, free);
            int filled = total == 0 ? width : (int) (width * done / total);
            return what + " " + "█".repeat(filled) + "░".repeat(width - filled) + " " + numbers + " " + cut(note, free - width);
        }

        private static String cut(String text, int room) {
            if (columns(text) <= room) return text;
            int end = text.length();
            while (end > 0 && columns(text.substring(0, end)) >= room) end = text.offsetByCodePoints(end, -1);
            return room > 0 ? text.substring(0, end) + "…" : "";
        }

        // Or more than it takes.
        private static int columns(String text) { return text.codePoints().map(c -> c < WIDE ? 1 : 2).sum(); }

        private static String pace(double rate) { return rate >= 10 ? String.valueOf(Math.round(rate)) : String.format(Locale.ROOT, "%.1f", rate); }

        @Override public void close() {
            synchronized (Console.this) {
                if (terminal) out.println();
                bar = null;
            }
        }
    }
}
