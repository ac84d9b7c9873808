package lucid.grpo.train;

import java.nio.file.Path;

/// One optimiser step on the gradients that have been collected.
interface Updater extends AutoCloseable {
    /// @param gradNorm     global norm before clipping
    /// @param learningRate that was used
    record Result(double gradNorm, double learningRate) {}

    /// Clips, updates, clears the gradients.
    ///
    /// @param step number of the update in its stage, from 0: the schedule's position
    Result update(int step);

    /// Updates of the stage so far, those before [#load] included.
    int updates();

    /// Adds all moments to a link of the hash chain.
    void hash(lucid.grpo.run.HashChain.Link link);

    /// Writes `optimizer.safetensors` into a folder, `load` reads it.
    void save(Path folder);

    void load(Path folder);

    @Override void close();
}
