package lucid.grpo.train;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// A stage that is being trained. A step is a function of the weights, the optimiser's moments and the step's number: nothing else is remembered.
interface StageRun extends AutoCloseable {
    /// Does step number `step` (from 0) and returns its metrics.
    ObjectNode step(int step);

    /// A few words for the progress bar.
    String note();

    @Override default void close() {}
}
