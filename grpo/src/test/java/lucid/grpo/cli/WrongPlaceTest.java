package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import lucid.grpo.console.Count;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file where a folder is wanted, the other way round, and nothing at all: the message says what was found.
class WrongPlaceTest extends CommandTest {
    @TempDir Path temp;
    private Path file;
    private Path folder;
    private Path nothing;

    @BeforeEach void places() throws IOException {
        file = Files.writeString(temp.resolve("file"), "text");
        folder = Files.createDirectory(temp.resolve("folder"));
        nothing = temp.resolve("nothing");
    }

    @Test void aFileWhereAFolderIsWanted() throws IOException {
        String found = file + ": found a file";
        lucid("bundle", "--out", file).failedWith(found, "wanted a new or empty folder");
        lucid("report", file).failedWith(found, "wanted a run's folder");
        lucid("inspect", file).failedWith(found);
        lucid("replay", file, "--step", 1).failedWith(found);
        lucid("demo", "--base", file).failedWith(found);
        lucid("sft", "--recipe", "demo", "--out", file).failedWith(found, "use another --out");
        lucid("model", "info", file).failedWith(found);
        lucid("eval", "--model", file).failedWith(found);
        lucid("eval", "--model", folder, "--benchmark", "nextqa", "--data", file).failedWith(found, "--data");
        lucid("tokenizer", "train", file, "--vocab", 258, "--out", file).failedWith(file.toString(), "is there already and cannot be replaced");
        assertEquals("text", Files.readString(file));
    }

    @Test void aFolderWhereAFileIsWanted() {
        String found = folder + ": found a folder";
        lucid("tokenizer", "train", folder, "--vocab", 300, "--out", nothing).failedWith(found, "wanted a text");
        for (String command : new String[] {"run", "stats", "check"}) lucid("ptx", command, folder).failedWith(found, "wanted a .ptx file");
    }

    @Test void nothing() {
        lucid("report", folder).failedWith(folder + " is not a run folder: it has no config.json");
        for (String command : new String[] {"report", "inspect"})
            lucid(command, nothing).failedWith(nothing + ": no such folder", "wanted a run's folder");
        lucid("demo", "--base", nothing).failedWith(nothing + ": no such folder", "wanted a run's folder");
    }

    /// Of an empty variable in a script; as a path it is the current folder.
    @Test void anEmptyName() {
        String[][] commands = {{"generate", "--model", "", "--prompt", "x"}, {"eval", "--model", ""}, {"convert", "", nothing.toString()},
                {"sft", "--recipe", "demo", "--model", "", "--out", nothing.toString()}};
        for (String[] command : commands) lucid((Object[]) command).failedWith("found an empty name of a model; wanted a model's folder");
    }

    /// As the cases of `parity` are laid out.
    @Test void aModelInAFolderOfTheNamed() {
        Path outer = folder;
        lucid("init", "--config", "tinyllava-video-tiny", "--out", outer.resolve("model"), "--seed", 1).ok();
        lucid("model", "info", outer).failedWith(outer + " holds no weights", "; " + outer.resolve("model") + " does, name that");
        lucid("model", "info", outer.resolve("model")).ok();
    }

    /// Found before the demo's clips are made, and it is said that they would be.
    @Test void aModelWithoutATokenizer() throws IOException {
        Path model = temp.resolve("model");
        Path data = temp.resolve("data");
        lucid("init", "--config", "demo", "--out", model, "--seed", 1).ok();
        lucid(Map.of(), "eval", "--model", model, "--data", data).failedWith(model + " is no run's: the held-out questions of recipe demo are "
                + "asked, whose clips are made in " + data, model + ": no tokenizer there");
        assertFalse(Files.exists(data));
    }

    @Test void oneIsNotMany() {
        assertEquals("1 step", Count.of(1, "step"));
        assertEquals("0 steps", Count.of(0, "step"));
    }
}
