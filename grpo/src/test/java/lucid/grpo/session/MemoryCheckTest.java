package lucid.grpo.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.train.Evaluator;
import lucid.nn.checkpoint.ModelTemplate;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryException;
import lucid.nn.memory.MemoryLimit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryCheckTest {
    @TempDir Path folder;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final Console console = new Console(new PrintStream(said, true, StandardCharsets.UTF_8), false);

    /// The published configuration; of the weights only a name and a type, which is all that a plan looks at.
    private Path published() throws IOException {
        Files.writeString(folder.resolve("config.json"), ModelTemplate.shipped("tinyllava-video-r1").config().json().toString());
        new SafetensorsWriter().add("language_model.model.norm.weight", lucid.nn.file.StoredType.BF16, new long[] {2048}, (_, _, _) -> { })
                .write(folder.resolve("model.safetensors"));
        return folder;
    }

    @Test void aRecipeThatFitsIsLeftAlone() {
        assertFalse(MemoryCheck.training(RecipeReader.read("demo"), null, null, MemoryLimit.host(8L << 30), console).recompute());
        assertEquals("", said.toString(StandardCharsets.UTF_8));
    }

    @Test void activationsThatDoNotFitAreComputedAgain() throws IOException {
        assertTrue(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-lora"), published(), null, MemoryLimit.host(24L << 30), console)
                .recompute());
        String line = said.toString(StandardCharsets.UTF_8);
        assertTrue(line.contains("stage grpo: all activations would need") && line.contains("25.77 GB") && line.contains("the same bits"), line);
        assertFalse(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-lora"), folder, null, MemoryLimit.host(200L << 30), console)
                .recompute());
        assertFalse(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), folder, null, MemoryLimit.host(200L << 30), console).recompute());
        assertTrue(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), folder, null, MemoryLimit.host(80L << 30), console).recompute());
    }

    /// The published steps of 128 and 64 clips fit one large GPU, because their clips do not go through the model at once.
    @Test void microBatchesAreCounted() throws IOException {
        Recipe base = RecipeReader.read("tinyllava-video");
        MemoryLimit gpu = new MemoryLimit(DeviceKind.CUDA, 140_000_000_000L, "free on GPU 0");
        assertFalse(MemoryCheck.training(base, published(), null, gpu, console).recompute());
        assertEquals("", said.toString(StandardCharsets.UTF_8));
        Recipe together = base.withStages(base.stages().stream().<Stage>map(s -> ((Stage.Supervised) s).withMicroBatch(null)).toList());
        MemoryException e = assertThrows(MemoryException.class, () -> MemoryCheck.training(together, folder, null, gpu, console));
        assertTrue(e.getMessage().startsWith("sft (128 samples a step of 16 frames, 294 tokens each, micro-batch 128, blocks computed again) needs "),
                e.getMessage());
    }

    /// What the demo says about a clip goes together with it.
    @Test void aGroupMayHoldATextOfEveryKind() {
        Recipe demo = RecipeReader.read("demo");
        Stage.Supervised captions = (Stage.Supervised) demo.stage("captions");
        assertEquals(3, captions.mix().size());
        MemoryLimit none = MemoryLimit.host(1);
        MemoryException e = assertThrows(MemoryException.class,
                () -> MemoryCheck.training(demo.withStages(List.of(captions.withMicroBatch(2))), null, null, none, console));
        assertTrue(e.getMessage().contains("96 samples a step") && e.getMessage().contains("micro-batch 6, "), e.getMessage());
    }

    @Test void heldOutQuestionsThatDoNotFitTogetherAreAskedFewerAtATime() throws IOException {
        Recipe lora = RecipeReader.read("tinyllava-video-r1-lora");
        Path questions = folder.resolve("held-out.jsonl");
        assertEquals(new MemoryCheck.Fit(true, Evaluator.BATCH), MemoryCheck.training(lora, published(), null, MemoryLimit.host(24L << 30), console),
                "none are asked");
        said.reset();
        MemoryCheck.Fit fit = MemoryCheck.training(lora, folder, questions, MemoryLimit.host(24L << 30), console);
        assertTrue(fit.recompute() && fit.questions() < Evaluator.BATCH && fit.questions() > 1, fit.toString());
        String line = said.toString(StandardCharsets.UTF_8);
        assertTrue(line.contains("held-out questions: 128 together would need") && line.contains(fit.questions() + " are answered together")
                && line.contains("the same answers"), line);
        assertEquals(new MemoryCheck.Fit(false, Evaluator.BATCH),
                MemoryCheck.training(lora, folder, questions, MemoryLimit.host(200L << 30), console));
        // The demo brings its own.
        assertEquals(Evaluator.BATCH, MemoryCheck.training(RecipeReader.read("demo"), null, null, MemoryLimit.host(8L << 30), console).questions());
    }

    /// Though its data bring questions that the run asked.
    @Test void aReplayAsksNone() throws IOException {
        Recipe lora = RecipeReader.read("tinyllava-video-r1-lora");
        Recipe asking = lora.withData(RecipeReader.read("demo").data());
        assertTrue(MemoryCheck.training(asking, published(), null, MemoryLimit.host(24L << 30), console).questions() < Evaluator.BATCH);
        said.reset();
        assertEquals(Evaluator.BATCH, MemoryCheck.replaying(asking, folder, MemoryLimit.host(24L << 30), console).questions());
        assertFalse(said.toString(StandardCharsets.UTF_8).contains("held-out"), said.toString(StandardCharsets.UTF_8));
    }

    @Test void evaluationTakesWhatFits() throws IOException {
        Recipe demo = RecipeReader.read("demo");
        assertEquals(Evaluator.BATCH, MemoryCheck.evaluating(demo, published(), 0, MemoryLimit.host(200L << 30), console));
        assertEquals(3, MemoryCheck.evaluating(demo, folder, 3, MemoryLimit.host(200L << 30), console));
        int some = MemoryCheck.evaluating(demo, folder, 0, MemoryLimit.host(17L << 30), console);
        assertTrue(some >= 1 && some < Evaluator.BATCH, "together: " + some);
        MemoryException e = assertThrows(MemoryException.class, () -> MemoryCheck.evaluating(demo, folder, 0, MemoryLimit.host(8L << 30), console));
        assertTrue(e.getMessage().startsWith("evaluation (1 question at a time") && e.getMessage().contains("evaluation.max_new_tokens"),
                e.getMessage());
    }

    @Test void whatCannotFitIsRefusedWithATable() throws IOException {
        MemoryException e = assertThrows(MemoryException.class,
                () -> MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), published(), null, MemoryLimit.host(24L << 30), console));
        for (String part : new String[] {"grpo (8 prompts x 8 completions", "blocks computed again", "found 25.77 GB of memory",
                "micro_batch, completions", "tinyllava-video-r1-lora", "moments", "while learning"}) assertTrue(e.getMessage().contains(part),
                part + " in " + e.getMessage());
        e = assertThrows(MemoryException.class, () -> MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-coldstart"), folder, null,
                MemoryLimit.host(24L << 30), console));
        assertTrue(e.getMessage().startsWith("sft (4 samples a step of 16 frames"), e.getMessage());
        assertTrue(e.getMessage().contains("make its micro_batch (all of a step where it has none) or mix smaller, or train an adapter (a recipe of "
                + "your own with a lora section)"), e.getMessage());
        assertFalse(e.getMessage().contains("tinyllava-video-r1-lora"), "it has no supervised stage: " + e.getMessage());
        e = assertThrows(MemoryException.class, () -> MemoryCheck.answering(folder, null, null, 512, MemoryLimit.host(8L << 30)));
        assertTrue(e.getMessage().contains("weights, mapped") && e.getMessage().contains("--memory SIZE"), e.getMessage());
        assertTrue(e.getMessage().contains("fewer --frames") && !e.getMessage().contains("--prompt"), e.getMessage());
        MemoryCheck.answering(folder, null, null, 512, MemoryLimit.host(16L << 30));
        e = assertThrows(MemoryException.class, () -> MemoryCheck.answering(folder, null, 90, 512, MemoryLimit.host(1L << 30)));
        assertTrue(e.getMessage().contains("a shorter --prompt") && !e.getMessage().contains("--frames"), e.getMessage());
    }

    /// A GPU has memory of its own, of another size.
    @Test void theLimitIsTheGpus() throws IOException {
        MemoryException e = assertThrows(MemoryException.class,
                () -> MemoryCheck.answering(published(), null, null, 512, new MemoryLimit(DeviceKind.CUDA, 4L << 30, "free on GPU 1")));
        for (String part : new String[] {"found 4.29 GB free on GPU 1. ", "weights, copied", "beside it, on the host"})
            assertTrue(e.getMessage().contains(part), part + " in " + e.getMessage());
    }
}
