package lucid.tokenizer.chat;

import java.util.Arrays;

/// A training sample: ids, and for each position the label to predict there, or [#IGNORE].
///
/// Labels are not shifted: `labels[t]` is `ids[t]` or [#IGNORE]; the loss shifts by one.
public record Encoded(int[] ids, int[] labels) {
    /// Stands where the visual tokens go.
    public static final int IMAGE = -200;
    /// The label of a position that is not trained.
    public static final int IGNORE = -100;

    public Encoded {
        if (ids.length != labels.length)
            throw new IllegalArgumentException("Encoded: " + ids.length + " ids but " + labels.length + " labels; each id has one label");
    }

    /// How many positions are trained. A sample with 0 teaches nothing; a trainer should refuse or count it.
    public int supervised() {
        return (int) Arrays.stream(labels).filter(label -> label != IGNORE).count();
    }
}
