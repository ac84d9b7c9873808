package lucid.grpo.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.run.RunFolder;

/// A run's folder without the training: the files by which a run and its checkpoints are known.
final class FakeRun {
    private FakeRun() {}

    /// A run that has no checkpoint yet.
    static Path begin(Path root) {
        RunFolder.open(root, JsonNodeFactory.instance.objectNode().put("name", "a recipe, not a model"), false).close();
        return root;
    }

    /// A copy of a model as the run's checkpoint.
    static Path checkpoint(Path run, String name, Path model) throws IOException {
        Path made = ParityCommandTest.copy(model, Files.createDirectories(run.resolve("checkpoints")).resolve(name));
        Files.writeString(made.resolve("state.json"), "{}");
        return made;
    }
}
