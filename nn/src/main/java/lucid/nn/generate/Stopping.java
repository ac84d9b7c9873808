package lucid.nn.generate;

import java.util.function.IntPredicate;

/// When one answer is over: after an end token, a stop string or the last token there is room for, looked at in this order.
public final class Stopping {
    /// What the last token did.
    public enum Verdict {
        GO_ON, END_TOKEN, STOP_STRING, LENGTH;

        /// Whether the answer came to an end of its own.
        public boolean ended() { return this == END_TOKEN || this == STOP_STRING; }
    }

    private final IntPredicate ends;
    private final StopStrings.Watch strings;
    private final int most;
    private int count;

    /// @param most longest answer
    public Stopping(IntPredicate ends, StopStrings strings, int most) {
        this.ends = ends;
        this.strings = strings.watch();
        this.most = most;
    }

    /// The next token.
    public Verdict after(int id) {
        count++;
        boolean said = strings.completedBy(id);
        return ends.test(id) ? Verdict.END_TOKEN : said ? Verdict.STOP_STRING : count >= most ? Verdict.LENGTH : Verdict.GO_ON;
    }
}
