package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import lucid.grpo.console.Console;
import lucid.grpo.console.Count;
import lucid.grpo.console.Interruption;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.run.Differences;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import lucid.grpo.run.RunState;
import lucid.grpo.run.RunSteps;
import lucid.grpo.session.Session;
import lucid.grpo.train.Trainer;

/// Does steps of a run again, in a folder of their own, and holds the hash of each to the one that the run wrote down. The run's folder is only read.
final class Replay {
    private static final int SHOWN = 8;

    private final RunReader run;
    private final long last;
    private final Map<Long, JsonNode> recorded;
    private final Optional<Path> from;
    private final long before;
    private final Console console;

    /// @param first the step that is asked for; what comes before it, back to the newest checkpoint, is done again as well
    /// @throws RunException a step that the run has not
    Replay(RunReader run, long first, long last, Console console) {
        this.run = run;
        this.last = last;
        this.console = console;
        recorded = run.metrics().stream().collect(Collectors.toMap(m -> m.path("step").asLong(), Function.identity(), (_, now) -> now));
        if (recorded.isEmpty()) throw new RunException(run.root() + ": metrics.jsonl has no line of any step, so there is no hash to meet");
        from = RunFolder.checkpoints(run.root()).stream().filter(c -> RunFolder.state(c).totalSteps() < first).reduce((_, newest) -> newest);
        before = from.map(c -> RunFolder.state(c).totalSteps()).orElse(0L);
        for (long step : new long[] {first, last}) require(step);
        for (long step = before + 1; step < last; step++) require(step);
    }

    private void require(long step) {
        if (!recorded.containsKey(step)) {
            throw new RunException(run.root() + ": metrics.jsonl has no line of step " + step + ", so there is no hash to meet. The run has "
                    + new RunSteps(run));
        }
    }

    /// The recorded recipe, but that every token's probability is measured after every update. No weight depends on that, and no hash.
    Recipe recipe() {
        JsonNode recipe = run.config().path("recipe").deepCopy();
        for (JsonNode stage : recipe.path("stages")) if (stage.has("rescore_every")) ((ObjectNode) stage).put("rescore_every", 1);
        return RecipeReader.parse(run.root().resolve("config.json") + ", recipe", recipe.toString());
    }

    /// @param out a new folder, which is kept; null: a temporary one
    /// @return what was found, in a line; empty if Ctrl-C came before the last step
    /// @throws RunException a hash was not met
    Optional<String> run(Session session, Path out) throws IOException {
        // The step in progress is finished, and the temporary folder is gone before the process is.
        try (Interruption ctrlC = Interruption.of(console, "stopping after this step ...")) {
            Path place = out != null ? out : Files.createTempDirectory("lucid-replay-");
            try (RunFolder folder = session.replay(run.root(), place)) {
                Trainer trainer = session.trainer(folder);
                long start = System.nanoTime();
                RunState state = trainer.replay(from, last, line -> {
                    compare(line);
                    if (ctrlC.asked()) trainer.stop();
                });
                if (state.totalSteps() < last) return Optional.empty();
                return Optional.of(String.format(Locale.ROOT, "step %d: hash %s met (replayed %s from %s in %.1f s)", last, state.hash(),
                        Count.of(last - before, "step"), origin(), (System.nanoTime() - start) / 1e9));
            } finally {
                if (out == null) Disk.deleteTree(place);
            }
        }
    }

    private String origin() { return from.map(c -> "checkpoint " + c.getFileName()).orElse("the beginning"); }

    private void compare(ObjectNode now) {
        JsonNode then = recorded.get(now.get("step").asLong());
        String step = String.format(Locale.ROOT, "step %d (%s %d): hash ", now.get("step").asLong(), now.get("stage").asText(),
                now.get("stage_step").asLong());
        if (now.get("hash").equals(then.get("hash"))) {
            console.line(step + now.get("hash").asText() + " met");
            return;
        }
        List<String> metrics = Differences.of(common(then, now), common(now, then));
        throw new RunException(step + now.get("hash").asText() + ", but the run has " + then.path("hash").asText("none") + " (replayed from "
                + origin() + "). "
                + (metrics.isEmpty() ? "No metric differs" : "Metrics that differ (the run's -> now):" + Differences.lines(metrics, SHOWN)));
    }

    // What both have, without what a clock says.
    private static JsonNode common(JsonNode one, JsonNode other) {
        ObjectNode kept = one.deepCopy();
        kept.properties().removeIf(e -> !other.has(e.getKey()) || e.getKey().equals("hash") || e.getKey().equals("step_time")
                || e.getKey().startsWith("time/"));
        return kept;
    }
}
