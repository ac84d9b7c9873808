package lucid.nn.batch;

import java.util.Arrays;

/// Replaces the video's placeholder in a token sequence by the clip's visual rows. A spliced sequence is an array of row codes:
/// `>= 0` is a token id, a negative number `~v` is visual row v of the clip.
public final class Splice {
    private Splice() {}

    /// A spliced sequence.
    ///
    /// @param rows   row codes
    /// @param source index in the ids that each row came from (labels follow their ids)
    public record Spliced(int[] rows, int[] source) {
        /// Rows of the sequence, the clip's included.
        public int length() { return rows.length; }

        public int[] source() { return source.clone(); }

        /// Labels of the rows: the id's own label, `ignore` for visual rows.
        public int[] labels(int[] labels, int ignore) {
            int[] out = new int[rows.length];
            for (int i = 0; i < out.length; i++) out[i] = rows[i] < 0 ? ignore : labels[source[i]];
            return out;
        }

        /// The first `most` rows at most: what the published model does to a sequence that is too long. Lucid refuses such a sequence everywhere
        /// else.
        public Spliced cut(int most) {
            int kept = Math.min(rows.length, most);
            return new Spliced(Arrays.copyOf(rows, kept), Arrays.copyOf(source, kept));
        }
    }

    /// Splices `visualTokens` rows in the place of `placeholder`. A sequence without the placeholder stays text.
    ///
    /// @throws IllegalArgumentException for more than one placeholder, or one without a clip
    public static Spliced splice(int[] ids, int placeholder, int visualTokens) {
        int count = 0;
        for (int id : ids) {
            if (id == placeholder) count++;
            else if (id < 0)
                throw new IllegalArgumentException("splice: found token id " + id + ", wanted ids >= 0 or the placeholder " + placeholder);
        }
        if (count > 1) throw new IllegalArgumentException("splice: found " + count + " video placeholders in one sequence, wanted at most 1");
        if (count == 1 && visualTokens <= 0) throw new IllegalArgumentException("splice: the sequence has a video placeholder but no clip was given");
        int length = count == 0 ? ids.length : ids.length - 1 + visualTokens;
        int[] rows = new int[length];
        int[] source = new int[length];
        int at = 0;
        for (int i = 0; i < ids.length; i++) {
            int repeat = ids[i] == placeholder ? visualTokens : 1;
            for (int v = 0; v < repeat; v++, at++) {
                rows[at] = ids[i] == placeholder ? ~v : ids[i];
                source[at] = i;
            }
        }
        return new Spliced(rows, source);
    }
}
