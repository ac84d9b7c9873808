package lucid.tensor;

import java.util.Arrays;

/// The numbers that the uses of leaves got in the first run of a checkpointed block, so that its second run, which happens in the
/// order of the backward pass, accumulates into the same slots.
final class UseLog {
    private int[] uses = new int[8];
    private int count;
    /// Whether anything in the block requires a gradient.
    boolean tracked;

    void add(int use) {
        if (count == uses.length) uses = Arrays.copyOf(uses, 2 * count);
        uses[count++] = use;
    }

    void addAll(UseLog other) {
        for (int i = 0; i < other.count; i++) add(other.uses[i]);
        tracked |= other.tracked;
    }

    Reader reader() { return new Reader(); }

    final class Reader {
        private int next;

        int next() {
            if (next == count) throw new IllegalStateException("checkpoint: the block used more parameters in its second run than in its first; it must compute the same both times");
            return uses[next++];
        }
    }
}
