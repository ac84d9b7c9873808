package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Steps of a finished run, done again: 1, 2 talk, 3, 4 cold start, 5 .. 8 GRPO with two updates a step.
class ReplayCommandTest extends CommandTest {
    @TempDir static Path root;
    private static Path recipe;
    private static Path run;
    private static Map<String, byte[]> before;

    @TempDir Path temp;

    @BeforeAll static void trainAToy() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        Stage.Supervised talk = (Stage.Supervised) toy.stages().getFirst();
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 2, Map.of("direct", 2), talk.optimizer(), talk.trainable(), 1);
        var grpo = new Stage.Grpo("grpo", "grpo", 4, 2, 4, 2, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0), new Stage.RewardSpec("code", 120, true),
                new Stage.AdvantageSpec(1e-4, 0.02, true),
                new Stage.LossSpec(0.2, 0.2, 0.1, 100.0, "sequence_mean"), talk.optimizer(), talk.trainable(), 1, 2, 3);
        recipe = Files.writeString(root.resolve("toy.json"), RecipeReader.write(toy.withStages(List.of(talk, coldStart, grpo))));
        run = root.resolve("run");
        lucid("demo", "--recipe", recipe, "--data", root.resolve("data"), "--out", run, "--threads", 2).ok();
        before = contents(run);
    }

    /// Nothing was written to the run, whatever was asked of it.
    @AfterEach void theRunIsAsItWas() throws IOException {
        Map<String, byte[]> now = contents(run);
        assertEquals(before.keySet(), now.keySet());
        for (String file : now.keySet()) assertArrayEquals(before.get(file), now.get(file), file);
    }

    private static Map<String, byte[]> contents(Path folder) throws IOException {
        Map<String, byte[]> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) all.put(folder.relativize(f).toString(), Files.readAllBytes(f));
        }
        return all;
    }

    private static Object[] words(Path run, Object... more) {
        return Stream.concat(Stream.of("replay", run, "--threads", 1), Arrays.stream(more)).toArray();
    }

    private static Outcome replay(Path run, Object... more) { return lucid(words(run, more)); }

    private static List<JsonNode> metrics(Path run) { return new RunReader(run, _ -> {}).metrics(); }

    /// A copy whose metrics say something else of a step.
    private Path changed(int step, java.util.function.Consumer<ObjectNode> change) throws IOException {
        Path copy = ParityCommandTest.copy(run, temp.resolve("copy"));
        List<String> lines = new ArrayList<>(Files.readAllLines(copy.resolve("metrics.jsonl")));
        ObjectNode line = (ObjectNode) new ObjectMapper().readTree(lines.get(step - 1));
        change.accept(line);
        lines.set(step - 1, line.toString());
        Files.write(copy.resolve("metrics.jsonl"), lines);
        return copy;
    }

    private static void anotherDigit(ObjectNode line) {
        String hash = line.get("hash").asText();
        line.put("hash", (hash.charAt(0) == '0' ? '1' : '0') + hash.substring(1));
    }

    @Test void aGrpoStepIsMetAndShowsEveryTokensProbabilityAfterIt() throws IOException {
        Path out = temp.resolve("again");
        String met = replay(run, "--step", 6, "--to", 7, "--out", out).ok().out();
        assertTrue(met.matches("step 7: hash " + metrics(run).get(6).get("hash").asText()
                + "[0-9a-f]{48} met \\(replayed 3 steps from checkpoint 01-cold_start-000002-done in \\d+\\.\\d s\\)\\R"), met);
        RunReader then = new RunReader(run, _ -> {});
        RunReader now = new RunReader(out, _ -> {});
        assertEquals(List.of(5L, 6L, 7L), now.ledgerSteps());
        for (long step = 5; step <= 7; step++) {
            assertEquals(then.rollouts(step), now.rollouts(step));
            List<JsonNode> old = then.ledger(step);
            List<JsonNode> all = now.ledger(step);
            for (int i = 0; i < all.size(); i++) {
                ObjectNode columns = (ObjectNode) all.get(i);
                // The run itself measured them after every third step.
                assertEquals(step == 5, old.get(i).has("after"));
                assertEquals(columns.get("ids").size(), columns.get("after").size());
                if (step != 5) columns.remove("after");
                assertEquals(old.get(i), columns);
            }
        }
        assertTrue(lucid("inspect", out, "--step", 6, "--prompt", 0, "--completion", 0, "--json").ok().out().contains("\"after\" : 0."));
        lucid("inspect", out, "--step", 8).failedWith(out + " has no step 8. The run has 3 steps replayed of " + run.toAbsolutePath().normalize()
                + ": 5 .. 7 grpo (GRPO). With completions: 5 .. 7; lucid replay "
                + run.toAbsolutePath().normalize() + " --step 8 --out DIR may have that step");
        assertFalse(Files.exists(out.resolve("checkpoints")));
        lucid("demo", "--recipe", recipe, "--data", root.resolve("data"), "--out", out, "--threads", 2, "--resume")
                .failedWith("another config", "replay_of", "cannot be continued");
        replay(run, "--step", 6, "--out", out).failedWith(out + " holds a run already");
        replay(out, "--step", 6).failedWith(out + " holds steps that were replayed, of " + run.toAbsolutePath().normalize(), "replay that run");
    }

    /// As `report` takes it; nothing is made where there is nothing.
    @Test void dataAreNamedByTheirFolderOrTheOneAbove() throws IOException {
        assertTrue(replay(run, "--step", 1, "--data", root.resolve("data/drift-3-64-5")).ok().out().contains("step 1: hash "));
        Path nowhere = temp.resolve("nowhere");
        replay(run, "--step", 1, "--data", nowhere).failedWith("its data are not there; wanted them in " + nowhere.resolve("drift-3-64-5"));
        assertFalse(Files.exists(nowhere));
    }

    /// Found from the run folder, however that is named.
    @Test void dataThatMovedWithTheRunAreFound() throws IOException {
        Path moved = ParityCommandTest.copy(run, temp.resolve("moved"));
        ParityCommandTest.copy(root.resolve("data/drift-3-64-5"), temp.resolve("clips/drift-3-64-5"));
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(moved.resolve("config.json").toFile());
        json.writeValue(moved.resolve("config.json").toFile(), config.put("data_folder", "/nowhere/data/drift-3-64-5")
                .put("data_folder_relative", "../clips/drift-3-64-5"));
        Path here = Path.of("").toAbsolutePath().relativize(moved.toRealPath());
        assertTrue(replay(here, "--step", 1).ok().out().contains("step 1: hash "));
        assertFalse(Files.exists(Path.of("data")), "no clips were made anew");
    }

    @Test void supervisedStepsAreMetFromTheBeginningAndOverTheEndOfAStage() {
        assertTrue(replay(run, "--step", 1, "--to", 5).ok().out().contains(" met (replayed 5 steps from the beginning in "));
        assertTrue(replay(run, "--step", 4).ok().out().contains("step 4: hash " + metrics(run).get(3).get("hash").asText()));
        assertTrue(replay(run, "--step", 3, "--data", root.resolve("data")).ok().out()
                .contains("(replayed 1 step from checkpoint 00-talk-000002-done in "));
    }

    @Test void aHashThatDiffersNamesTheStepAndTheMetrics() throws IOException {
        Path copy = changed(6, ReplayCommandTest::anotherDigit);
        replay(copy, "--step", 5).ok();
        Outcome o = replay(copy, "--step", 8);
        o.failedWith("step 6 (grpo 2): hash " + metrics(run).get(5).get("hash").asText() + ", but the run has " + metrics(copy).get(5)
                .get("hash").asText(),
                "from checkpoint 01-cold_start-000002-done", "No metric differs");
        assertEquals("", o.out());
    }

    @Test void metricsThatDifferAreShown() throws IOException {
        Path copy = changed(2, line -> {
            anotherDigit(line);
            line.put("loss", 77).put("time/step", 3).put("of/another/version", 5);
        });
        Outcome o = replay(copy, "--step", 2);
        o.failedWith("step 2 (talk 2): hash ", "loss: 77 -> " + metrics(run).get(1).get("loss"));
        assertFalse(o.err().contains("time/") || o.err().contains("another/") || o.err().contains("grad_norm"), o.err());
    }

    private static final String STEPS = "The run has 8 steps: 1 .. 2 talk (supervised), 3 .. 4 cold_start (supervised), 5 .. 8 grpo (GRPO). ";

    /// Which steps there are, of which kind, and what makes what is missing: the command that is named does.
    @Test void aStepThatCannotBeInspected() throws IOException {
        lucid("inspect", run, "--step", 9).failedWith(run + " has no step 9. " + STEPS + "With completions: 5 .. 8");
        lucid("inspect", run, "--step", 0).failedWith(run + " has no step 0. " + STEPS);
        lucid("inspect", run, "--step", 2).failedWith(run + ": step 2 has no completions: its stage talk is supervised, and only GRPO steps draw "
                + "any (what it measured is in metrics.jsonl). " + STEPS + "With completions: 5 .. 8");
        Path copy = ParityCommandTest.copy(run, temp.resolve("copy"));
        Path ledger = copy.resolve("ledger/step-000006.jsonl.gz");
        Files.delete(ledger);
        lucid("inspect", copy, "--step", 6, "--prompt", 0).ok();
        lucid("inspect", copy, "--step", 6, "--prompt", 0, "--completion", 0)
                .failedWith(ledger + ": no such file, though step 6 is one of the GRPO stage grpo. " + STEPS
                + "With a ledger: 5, 7 .. 8; lucid replay " + copy + " --step 6 --out DIR makes it again, for lucid inspect DIR --step 6");
        replay(copy, "--step", 6, "--out", temp.resolve("again")).ok();
        lucid("inspect", temp.resolve("again"), "--step", 6, "--prompt", 0, "--completion", 0).ok();
        Path config = copy.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"base_fingerprint\" : null", "\"base_fingerprint\" : \"c0ffee\"")
                .replaceFirst("\"steps\" : 4", "\"steps\" : 5"));
        lucid("inspect", copy, "--step", 6, "--prompt", 0, "--completion", 0)
                .failedWith("The run has 8 steps of 9: 1 .. 2 talk", " --step 6 --out DIR --model MODEL makes it again");
    }

    @Test void stepsAndFoldersThatCannotBe() throws IOException {
        replay(run, "--step", 9).failedWith("metrics.jsonl has no line of step 9",
                "The run has 8 steps: 1 .. 2 talk (supervised), 3 .. 4 cold_start (supervised), 5 .. 8 grpo (GRPO)");
        replay(run, "--step", 8, "--to", 9).failedWith("no line of step 9");
        replay(run, "--step", 0).misusedWith("--step: found 0", "1 or more");
        replay(run, "--step", 3, "--to", 2).misusedWith("--to 2 is before --step 3");
        replay(run).misusedWith("--step");
        replay(run, "--step", 3, "--out", run.resolve("again")).misusedWith("lies in the run's own folder");
        replay(run, "--step", 3, "--out", root).failedWith(root + " is not empty");
        replay(root.resolve("no"), "--step", 3).failedWith("no such folder; wanted a run's folder");
        Path copy = ParityCommandTest.copy(run, temp.resolve("copy"));
        Files.delete(copy.resolve("metrics.jsonl"));
        replay(copy, "--step", 3).failedWith("metrics.jsonl has no line of any step");
    }

    @Test void aRunThatBeganFromAModelNeedsTheSameModel() throws IOException {
        Path model = RunFolder.checkpoints(run).get(1);
        Path trained = temp.resolve("trained");
        lucid("train", "--recipe", recipe, "--model", model, "--data", root.resolve("data"), "--out", trained, "--threads", 2).ok();
        replay(trained, "--step", 2).misusedWith("began from a model (base_fingerprint ", "--model");
        replay(trained, "--step", 2, "--model", RunFolder.checkpoints(run).getFirst()).failedWith("another config", "base_fingerprint: \"");
        replay(run, "--step", 2, "--model", model).failedWith("another config", "base_fingerprint: null -> \"");
        assertTrue(replay(trained, "--step", 2, "--model", model).ok().out().contains("(replayed 2 steps from the beginning in "));
    }

    /// Whatever ends it, the temporary folder goes.
    @Test void nothingIsLeftBehind() throws IOException, InterruptedException {
        Path aside = Files.createDirectory(temp.resolve("aside"));
        Map<String, String> there = Map.of("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + aside);
        lucid(there, words(changed(6, ReplayCommandTest::anotherDigit), "--step", 6)).failedWith("step 6 ");
        assertEquals(List.of(), left(aside));
        Path err = temp.resolve("err");
        Process interrupted = start(there, err, words(run, "--step", 1, "--to", 8));
        while (interrupted.isAlive() && left(aside).isEmpty()) Thread.sleep(5);
        interrupted.destroy();
        assertTrue(interrupted.waitFor(60, TimeUnit.SECONDS));
        String said = Files.readString(err);
        assertTrue(said.contains("stopping after this step") && said.contains("step 1 (talk 1): hash ") && !said.contains("step 8 "), said);
        assertEquals(List.of(), left(aside));
    }

    private static List<Path> left(Path aside) throws IOException {
        try (Stream<Path> all = Files.list(aside)) {
            return all.filter(p -> p.getFileName().toString().startsWith("lucid")).toList();
        }
    }
}
