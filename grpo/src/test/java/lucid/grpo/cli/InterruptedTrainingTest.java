package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C while steps are done: the step in progress is saved, and what is said to go on with goes on.
class InterruptedTrainingTest extends CommandTest {
    private static final int FOR_EVER = 999_999;

    @TempDir static Path root;
    private static Recipe toy;

    @TempDir Path temp;

    @BeforeAll static void clips() {
        toy = BadInputTest.toy(0.01);
        lucid("data", "drift", "--data", root.resolve("data"), "--clips", 64, "--held-out", 5, "--seed", 3, "--threads", 2).ok();
    }

    // Saved only when it is stopped, or done.
    private static Recipe recipe(int supervised, int rewarded) {
        Stage.Supervised talk = (Stage.Supervised) toy.stages().getFirst();
        var base = new Stage.Supervised(talk.name(), talk.phase(), supervised, talk.mix(), talk.optimizer(), talk.trainable(), FOR_EVER);
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("direct", 2), talk.optimizer(), talk.trainable(), FOR_EVER);
        var grpo = new Stage.Grpo("grpo", "grpo", rewarded, 2, 4, 1, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0),
                new Stage.RewardSpec("code", 120, true), new Stage.AdvantageSpec(1e-4, 0.02, true),
                new Stage.LossSpec(null, null, 0.1, 100.0, "sequence_mean"), talk.optimizer(), talk.trainable(), FOR_EVER, 0, 0);
        return toy.withStages(List.of(base, coldStart, grpo));
    }

    private Object[] words(String command, Recipe recipe, Path out, Object... more) throws IOException {
        Path file = Files.writeString(temp.resolve("toy.json"), RecipeReader.write(recipe));
        return Stream.concat(Stream.of(command, "--recipe", file, "--data", root.resolve("data"), "--out", out, "--threads", 2), Stream.of(more))
                .toArray();
    }

    /// Begins, is stopped when it has done more than so many steps, and says how to go on.
    ///
    /// @param run    where the steps are written down
    /// @param advice what is said to go on with
    /// @return how many steps were saved
    private long stopped(Path run, long after, String advice, Object... words) throws Exception {
        Path err = temp.resolve("err");
        Process process = start(err, words);
        try {
            await(process, err, () -> text(run.resolve("metrics.jsonl")).lines().count() > after);
            assertEquals(interrupt(process), process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
        String said = text(err);
        Matcher m = Pattern.compile("stopped after step (\\d+); " + Pattern.quote(advice) + " goes on from there").matcher(said);
        assertTrue(m.find(), said);
        assertTrue(said.contains("Ctrl-C again") && !said.contains("Exception"), said);
        long steps = Long.parseLong(m.group(1));
        assertEquals(steps, RunFolder.state(RunFolder.latest(run).orElseThrow()).totalSteps());
        assertEquals(steps, text(run.resolve("metrics.jsonl")).lines().count());
        assertTrue(after == 0 || said.contains("resuming " + run + " after step " + after + " of stage"), said);
        return steps;
    }

    @Test void ofSupervisedSteps() throws Exception {
        Path out = temp.resolve("out");
        Recipe recipe = recipe(FOR_EVER, 1);
        long steps = stopped(out, 0, "--resume --out " + out, words("sft", recipe, out));
        assertTrue(stopped(out, steps, "--resume --out " + out, words("sft", recipe, out, "--resume")) > steps);
    }

    @Test void ofStepsThatLearnFromRewards() throws Exception {
        Path model = temp.resolve("model");
        lucid(words("sft", recipe(1, 1), model)).ok();
        Path out = temp.resolve("out");
        Recipe recipe = recipe(1, FOR_EVER);
        long steps = stopped(out, 0, "--resume --out " + out, words("train", recipe, out, "--model", model));
        assertTrue(stopped(out, steps, "--resume --out " + out, words("train", recipe, out, "--model", model, "--resume")) > steps);
    }

    /// Its folder is no run of the recipe that was named, and only `--ablate` goes on with it.
    @Test void ofAnAblation() throws Exception {
        Path out = temp.resolve("out");
        Path variant = out.resolve("ablations/no-noise");
        String advice = "--ablate --resume --out " + out;
        Recipe recipe = recipe(1, 150);
        long steps = stopped(variant, 0, advice, words("demo", recipe, out, "--ablate"));
        assertFalse(Files.exists(out.resolve("ablations.json")));
        assertTrue(stopped(variant, steps, advice, words("demo", recipe, out, "--ablate", "--resume")) > steps);
    }
}
