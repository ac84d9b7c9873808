package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import lucid.grpo.recipe.RecipeReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command itself, killed while it starts, makes clips, trains, evaluates, asks its controls and writes its report: whenever it is, `--resume`
/// ends on the same numbers and the same clips.
@Tag("slow")
class KilledDemoTest extends CommandTest {
    private static final int KILLS = 20;

    @TempDir Path temp;

    @Test void killedTwentyTimes() throws IOException, InterruptedException {
        long seed = Long.getLong("lucid.kills", System.nanoTime());
        System.out.println(KILLS + " kills of seed " + seed + "; -Dlucid.kills=" + seed + " repeats them");
        Path recipe = Files.writeString(temp.resolve("toy.json"), RecipeReader.write(BaseRunTest.toy()));
        long start = System.nanoTime();
        demo(recipe, "whole", 0);
        int duration = (int) ((System.nanoTime() - start) / 1_000_000);
        Random random = new Random(seed);
        int hit = 0;
        // A child that is done before its kill leaves a finished run, of which the next one only makes the controls and the report again.
        for (int i = 0; i < KILLS; i++) if (demo(recipe, "broken", 1 + random.nextInt(duration))) hit++;
        demo(recipe, "broken", 0);
        assertTrue(hit >= KILLS / 3, hit + " of " + KILLS + " kills of seed " + seed + " came before the end");
        assertEquals(summary("whole"), summary("broken"), "seed " + seed);
        for (String file : new String[] {"train.jsonl", "heldout.jsonl"}) {
            assertArrayEquals(Files.readAllBytes(data("whole").resolve(file)), Files.readAllBytes(data("broken").resolve(file)),
                    file + ", seed " + seed);
        }
        assertTrue(Files.size(temp.resolve("broken/run/report.html")) > 10_000);
    }

    /// @param kill milliseconds after which it is killed; 0: never
    /// @return whether it was
    private boolean demo(Path recipe, String name, int kill) throws IOException, InterruptedException {
        Path err = temp.resolve("err.txt");
        Process p = start(err, "demo", "--recipe", recipe, "--data", temp.resolve(name).resolve("data"), "--out", temp.resolve(name).resolve("run"),
                "--threads", 2, "--resume");
        if (kill > 0 && !p.waitFor(kill, TimeUnit.MILLISECONDS)) {
            p.destroyForcibly();
            return p.waitFor() != 0;
        }
        assertEquals(0, p.waitFor(), Files.readString(err));
        return false;
    }

    private Path data(String name) { return temp.resolve(name).resolve("data/drift-3-64-5"); }

    /// Without what a clock says.
    private ObjectNode summary(String name) throws IOException {
        ObjectNode all = (ObjectNode) new ObjectMapper().readTree(Files.readString(temp.resolve(name).resolve("run/summary.json")));
        all.remove("seconds");
        all.get("stages").forEach(s -> ((ObjectNode) s).remove("seconds"));
        return all;
    }
}
