package lucid.grpo.train;

import java.nio.file.Path;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.HashChain;
import lucid.nn.optim.AdamW;
import lucid.nn.optim.Schedule;
import lucid.nn.weights.ParameterSet;

/// AdamW under a schedule, as a stage's recipe names it.
final class AdamWUpdater implements Updater {
    private static final String FILE = "optimizer.safetensors";

    private final ParameterSet parameters;
    private final AdamW optimizer;
    private final Schedule schedule;

    /// @param updates of the whole stage: the schedule's length
    AdamWUpdater(Policy policy, Stage.OptimizerSpec spec, int updates) {
        parameters = policy.parameters();
        optimizer = new AdamW(parameters, spec.settings());
        schedule = spec.rates(updates);
    }

    @Override public Result update(int step) {
        double lr = schedule.at(step);
        AdamW.Update done = optimizer.step(lr);
        parameters.zeroGrad();
        return new Result(done.norm(), lr);
    }

    @Override public int updates() { return optimizer.steps(); }

    @Override public void hash(HashChain.Link link) { optimizer.forEachMoment(link::tensor); }

    @Override public void save(Path folder) { optimizer.save(folder.resolve(FILE)); }

    @Override public void load(Path folder) { optimizer.load(folder.resolve(FILE)); }

    @Override public void close() { optimizer.close(); }
}
