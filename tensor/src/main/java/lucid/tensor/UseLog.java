package lucid.tensor;

import java.util.ArrayList;
import java.util.List;

/// The uses of leaves in the first run of a checkpointed block, so that its second run, which happens in the order of the backward pass,
/// accumulates into the same slots. A second run that uses other leaves is refused: its gradients would go astray.
final class UseLog {
    private static final String RULE = "; a block must compute the same both times, with the same parameters trainable";

    private record Use(Leaf leaf, int number) {}

    private final List<Use> uses = new ArrayList<>();
    /// Whether anything in the block requires a gradient.
    boolean tracked;

    void add(Leaf leaf, int number) { uses.add(new Use(leaf, number)); }

    void addAll(UseLog other) {
        uses.addAll(other.uses);
        tracked |= other.tracked;
    }

    Reader reader() { return new Reader(); }

    final class Reader {
        private int next;

        /// The number that the same use had in the first run.
        int next(Leaf leaf) {
            if (next == uses.size())
                throw new IllegalStateException("checkpoint: the block used more than the " + next + " trainable tensors of its first run" + RULE);
            Use first = uses.get(next++);
            if (first.leaf != leaf) {
                throw new IllegalStateException("checkpoint: trainable tensor number " + next + " that the block used is " + leaf
                        + ", in its first run it was another, "
                        + first.leaf + RULE);
            }
            return first.number;
        }

        /// The second run is over.
        void end() {
            if (next < uses.size())
                throw new IllegalStateException("checkpoint: the block used " + next + " of the " + uses.size()
                        + " trainable tensors of its first run" + RULE);
        }
    }
}
