package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Data that were moved since the run was trained.
class RunDataTest {
    @TempDir Path temp;
    private Path parent;

    @BeforeEach void moved() throws IOException { parent = Files.createDirectory(temp.resolve("now")); }

    private RunReader run(String kind, String own) {
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("data_folder", temp.resolve("then").resolve(own).toString());
        recipe(config).putObject("data").put("kind", kind);
        Path run = temp.resolve("run");
        RunFolder.open(run, config, false).close();
        return new RunReader(run, _ -> {});
    }

    private static ObjectNode recipe(ObjectNode config) {
        ObjectNode recipe = config.putObject("recipe").put("name", "moved").put("seed", 1);
        recipe.putArray("stages");
        return recipe;
    }

    @ParameterizedTest
    @CsvSource({"nextqa, NExT-QA", "drift, drift-3-64-5"})
    void theirFolderIsNamedOrTheOneThatItLiesIn(String kind, String own) throws IOException {
        Path folder = Files.createDirectory(parent.resolve(own));
        RunReader run = run(kind, own);
        assertEquals(folder, RunData.of(run, parent).require());
        assertEquals(folder, RunData.of(run, folder).require());
    }

    /// Of a run that was not moved, what its config says in two ways is one place.
    @Test void aPlaceIsNamedOnce() {
        Path then = temp.resolve("then/NExT-QA");
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("data_folder", then.toString()).put("data_folder_relative", "../then/NExT-QA");
        recipe(config);
        RunFolder.open(temp.resolve("run"), config, false).close();
        assertEquals(then.toString(), RunData.of(new RunReader(temp.resolve("run"), _ -> {}), null).where());
    }

    /// Questions' folders may have any name; that of Drift's tells which data they are.
    @Test void aFolderOfQuestionsMayBeRenamed() { assertEquals(parent, RunData.of(run("nextqa", "NExT-QA"), parent).require()); }
}
