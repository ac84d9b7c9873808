package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A polite kill, as Ctrl-C, after the last step: the questions in progress are the last, and the resume is named.
class InterruptedEvaluationTest extends CommandTest {
    private static final int TERMINATED = 128 + 15;

    @TempDir Path temp;

    // Long answers to more questions than are asked together.
    private Path recipe() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        var talk = (Stage.Supervised) toy.stages().getFirst();
        var stage = new Stage.Supervised("talk", "cold_start", 2, Map.of("document", 2), talk.optimizer(), talk.trainable(), 1);
        Recipe made = new Recipe("toy", "", "", List.of(), 5, toy.model(), toy.tokenizer(),
                new Recipe.DataSpec("drift", 4, 16, 64, 140, 3L, null, null), List.of(stage), new Recipe.EvaluationSpec(0, 0, 250, 0));
        return Files.writeString(temp.resolve("toy.json"), RecipeReader.write(made).replaceFirst("\"controls\" : 0", "\"controls\" : 140"));
    }

    /// @param begun is there once the evaluation of the stage has begun, or the controls have
    @ParameterizedTest
    @ValueSource(strings = {"00-talk-000002", "00-talk-000002-done"})
    void theResumeIsNamed(String begun) throws IOException, InterruptedException {
        assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "there no kill is polite");
        Path run = temp.resolve("run");
        Path err = temp.resolve("err");
        Process process = start(err, "sft", "--recipe", recipe(), "--data", temp.resolve("data"), "--out", run, "--threads", 2);
        try {
            long end = System.nanoTime() + 120_000_000_000L;
            while (!Files.exists(run.resolve("checkpoints").resolve(begun))) {
                assertTrue(System.nanoTime() < end && process.isAlive(), Files.readString(err));
                Thread.sleep(5);
            }
            process.toHandle().destroy();
            assertTrue(process.waitFor(120, TimeUnit.SECONDS), "it did not end");
        } finally {
            process.destroyForcibly().waitFor();
        }
        String said = Files.readString(err);
        assertEquals(TERMINATED, process.exitValue(), said);
        List<String> lines = said.lines().toList();
        assertTrue(said.contains("stopping after the step or the questions in progress; the run is being saved ... (Ctrl-C again ends at once, and "
                + "--resume --out " + run + " goes on from the checkpoint before)"), said);
        assertEquals("stopped after step 2; --resume --out " + run + " goes on from there", lines.getLast(), said);
        assertFalse(said.contains("control reversed") || said.contains("Exception") || Files.exists(run.resolve("summary.json")), said);
    }
}
