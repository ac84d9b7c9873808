package lucid.nn.batch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;

/// Sequences as rows of one matrix, without padding, in prompt groups: `[prompt][completion 1][completion 2]...`, each completion continuing
/// the shared prompt. The last token of a completion predicts nothing and has no row. Order of rows is order of gradient chains (row law):
/// groups in order, in a group (completion, token).
///
/// ```
/// group 0:  p p V V p p | a a a | b b        V: visual row of the clip
/// positions 0 1 2 3 4 5   6 7 8   6 7
/// scored              ^   ^ ^ ^              row i predicts the token after it; the prompt's last row is scored once for every completion
/// ```
///
/// @param positions   absolute position of every row
/// @param spans       who attends to whom
/// @param groups      rows of each prompt group
/// @param textIds     token ids of the text rows, in row order
/// @param textGroups  text rows of each group
/// @param sources     for every row: its place in [text rows; visual rows of clip 0; clip 1; ...]
/// @param clips       number of clips; every clip brings `visualTokens` rows
/// @param scoredRows  rows whose next token is scored, group by group
/// @param targets     that next token
/// @param scoredGroups scored rows of each group
/// @param segments    index of the first scored row of each scored sequence (completion), then the number of scored rows
public record PackedBatch(int[] positions, List<Span> spans, RowGroups groups, int[] textIds, RowGroups textGroups, int[] sources, int clips,
                          int visualTokens, int[] scoredRows, int[] targets, RowGroups scoredGroups, RowGroups segments) {
    /// Number of rows.
    public int rows() { return positions.length; }

    /// Number of scored tokens.
    public int scored() { return scoredRows.length; }

    /// Largest position + 1: how long the rotary tables must be.
    public int positionsNeeded() {
        int max = 0;
        for (int p : positions) max = Math.max(max, p + 1);
        return max;
    }

    /// True if any row is visual.
    public boolean hasVisual() { return textIds.length < positions.length; }

    /// The same rows with other rotary positions (padded layouts count differently); who attends to whom stays.
    public PackedBatch withPositions(int[] other) {
        if (other.length != positions.length)
            throw new IllegalArgumentException("packed batch: " + other.length + " positions, wanted " + positions.length);
        return new PackedBatch(other, spans, groups, textIds, textGroups, sources, clips, visualTokens, scoredRows, targets, scoredGroups, segments);
    }

    /// Starts an empty batch.
    ///
    /// @param visualTokens rows that a clip brings (0 for a text model)
    public static Builder builder(int visualTokens) { return new Builder(visualTokens); }

    /// Collects groups.
    public static final class Builder {
        private final int visualTokens;
        private final IntList positions = new IntList();
        private final IntList textIds = new IntList();
        private final IntList codes = new IntList();
        private final IntList scoredRows = new IntList();
        private final IntList targets = new IntList();
        private final IntList groupEnds = new IntList();
        private final IntList textEnds = new IntList();
        private final IntList scoredEnds = new IntList();
        private final IntList segmentEnds = new IntList();
        private final List<Span> spans = new ArrayList<>();
        private int clips;

        private Builder(int visualTokens) {
            this.visualTokens = visualTokens;
            for (IntList ends : List.of(groupEnds, textEnds, scoredEnds, segmentEnds)) ends.add(0);
        }

        /// A prompt group: every token of every completion is scored. Completions must not be empty.
        ///
        /// @param prompt row codes of the spliced prompt (see [Splice])
        /// @param clip   the clip its visual rows belong to (ignored without any)
        public Builder group(int[] prompt, int clip, List<int[]> completions) {
            return group(prompt, clip, completions, completions, Integer.MIN_VALUE);
        }

        /// A prompt group whose completions are scored in part: token t of completion i where `labels[i][t]` is not `ignore`.
        public Builder group(int[] prompt, int clip, List<int[]> completions, List<int[]> labels, int ignore) {
            if (prompt.length == 0) throw new IllegalArgumentException("packed batch: the prompt is empty, wanted at least one row to predict from");
            int start = positions.size;
            rows(prompt, clip, 0);
            spans.add(Span.causal(start, prompt.length));
            for (int i = 0; i < completions.size(); i++) {
                int[] completion = completions.get(i);
                if (completion.length == 0) throw new IllegalArgumentException("packed batch: a completion is empty, wanted at least one token");
                if (labels.get(i).length != completion.length) {
                    throw new IllegalArgumentException("packed batch: found " + labels.get(i).length + " labels for a completion of "
                            + completion.length + ", wanted one for each");
                }
                completion(completion, labels.get(i), ignore, start, prompt.length);
            }
            return endGroup();
        }

        private void completion(int[] completion, int[] labels, int ignore, int promptRow, int promptLength) {
            int own = positions.size;
            if (labels[0] != ignore) score(promptRow + promptLength - 1, completion[0]);
            for (int t = 0; t + 1 < completion.length; t++) {
                textRow(completion[t], promptLength + t);
                if (labels[t + 1] != ignore) score(own + t, completion[t + 1]);
            }
            if (completion.length > 1) spans.add(Span.continuing(own, completion.length - 1, promptRow, promptLength));
            segmentEnds.add(scoredRows.size);
        }

        /// One sequence as a group of its own; row i is scored where `labels[i + 1]` is not `ignore`.
        public Builder sequence(int[] rows, int clip, int[] labels, int ignore) {
            if (rows.length != labels.length) {
                throw new IllegalArgumentException("packed batch: found " + labels.length + " labels for " + rows.length
                        + " rows, wanted one for each");
            }
            int start = positions.size;
            rows(rows, clip, 0);
            if (rows.length > 0) spans.add(Span.causal(start, rows.length));
            for (int i = 0; i + 1 < rows.length; i++) {
                if (labels[i + 1] != ignore) score(start + i, labels[i + 1]);
            }
            segmentEnds.add(scoredRows.size);
            return endGroup();
        }

        /// A sequence of which nothing is scored.
        public Builder sequence(int[] rows, int clip) {
            int[] none = new int[rows.length];
            Arrays.fill(none, Integer.MIN_VALUE);
            return sequence(rows, clip, none, Integer.MIN_VALUE);
        }

        private void rows(int[] rowCodes, int clip, int position) {
            for (int i = 0; i < rowCodes.length; i++) {
                if (rowCodes[i] >= 0) textRow(rowCodes[i], position + i);
                else visualRow(~rowCodes[i], clip, position + i);
            }
        }

        private void textRow(int id, int position) {
            codes.add(textIds.size);
            textIds.add(id);
            positions.add(position);
        }

        private void visualRow(int v, int clip, int position) {
            if (clip < 0 || v >= visualTokens) {
                throw new IllegalArgumentException("packed batch: visual row " + v + " of clip " + clip + ", wanted a clip >= 0 of "
                        + visualTokens + " rows");
            }
            clips = Math.max(clips, clip + 1);
            codes.add(~Math.addExact(Math.multiplyExact(clip, visualTokens), v));
            positions.add(position);
        }

        private void score(int row, int target) {
            scoredRows.add(row);
            targets.add(target);
        }

        private Builder endGroup() {
            groupEnds.add(positions.size);
            textEnds.add(textIds.size);
            scoredEnds.add(scoredRows.size);
            return this;
        }

        /// The batch of what was added so far.
        public PackedBatch build() {
            int[] sources = codes.toArray();
            for (int i = 0; i < sources.length; i++) {
                if (sources[i] < 0) sources[i] = textIds.size + ~sources[i];
            }
            return new PackedBatch(positions.toArray(), List.copyOf(spans), new RowGroups(groupEnds.toArray()), textIds.toArray(),
                    new RowGroups(textEnds.toArray()), sources, clips, visualTokens, scoredRows.toArray(), targets.toArray(),
                    new RowGroups(scoredEnds.toArray()), new RowGroups(segmentEnds.toArray()));
        }
    }
}
