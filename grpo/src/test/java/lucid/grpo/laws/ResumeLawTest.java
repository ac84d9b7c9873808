package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.Checksums;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunState;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Disk law: a run that was stopped, killed or could not write goes on to the same bits as one that was left alone.
class ResumeLawTest {
    private static final Toy.Knobs OFTEN = Toy.Knobs.PLAIN.prompts(2).microBatch(1).iterations(2, 0.2).writing(2, 3, 2);

    @TempDir Path folder;

    /// Everything but clocks: metrics, rollouts, ledgers, answers, checkpoints.
    private static void assertSameRun(Path whole, Path broken) throws IOException {
        assertEquals(Toy.metrics(whole), Toy.metrics(broken));
        List<String> files = files(whole);
        assertEquals(files, files(broken));
        assertTrue(files.stream().anyMatch(f -> f.startsWith("ledger")) && files.stream().anyMatch(f -> f.endsWith("model.safetensors")),
                files.toString());
        for (String f : files) {
            // These say how long things took.
            if (f.equals("metrics.jsonl") || f.startsWith("events.") || f.endsWith("state.json")) continue;
            if (f.endsWith(Checksums.NAME)) assertEquals(checksums(whole.resolve(f)), checksums(broken.resolve(f)), f);
            else assertArrayEquals(Files.readAllBytes(whole.resolve(f)), Files.readAllBytes(broken.resolve(f)), f);
        }
    }

    private static List<String> checksums(Path file) throws IOException {
        return Files.readAllLines(file).stream().filter(line -> !line.endsWith(RunState.FILE)).toList();
    }

    private static List<String> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).map(p -> root.relativize(p).toString()).sorted().toList();
        }
    }

    /// Trains until the `n`th step begins, when `then` is told.
    private static RunState train(Path run, Recipe recipe, int n, java.util.function.Consumer<Trainer> then) {
        AtomicReference<Trainer> trainer = new AtomicReference<>();
        AtomicInteger steps = new AtomicInteger();
        Runnable atStep = () -> {
            if (steps.incrementAndGet() == n) then.accept(trainer.get());
        };
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device)); RunFolder open = Toy.open(run, recipe, true)) {
            trainer.set(new Trainer(recipe, Toy.data(atStep), Toy.TOKENIZER, policy, open, Console.silent()));
            return trainer.get().run();
        }
    }

    @Test void aFirstStageKeepsItsReference() throws IOException {
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(5)));
        RunState whole = Toy.train(folder.resolve("whole"), recipe, 2);
        RunState stopped = train(folder.resolve("broken"), recipe, 3, Trainer::stop);
        assertEquals(3, stopped.step());
        assertFalse(stopped.stageComplete());
        assertEquals(whole.hash(), Toy.train(folder.resolve("broken"), recipe, 1).hash());
        assertSameRun(folder.resolve("whole"), folder.resolve("broken"));
    }

    @Test void aReferenceThatTheDiskHasChangedIsNotTrainedAgainst() throws IOException {
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(5)));
        train(folder, recipe, 3, Trainer::stop);
        Path weights = folder.resolve("reference/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 3] ^= 1;
        Files.write(weights, bytes);
        String message = assertThrows(RunException.class, () -> Toy.train(folder, recipe, 2)).getMessage();
        assertTrue(message.startsWith(weights + " is not what the run wrote") && message.endsWith("Nothing else in " + folder
                + " holds these weights"), message);
    }

    @Test void stoppedAnywhere() throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(3, 2), Toy.grpo(OFTEN.steps(4)));
        RunState whole = Toy.train(folder.resolve("whole"), recipe, 2);
        Path broken = folder.resolve("broken");
        // A supervised step asks twice, once for each kind. 5: before the last supervised step; 1: at once.
        for (int n : new int[] {5, 1, 2}) train(broken, recipe, n, Trainer::stop);
        assertFalse(RunFolder.state(RunFolder.checkpoints(broken).getLast()).stageComplete());
        assertEquals(whole.hash(), Toy.train(broken, recipe, 2).hash());
        assertSameRun(folder.resolve("whole"), broken);
    }

    /// While held-out questions are answered one by one: none is asked after it, and a resume evaluates.
    @Test void stoppedInAnEvaluation() throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(3, 2), Toy.grpo(OFTEN.steps(4)));
        RunState whole = Toy.train(folder.resolve("whole"), recipe, 2);
        Path broken = folder.resolve("broken");
        // 5 questions after the letters.
        assertEquals(3, asking(broken, recipe, 2).totalSteps());
        assertEquals(3, Toy.metrics(broken).size());
        // Those again, then 2 at the third step of GRPO: its line of metrics waits for their answers.
        assertEquals(6, asking(broken, recipe, 6).totalSteps());
        assertEquals(5, Toy.metrics(broken).size());
        assertEquals(6, asking(broken, recipe, 1).totalSteps());
        assertEquals(5, Toy.metrics(broken).size());
        // Those 2, then 5 at the end.
        RunState unfinished = asking(broken, recipe, 4);
        assertEquals(whole.hash(), unfinished.hash());
        assertFalse(unfinished.stageComplete());
        assertTrue(Toy.train(broken, recipe, 2).stageComplete());
        assertSameRun(folder.resolve("whole"), broken);
    }

    /// Trains until the `n`th held-out question is asked, and stops there.
    private static RunState asking(Path run, Recipe recipe, int n) {
        AtomicReference<Trainer> trainer = new AtomicReference<>();
        AtomicInteger asked = new AtomicInteger();
        ToyData data = Toy.data();
        Set<Integer> clips = data.heldOut(0, TrainingData.Mode.REASONING).stream().map(Prompt::clip).collect(Collectors.toSet());
        data.atClip(clip -> {
            if (clips.contains(clip) && asked.incrementAndGet() == n) trainer.get().stop();
        });
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device)); RunFolder open = Toy.open(run, recipe, true)) {
            policy.questionsTogether(1);
            trainer.set(new Trainer(recipe, data, Toy.TOKENIZER, policy, open, Console.silent()));
            RunState state = trainer.get().run();
            assertEquals(n, asked.get(), "questions after the stop");
            return state;
        }
    }

    @Test void aRunOfAnotherRecipeIsRefused() {
        Recipe recipe = Toy.recipe(Toy.letters(2, 2));
        Toy.train(folder, recipe, 2);
        String message = assertThrows(RunException.class, () -> Toy.train(folder, Toy.recipe(Toy.letters(3, 2)).withSeed(5), 2)).getMessage();
        assertTrue(message.contains("stages[0].steps: 2 -> 3") && message.contains("seed: 11 -> 5"), message);
    }

    /// The kinds of a mixture are drawn, and their gradients added up, in the recipe's order: in another the run would go on, to other bits.
    @Test void aMixtureInAnotherOrderIsAnotherRecipe() {
        Stage.Supervised letters = Toy.letters(4, 1);
        Map<String, Integer> turned = new LinkedHashMap<>();
        List.copyOf(letters.mix().keySet()).reversed().forEach(kind -> turned.put(kind, letters.mix().get(kind)));
        train(folder, Toy.recipe(letters), 5, Trainer::stop);
        Recipe other = Toy.recipe(new Stage.Supervised("letters", letters.phase(), 4, turned, letters.optimizer(), letters.trainable(), 1));
        String message = assertThrows(RunException.class, () -> Toy.train(folder, other, 2)).getMessage();
        assertTrue(message.contains("stages[0].mix: in the order open, early_document -> early_document, open"), message);
        assertTrue(Toy.train(folder, Toy.recipe(letters), 2).stageComplete());
    }

    @Test void aCheckpointThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(6)));
        RunState whole = Toy.train(folder.resolve("whole"), recipe, 2);
        Path run = folder.resolve("broken");
        Path checkpoints = run.resolve("checkpoints");
        Path away = run.resolve("away");
        // A file in the way stands for a folder that cannot be written: the superuser may write everywhere.
        var error = assertThrows(UncheckedIOException.class, () -> train(run, recipe, 3, _ -> swap(checkpoints, away)));
        assertTrue(error.getMessage().contains("checkpoint") && error.getMessage().contains("00-grpo-000004"), error.getMessage());
        assertTrue(error.getMessage().contains("intact"), error.getMessage());
        Files.delete(checkpoints);
        Files.move(away, checkpoints);
        assertEquals(2, RunFolder.state(RunFolder.checkpoints(run).getLast()).step());
        assertEquals(whole.hash(), Toy.train(run, recipe, 2).hash());
        assertSameRun(folder.resolve("whole"), run);
    }

    /// A write that fails in the middle, as on a full disk: the operating system takes no byte behind the limit, which lies inside the weights or
    /// inside the moments of the next checkpoint.
    @ParameterizedTest
    @ValueSource(ints = {100, 200})
    void aDiskThatIsFullLeavesWhatIsThere(int kilobytes) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash here, whose ulimit sets the limit");
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(6)));
        Path file = Files.writeString(folder.resolve("recipe.json"), RecipeReader.write(recipe));
        RunState whole = Toy.train(folder.resolve("whole"), recipe, 2);
        Path run = folder.resolve("broken");
        train(run, recipe, 3, Trainer::stop);
        Path last = RunFolder.checkpoints(run).getLast();
        byte[] weights = Files.readAllBytes(last.resolve("model.safetensors"));
        String wanted = weights.length > kilobytes * 1024 ? "model.safetensors" : "optimizer.safetensors";
        try (Child child = new Child(run, file, 1, 0, kilobytes)) {
            String complaint = child.failure();
            assertTrue(complaint.contains("00-grpo-000004") && complaint.contains(wanted) && complaint.contains("File too large"), complaint);
        }
        assertEquals(last, RunFolder.checkpoints(run).getLast());
        assertArrayEquals(weights, Files.readAllBytes(last.resolve("model.safetensors")));
        assertTrue(files(run).stream().noneMatch(f -> f.contains("partial") || f.contains(".tmp")), "nothing half is left to fill the disk: "
                + files(run));
        assertEquals(whole.hash(), Toy.train(run, recipe, 2).hash());
        assertSameRun(folder.resolve("whole"), run);
    }

    /// A run that ended two steps after its newest checkpoint, by what saves nothing as a fault of a step does, in its first stage, whose reference
    /// is kept. A finished stage keeps its last checkpoint only.
    @Test void stepsOfAnUnfinishedStageAreReplayedFromItsCheckpoint() throws IOException {
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(9).writing(3, 4, 2)));
        Path run = folder.resolve("broken");
        assertThrows(InternalError.class, () -> train(run, recipe, 6, _ -> {
            throw new InternalError("the end of the process in step 6");
        }));
        Path checkpoint = RunFolder.checkpoints(run).getLast();
        assertEquals(3, RunFolder.state(checkpoint).step());
        List<String> files = files(run);
        Path again = folder.resolve("again");
        List<String> hashes = new ArrayList<>();
        try (Device device = new SimdDevice(1); Policy policy = new Policy(Toy.model(device)); RunFolder open = Toy.open(again, recipe, true)) {
            RunState end = new Trainer(recipe, Toy.data(), Toy.TOKENIZER, policy, open, Console.silent())
                    .replay(Optional.of(checkpoint), 5, line -> hashes.add(line.get("hash").asText()));
            assertEquals(5, end.totalSteps());
        }
        assertEquals(Toy.hashes(run).subList(3, 5), hashes);
        assertEquals(Toy.metrics(run).subList(3, 5).stream().map(l -> l.get("num_tokens")).toList(),
                Toy.metrics(again).stream().map(l -> l.get("num_tokens")).toList());
        assertEquals(files, files(run));
        assertTrue(files(again).stream().noneMatch(f -> f.startsWith("checkpoints") || f.startsWith("answers") || f.startsWith("reference")),
                files(again).toString());
    }

    private static void swap(Path checkpoints, Path away) {
        try {
            Files.move(checkpoints, away);
            Files.writeString(checkpoints, "in the way");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// An older version's num_tokens was another number, so a stage that it began goes on without.
    @Test void aCountThatIsNotKnownIsLeftOut() throws IOException {
        Recipe recipe = Toy.recipe(Toy.grpo(OFTEN.steps(4)));
        train(folder, recipe, 2, Trainer::stop);
        Path metrics = folder.resolve("metrics.jsonl");
        // A key of the same length: the checkpoint remembers how long the file was.
        Files.writeString(metrics, Files.readString(metrics).replace("prompts/tokens", "another/number"));
        Toy.train(folder, recipe, 2);
        assertEquals(List.of(true, true, false, false), Toy.metrics(folder).stream().map(l -> l.has("num_tokens")).toList());
    }

    @Test void metricsThatLostLinesAreRefused() throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(4, 2));
        train(folder, recipe, 5, Trainer::stop);
        Files.writeString(folder.resolve("metrics.jsonl"), "");
        String message = assertThrows(RunException.class, () -> Toy.train(folder, recipe, 2)).getMessage();
        assertTrue(message.contains("metrics.jsonl has 0 bytes"), message);
    }

    /// Kills children while they start, evaluate and train, in turn, until `kills` have hit, then lets one finish. What is random follows from a
    /// seed, but for the clock.
    private void kill(Recipe recipe, int kills) throws IOException, InterruptedException {
        long seed = Long.getLong("lucid.kills", System.nanoTime());
        System.out.println(kills + " kills of seed " + seed + "; -Dlucid.kills=" + seed + " repeats them");
        Path file = Files.writeString(folder.resolve("recipe.json"), RecipeReader.write(recipe));
        Path whole = folder.resolve("whole");
        Path broken = folder.resolve("broken");
        RunState end = Toy.train(whole, recipe, 2);
        Random random = new Random(seed);
        for (int i = 0; i < kills; i++) {
            try (Child child = new Child(broken, file, 2, 0)) {
                String when = switch (i % 3) {
                    case 0 -> startingUp(random);
                    case 1 -> evaluating(child, random);
                    default -> training(child, broken, random);
                };
                assertTrue(child.isAlive(), "the child was done before kill " + i + " of seed " + seed + ", " + when
                        + "; the test wants a longer recipe");
                assertFalse(child.kill() == 0);
            }
        }
        try (Child child = new Child(broken, file, 1, 0)) {
            assertEquals(end.hash(), child.hash(), "after " + kills + " kills of seed " + seed);
        }
        assertSameRun(whole, broken);
    }

    private static String startingUp(Random random) throws InterruptedException {
        int pause = random.nextInt(1000);
        Thread.sleep(pause);
        return pause + " ms after its start";
    }

    private static String evaluating(Child child, Random random) throws IOException, InterruptedException {
        int wanted = random.nextInt(1, 5);
        for (int asked = 0; asked < wanted; ) {
            String line = child.line();
            if (line == null) break;
            if (line.equals(Child.EVALUATING)) asked++;
        }
        Thread.sleep(random.nextInt(10));
        return "evaluating, when it asked for questions " + wanted + " times";
    }

    private static String training(Child child, Path run, Random random) throws IOException, InterruptedException {
        assertEquals("open", child.line());
        long from = RunFolder.checkpoints(run).stream().map(RunFolder::state).mapToLong(RunState::totalSteps).max().orElse(0);
        // Some steps must be left: kills add up.
        long target = Math.min(from + random.nextInt(4), 12);
        while (child.isAlive() && lines(run) < target) Thread.sleep(1);
        Thread.sleep(random.nextInt(40));
        return "at step " + target;
    }

    private static long lines(Path run) throws IOException {
        try (Stream<String> lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.count();
        }
    }

    @Test void killedThreeTimes() throws IOException, InterruptedException {
        kill(Toy.recipe(Toy.letters(5, 1), Toy.grpo(OFTEN.steps(10))), 3);
    }

    @Tag("slow")
    @Test void killedTwentyTimes() throws IOException, InterruptedException {
        kill(Toy.recipe(Toy.letters(12, 1), Toy.grpo(OFTEN.steps(60))), 20);
    }
}
