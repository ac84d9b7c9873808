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
import lucid.grpo.console.Console;
import lucid.grpo.recipe.RecipeReader;
import lucid.nn.checkpoint.ModelTemplate;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.memory.MemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryCheckTest {
    @TempDir Path folder;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final Console console = new Console(new PrintStream(said, true, StandardCharsets.UTF_8), false);

    /// The published configuration; of the weights only a name and a type, which is all that a plan looks at.
    private Path published() throws IOException {
        Files.writeString(folder.resolve("config.json"), ModelTemplate.shipped("tinyllava-video-r1").config().json().toString());
        new SafetensorsWriter().add("language_model.model.norm.weight", lucid.nn.file.StoredType.BF16, new long[] {2048}, (_, _, _) -> { }).write(folder.resolve("model.safetensors"));
        return folder;
    }

    @Test void aRecipeThatFitsIsLeftAlone() {
        assertFalse(MemoryCheck.training(RecipeReader.read("demo"), null, 8L << 30, console));
        assertEquals("", said.toString(StandardCharsets.UTF_8));
    }

    @Test void activationsThatDoNotFitAreComputedAgain() throws IOException {
        assertTrue(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-lora"), published(), 24L << 30, console));
        String line = said.toString(StandardCharsets.UTF_8);
        assertTrue(line.contains("stage grpo: all activations would need") && line.contains("25.77 GB") && line.contains("the same bits"), line);
        assertFalse(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-lora"), folder, 200L << 30, console));
        assertFalse(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), folder, 200L << 30, console));
        assertTrue(MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), folder, 80L << 30, console));
    }

    @Test void whatCannotFitIsRefusedWithATable() throws IOException {
        MemoryException e = assertThrows(MemoryException.class, () -> MemoryCheck.training(RecipeReader.read("tinyllava-video-r1"), published(), 24L << 30, console));
        for (String part : new String[] {"grpo (8 prompts x 8 completions", "blocks computed again", "found 25.77 GB of memory", "micro_batch, completions", "tinyllava-video-r1-lora", "moments", "while learning"}) assertTrue(e.getMessage().contains(part), part + " in " + e.getMessage());
        e = assertThrows(MemoryException.class, () -> MemoryCheck.training(RecipeReader.read("tinyllava-video-r1-coldstart"), folder, 24L << 30, console));
        assertTrue(e.getMessage().startsWith("sft (4 samples a step of 16 frames"), e.getMessage());
        e = assertThrows(MemoryException.class, () -> MemoryCheck.answering(folder, null, 512, 8L << 30));
        assertTrue(e.getMessage().contains("weights, mapped") && e.getMessage().contains("--memory SIZE"), e.getMessage());
        MemoryCheck.answering(folder, null, 512, 16L << 30);
    }
}
