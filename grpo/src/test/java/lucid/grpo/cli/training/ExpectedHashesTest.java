package lucid.grpo.cli.training;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.recipe.RecipeReader;
import org.junit.jupiter.api.Test;

/// Whoever changes the demo's recipe must run it and write down where it ends, here and in the README.
class ExpectedHashesTest {
    @Test void theDemosHashIsKnownAndPrintedInTheReadme() throws IOException {
        String hash = ExpectedHashes.of(RecipeReader.read("demo"));
        assertTrue(hash != null && hash.matches("[0-9a-f]{64}"),
                "expected-hashes.properties has no entry for the demo's recipe as it is now: " + hash);
        assertTrue(Files.readString(Path.of("../README.md")).contains(hash), "README.md prints another hash");
    }

    @Test void anotherSeedHasNone() { assertNull(ExpectedHashes.of(RecipeReader.read("demo").withSeed(2))); }
}
