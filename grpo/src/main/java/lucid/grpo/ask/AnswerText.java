package lucid.grpo.ask;

import java.util.List;
import java.util.function.Consumer;
import lucid.grpo.console.Console;

/// An answer's look while it comes: without white space around it (as the published code strips it), and on a terminal the thinking dimmed and the
/// answer bold. Pieces may end anywhere, inside a tag too; what could become a tag is held back until it is clear. A model may say anything, so on a
/// terminal control characters are seen and do nothing; elsewhere they are passed on.
final class AnswerText {
    private static final String RESET = "\u001B[0m";

    /// A tag, and what is written before and after it on a terminal.
    private record Tag(String text, String before, String after) {}

    private static final List<Tag> TAGS = List.of(new Tag("<think>", "\u001B[2m", ""), new Tag("</think>", "", RESET),
            new Tag("<answer>", "\u001B[1m", ""), new Tag("</answer>", "", RESET));

    private final Consumer<String> out;
    private final boolean styled;
    private final StringBuilder held = new StringBuilder();
    private String space = "";
    private boolean whole;
    private boolean begun;
    private boolean open;

    /// @param styled whether ANSI escapes may be written
    AnswerText(Consumer<String> out, boolean styled) {
        this.out = out;
        this.styled = styled;
    }

    /// A text that goes on where another ended: nothing is stripped, nothing styled.
    static AnswerText continuation(Consumer<String> out) {
        AnswerText text = new AnswerText(out, false);
        text.whole = true;
        text.begun = true;
        return text;
    }

    void accept(String piece) {
        held.append(piece);
        while (!held.isEmpty()) {
            int at = held.indexOf("<");
            if (at != 0) {
                text(take(at < 0 ? held.length() : at));
                continue;
            }
            Tag tag = null;
            for (Tag t : TAGS) {
                if (held.length() < t.text.length() && t.text.startsWith(held.toString())) return;
                if (held.indexOf(t.text) == 0) tag = t;
            }
            if (tag == null) text(take(1));
            else tag(tag);
        }
    }

    private String take(int n) {
        String s = held.substring(0, n);
        held.delete(0, n);
        return s;
    }

    private void tag(Tag tag) {
        if (styled) out.accept(flushSpace() + tag.before);
        text(take(tag.text.length()));
        if (styled) out.accept(tag.after);
        open = tag.after.isEmpty();
    }

    // White space waits for what follows: at the end it is dropped.
    private void text(String s) {
        String all = begun ? s : s.stripLeading();
        if (all.isEmpty()) return;
        String body = all.stripTrailing();
        if (body.isEmpty()) {
            space += all;
            return;
        }
        begun = true;
        out.accept(flushSpace() + (styled ? Console.visible(body) : body));
        space = all.substring(body.length());
    }

    private String flushSpace() {
        // White space are a carriage return and a form feed as well.
        String s = styled ? Console.visible(space) : space;
        space = "";
        return s;
    }

    /// The answer is over: writes what was held back.
    void finish() {
        text(take(held.length()));
        if (whole) out.accept(flushSpace());
        if (styled && open) out.accept(RESET);
        open = false;
    }
}
