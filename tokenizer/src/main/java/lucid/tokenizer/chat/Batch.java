package lucid.tokenizer.chat;

import java.util.Arrays;
import java.util.List;

/// Samples padded on the right to the longest: ids with the pad id, labels with [Encoded#IGNORE], and which positions are real.
///
/// The mask comes from the lengths, not from comparing ids with the pad id: the end token is the pad token, and a real end must stay visible.
public record Batch(int[][] ids, int[][] labels, boolean[][] mask) {

    /// @param maxLength longest sample allowed; a longer one is refused, since cutting it would drop its end and its answer
    public static Batch of(List<Encoded> samples, int padId, int maxLength) {
        if (samples.isEmpty()) throw new IllegalArgumentException("Batch: no samples");
        int longest = 0;
        for (int i = 0; i < samples.size(); i++) {
            int length = samples.get(i).ids().length;
            if (length > maxLength)
                throw new IllegalArgumentException("Batch: sample " + i + " has " + length + " ids, at most " + maxLength
                        + " are allowed; shorten it or raise the limit");
            longest = Math.max(longest, length);
        }
        int[][] ids = new int[samples.size()][longest];
        int[][] labels = new int[samples.size()][longest];
        boolean[][] mask = new boolean[samples.size()][longest];
        for (int i = 0; i < ids.length; i++) {
            Encoded sample = samples.get(i);
            int length = sample.ids().length;
            System.arraycopy(sample.ids(), 0, ids[i], 0, length);
            System.arraycopy(sample.labels(), 0, labels[i], 0, length);
            Arrays.fill(ids[i], length, longest, padId);
            Arrays.fill(labels[i], length, longest, Encoded.IGNORE);
            Arrays.fill(mask[i], 0, length, true);
        }
        return new Batch(ids, labels, mask);
    }
}
