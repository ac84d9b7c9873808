package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir Path dir;

    private static ObjectNode config(long seed) {
        return JSON.createObjectNode().put("name", "x").set("optimizer", JSON.createObjectNode().put("seed", seed));
    }

    private static RunState at(int step, boolean complete) {
        return new RunState(0, "grpo", step, complete, step, "hash" + step, 0, 0, 1, List.of());
    }

    private static ObjectNode line(int step) { return JSON.createObjectNode().put("step", step).put("reward", step / 2.0); }

    /// A run that ended after so many steps, its only checkpoint made after the first.
    private Path killedAfter(int steps) throws IOException {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.metrics(1, line(1));
            f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "one"));
            for (int step = 2; step <= steps; step++) f.metrics(step, line(step));
        }
        return run;
    }

    @Test void resumeCutsWhatWasWrittenAfterTheCheckpoint() throws IOException {
        Path run = killedAfter(2);
        assertEquals(2, Files.readAllLines(run.resolve("metrics.jsonl")).size());
        try (RunFolder f = RunFolder.open(run, config(1), true)) {
            assertEquals(List.of("{\"step\":1,\"reward\":0.5}"), Files.readAllLines(run.resolve("metrics.jsonl")));
            assertEquals("hash1", RunFolder.state(f.latest().orElseThrow()).hash());
        }
    }

    /// Otherwise the run would go on, and its record lack the steps before.
    @Test void aRecordThatIsGoneIsNotGoneOnFrom() throws IOException {
        Path run = killedAfter(1);
        for (String name : List.of("metrics.jsonl", "events.out.tfevents.lucid")) {
            Path file = run.resolve(name);
            byte[] whole = Files.readAllBytes(file);
            Files.delete(file);
            String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true)).getMessage();
            assertEquals(file + " is not there but the checkpoint was made when it had " + whole.length
                    + "; it was removed since, and the run's record would have a gap. Put it back, or use another --out", message);
            Files.write(file, whole);
        }
        RunFolder.open(run, config(1), true).close();
    }

    /// An editor that has changed the ends of the lines, or added one: the cut would go through a line, and the next step's stand on the rest of it.
    @Test void aRecordThatWasEditedIsNotCut() throws IOException {
        Path run = dir.resolve("run");
        Path checkpoint;
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.metrics(1, line(1).put("hash", "has"));
            f.metrics(2, line(2).put("hash", "has"));
            checkpoint = f.checkpoint(at(2, false), temp -> Files.writeString(temp.resolve("model"), "two"));
            f.metrics(3, line(3).put("hash", "has"));
        }
        Path file = run.resolve("metrics.jsonl");
        String whole = Files.readString(file);
        long events = Files.size(run.resolve("events.out.tfevents.lucid"));
        for (String edited : List.of(whole.replace("\n", "\r\n"), "# mine\n" + whole, whole.replace("\"has\"", "\"had\""),
                whole.replaceFirst(".*\n", ""), whole.replace("\"step\":2", "\"step\":7"))) {
            Files.writeString(file, edited + " ".repeat(whole.length()));
            String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true)).getMessage();
            assertTrue(message.startsWith(file + ": its first " + RunFolder.state(checkpoint).metricsBytes()
                    + " bytes, which it had when the checkpoint " + checkpoint + " was made, end with '"), message);
            assertTrue(message.endsWith("'; wanted the line of step 2 with its end and the hash hash2. It was changed since; nothing was cut. "
                    + "Put it back, or use another --out"), message);
            assertEquals(edited.length() + whole.length(), Files.size(file));
            assertEquals(events, Files.size(run.resolve("events.out.tfevents.lucid")));
        }
        Files.writeString(file, whole);
        RunFolder.open(run, config(1), true).close();
        assertEquals(2, Files.readAllLines(file).size());
    }

    /// One of the two files is gone: the other keeps what a resume would have cut.
    @Test void aRefusalCutsNothing() throws IOException {
        Path run = killedAfter(2);
        Files.delete(run.resolve("events.out.tfevents.lucid"));
        assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true));
        assertEquals(2, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    }

    @Test void aStateThatIsNotWhatWasWrittenIsNotGoneOnFrom() throws IOException {
        Path run = dir.resolve("run");
        Path checkpoint;
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.metrics(1, line(1));
            f.checkpoint(at(1, true), temp -> Files.writeString(temp.resolve("model"), "one"));
            f.metrics(2, line(2));
            checkpoint = f.checkpoint(new RunState(1, "talk", 1, false, 2, "hash2", 0, 0, 1, List.of()),
                    temp -> Files.writeString(temp.resolve("model"), "two"));
        }
        Path file = checkpoint.resolve("state.json");
        String metrics = Files.readString(run.resolve("metrics.jsonl"));
        String whole = Files.readString(file);
        for (String other : List.of(whole.replace("hash2", "hash3"), whole.replaceFirst("(\"metricsBytes\" : )\\d+", "$17"), "")) {
            Files.writeString(file, other);
            String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true)).getMessage();
            assertTrue(message.startsWith(file + " is not what the run wrote: found SHA-256 ") && message.endsWith("Without the folder " + checkpoint
                    + ", --resume goes back to step 1 (stage grpo) and drops the metrics of the steps since"), message);
            assertEquals(metrics, Files.readString(run.resolve("metrics.jsonl")));
        }
        // Checkpoints of before their states were in the list.
        List<String> older = Files.readAllLines(checkpoint.resolve(Checksums.NAME)).stream().filter(l -> !l.endsWith("state.json")).toList();
        assertEquals(1, older.size());
        Files.write(checkpoint.resolve(Checksums.NAME), older);
        Files.writeString(file, whole.replace("hash2", "hash3"));
        RunFolder.open(run, config(1), true).close();
    }

    @Test void aCheckpointThatIsNotWhatWasWrittenIsNamed() throws IOException {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.metrics(1, line(1));
            Path checkpoint = f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "one"));
            Checksums.check(checkpoint);
            Files.writeString(checkpoint.resolve("model"), "ome");
            String message = assertThrows(RunException.class, () -> Checksums.check(checkpoint)).getMessage();
            assertTrue(message.startsWith(checkpoint.resolve("model") + " is not what the run wrote: found SHA-256 ")
                    && message.contains(", wanted 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed "), message);
            Files.delete(checkpoint.resolve("model"));
            assertTrue(assertThrows(RunException.class, () -> Checksums.check(checkpoint)).getMessage().contains("found SHA-256 no such file"));
            Files.writeString(checkpoint.resolve(Checksums.NAME), "7692c3ad model\n");
            assertTrue(assertThrows(RunException.class, () -> Checksums.check(checkpoint)).getMessage()
                    .endsWith("found '7692c3ad model', wanted a hash, two spaces and a name"));
            Files.delete(checkpoint.resolve(Checksums.NAME));
            Checksums.check(checkpoint);
        }
    }

    /// An unfinished stage keeps one checkpoint: without it the run is back where the stage before ended.
    @Test void whatADamagedCheckpointTakesWithItIsSaid() throws IOException {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            Path first = f.checkpoint(at(3, false), temp -> Files.writeString(temp.resolve("model"), "one"));
            assertLost(first, "Without the folder " + first + ", --resume begins the run anew and drops the metrics of the 3 steps since");
            f.checkpoint(at(4, true), temp -> Files.writeString(temp.resolve("model"), "one"));
            Path second = f.checkpoint(new RunState(1, "talk", 7, false, 11, "hash", 0, 0, 1, List.of()),
                    temp -> Files.writeString(temp.resolve("model"), "one"));
            assertLost(second, "Without the folder " + second + ", --resume goes back to step 4 (stage grpo) and drops the metrics of the 7 steps "
                    + "since");
            assertLost(RunFolder.checkpoints(run).getFirst(), "Nothing else in " + run + " holds these weights");
        }
    }

    private static void assertLost(Path checkpoint, String wanted) throws IOException {
        Files.writeString(checkpoint.resolve("model"), "damaged");
        String message = assertThrows(RunException.class, () -> Checksums.check(checkpoint)).getMessage();
        assertTrue(message.endsWith("put back what was there. " + wanted), message);
    }

    /// A run that has made a step and saved it.
    private Path begun(ObjectNode config) {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config, false)) {
            f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "one"));
        }
        return run;
    }

    @Test void aRunThatHasMadeNoStepIsBegunAnewWithAnyConfig() throws IOException {
        Path run = dir.resolve("run");
        RunFolder.open(run, config(1), false).close();
        assertFalse(RunFolder.begun(run));
        Files.writeString(run.resolve("clips.sha256"), "of other clips");
        Files.writeString(Files.createDirectories(run.resolve("reference")).resolve("model"), "another");
        RunFolder.open(run, config(2), false).close();
        assertEquals(config(2).toString(), JSON.readTree(Files.readString(run.resolve("config.json"))).toString());
        assertFalse(Files.exists(run.resolve("clips.sha256")) || Files.exists(run.resolve("reference")));
        try (RunFolder f = RunFolder.open(run, config(1), true)) {
            f.metrics(1, line(1));
        }
        assertTrue(RunFolder.begun(run));
        assertThrows(RunException.class, () -> RunFolder.open(run, config(2), true));
    }

    @Test void anotherConfigIsRefusedWithTheDifference() {
        Path run = begun(config(1));
        String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(2), true)).getMessage();
        assertTrue(message.contains("optimizer.seed: 1 -> 2"), message);
    }

    @Test void anotherArithmeticIsRefused() {
        Path run = begun(config(1).put("arithmetic", "reference"));
        RunFolder.open(run, config(1).put("arithmetic", "reference"), true).close();
        String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1).put("arithmetic", "exact"), true)).getMessage();
        assertTrue(message.contains("arithmetic: \"reference\" -> \"exact\"")
                && message.endsWith("its arithmetic (--device, --matmul, --patch-embedding, --kernels)"), message);
        assertThrows(RunException.class, () -> RunFolder.checkStart(run, config(1).put("arithmetic", "exact")), "a replay");
    }

    @Test void aRunOfBeforeItsArithmeticWasWrittenDownIsExact() {
        Path run = begun(config(1));
        RunFolder.open(run, config(1).put("arithmetic", "exact"), true).close();
        RunFolder.checkStart(run, config(1).put("arithmetic", "exact"));
        String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1).put("arithmetic", "cublas on sm_90"), true))
                .getMessage();
        assertTrue(message.contains("arithmetic: \"exact\" -> \"cublas on sm_90\""), message);
    }

    @Test void dataThatWereMovedAreTheSameData() throws IOException {
        Path run = begun(config(1).put("data_folder", "/there"));
        RunFolder.open(run, config(1).put("data_folder", "/here").put("data_folder_relative", "../here"), true).close();
        assertEquals(config(1).put("data_folder", "/here").put("data_folder_relative", "../here").toString(),
                JSON.readTree(Files.readString(run.resolve("config.json"))).toString());
        String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(2).put("data_folder", "/away"), true)).getMessage();
        assertTrue(message.contains("optimizer.seed: 1 -> 2") && !message.contains("data_folder"), message);
        assertTrue(Files.readString(run.resolve("config.json")).contains("/here"));
    }

    private void refusesTheConfig(String text, String... parts) throws IOException {
        Path run = Files.createDirectories(dir.resolve("run"));
        Path file = Files.writeString(run.resolve("config.json"), text);
        String message = assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true)).getMessage();
        assertTrue(message.startsWith(file + ": ") && !message.contains("REDACTED") && !message.contains("a folder that can be written"), message);
        for (String part : parts) assertTrue(message.contains(part), message);
        assertEquals(text, Files.readString(file));
    }

    @Test void aDamagedConfigIsNamedWithTheLine() throws IOException {
        refusesTheConfig("{\n  \"name\": \"x\",\n  \"optimizer\": {,\n}\n", "not sound JSON", "(line 3)");
    }

    @Test void aConfigThatWasCutOffIsNamed() throws IOException {
        refusesTheConfig("{\n  \"name\": \"x\",\n", "not sound JSON", "end-of-input", "(line ");
        refusesTheConfig("{\n  \"name\": \"x\"\n", "not sound JSON: Unexpected end-of-input: expected close marker for Object (line ");
    }

    @Test void anEmptyConfigIsNamed() throws IOException { refusesTheConfig("", "found nothing", "wanted a run's config"); }

    @Test void aConfigThatIsNoObjectIsNamed() throws IOException { refusesTheConfig("[]", "found array", "wanted a run's config"); }

    @Test void aRunIsNotContinuedUnasked() {
        Path run = begun(config(1));
        assertTrue(assertThrows(RunException.class, () -> RunFolder.open(run, config(1), false)).getMessage().contains("--resume"));
    }

    @Test void onlyTheNewestUnfinishedCheckpointIsKept() {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            for (int step = 1; step <= 3; step++) f.checkpoint(at(step, false), temp -> Files.writeString(temp.resolve("model"), "w"));
            f.checkpoint(at(3, true), temp -> Files.writeString(temp.resolve("model"), "w"));
        }
        assertEquals(List.of("00-grpo-000003-done"), RunFolder.checkpoints(run).stream().map(p -> p.getFileName().toString()).toList());
    }

    @Test void aCheckpointThatFailsLeavesTheOneBefore() {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "w"));
            var error = assertThrows(UncheckedIOException.class,
                    () -> f.checkpoint(at(2, false), _ -> { throw new IOException("No space left on device"); }));
            assertTrue(error.getMessage().contains("No space left on device"), error.getMessage());
            assertEquals(1, RunFolder.state(f.latest().orElseThrow()).step());
        }
    }

    @Test void aFolderIsOpenOnceAndARefusalLetsItGo() {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "w"));
            assertTrue(assertThrows(RunException.class, () -> RunFolder.open(run, config(1), true)).getMessage().contains("open already"));
        }
        for (int i = 0; i < 2; i++) assertThrows(RunException.class, () -> RunFolder.open(run, config(2), true));
        RunFolder.open(run, config(1), true).close();
    }

    @Test void whatAKilledRunLeftHalfWrittenOrHalfDeletedIsSweptAway() throws IOException {
        Path run = dir.resolve("run");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.checkpoint(at(2, false), temp -> Files.writeString(temp.resolve("model"), "w"));
        }
        for (String left : List.of("00-grpo-000001", ".00-grpo-000003.partial")) {
            Files.writeString(Files.createDirectories(run.resolve("checkpoints").resolve(left)).resolve("model"), "half");
        }
        RunFolder.open(run, config(1), true).close();
        try (var all = Files.list(run.resolve("checkpoints"))) {
            assertEquals(List.of("00-grpo-000002"), all.map(p -> p.getFileName().toString()).toList());
        }
    }

    /// A copy of a checkpoint that is to be kept, a model that was made of one, a note: none is the run's, so none is deleted, or taken for where it
    /// stands.
    @Test void whatSomebodyPutsAmongTheCheckpointsIsLeftAlone() throws IOException {
        Path run = dir.resolve("run");
        Path checkpoints = run.resolve("checkpoints");
        List<String> own = List.of("00-grpo-000002-best", "best", "converted", ".hidden", "notes.txt");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            Path first = f.checkpoint(at(2, false), temp -> Files.writeString(temp.resolve("model"), "w"));
            for (String copy : own.subList(0, 2)) copy(first, checkpoints.resolve(copy));
            for (String folder : own.subList(2, 4)) Files.writeString(Files.createDirectories(checkpoints.resolve(folder)).resolve("model"), "w");
            Files.writeString(checkpoints.resolve(own.getLast()), "remember");
            f.checkpoint(at(4, false), temp -> Files.writeString(temp.resolve("model"), "w"));
        }
        try (RunFolder f = RunFolder.open(run, config(1), true)) {
            assertEquals("00-grpo-000004", f.latest().orElseThrow().getFileName().toString());
            f.checkpoint(at(4, true), temp -> Files.writeString(temp.resolve("model"), "w"));
        }
        for (String name : own) assertTrue(Files.exists(checkpoints.resolve(name)), name);
        assertEquals(List.of("00-grpo-000004-done"), RunFolder.checkpoints(run).stream().map(p -> p.getFileName().toString()).toList());
    }

    /// A kill may come after a checkpoint is written and before the one that it replaces is deleted.
    @Test void whatACheckpointHasReplacedIsSweptAway() throws IOException {
        Path run = dir.resolve("run");
        Path kept = dir.resolve("kept");
        try (RunFolder f = RunFolder.open(run, config(1), false)) {
            f.checkpoint(at(1, true), temp -> Files.writeString(temp.resolve("model"), "w"));
            for (int step : new int[] {2, 4}) {
                Path one = f.checkpoint(new RunState(1, "talk", step, false, step, "hash", 0, 0, 1, List.of()),
                        temp -> Files.writeString(temp.resolve("model"), "w"));
                copy(one, kept.resolve(one.getFileName()));
            }
            f.checkpoint(new RunState(1, "talk", 6, true, 6, "hash", 0, 0, 1, List.of()), temp -> Files.writeString(temp.resolve("model"), "w"));
            Path next = f.checkpoint(new RunState(2, "last", 1, false, 7, "hash", 0, 0, 1, List.of()),
                    temp -> Files.writeString(temp.resolve("model"), "w"));
            copy(next, kept.resolve("02-last-000000"));
        }
        for (Path one : Disk.list(kept, _ -> true)) copy(one, run.resolve("checkpoints").resolve(one.getFileName()));
        assertEquals(6, RunFolder.checkpoints(run).size());
        RunFolder.open(run, config(1), true).close();
        assertEquals(List.of("00-grpo-000001-done", "01-talk-000006-done", "02-last-000001"), RunFolder.checkpoints(run).stream()
                .map(p -> p.getFileName().toString()).toList());
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path file : Disk.list(from, _ -> true)) Files.copy(file, to.resolve(file.getFileName()));
    }

    @Test void filesThatAKilledRunWasWritingAreSweptAway() throws IOException {
        Path run = begun(config(1));
        List<Path> left = List.of(run.resolve(".report.html.7-1.partial"), run.resolve("rollouts/.step-000002.jsonl.7-1.partial"),
                run.resolve("ledger/.step-000002.jsonl.gz.7-1.partial"), run.resolve("answers/.000002.json.7-1.partial"));
        for (Path file : left) Files.writeString(Files.createDirectories(file.getParent()).resolve(file.getFileName()), "half");
        Path mine = Files.writeString(run.resolve(".mine.partial"), "mine");
        Path whole = Files.writeString(run.resolve("rollouts/step-000001.jsonl"), "whole");
        RunFolder.open(run, config(1), true).close();
        assertEquals(List.of(), left.stream().filter(Files::exists).toList());
        assertTrue(Files.exists(mine) && Files.exists(whole), "what is no such file");
    }

    /// Else a power cut could take the file's name, and leave a checkpoint that counts on it.
    @Test void theNamesOfWhatIsAppendedToAreForced() throws IOException {
        Path run = dir.resolve("run");
        assertEquals(List.of(dir, run, run), Forced.folders(() -> RunFolder.open(run, config(1), false).close()),
                "the folder, config.json, metrics and events");
        try (RunFolder f = RunFolder.open(run, config(1), true)) {
            Path checkpoints = run.resolve("checkpoints");
            assertEquals(List.of(run, checkpoints),
                    Forced.folders(() -> f.checkpoint(at(1, false), temp -> Files.writeString(temp.resolve("model"), "w"))));
            assertEquals(List.of(checkpoints),
                    Forced.folders(() -> f.checkpoint(at(2, false), temp -> Files.writeString(temp.resolve("model"), "w"))));
        }
    }

    @Test void aReadOnlyFolderIsNamed() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "in the way");
        assertTrue(assertThrows(RunException.class, () -> RunFolder.open(file.resolve("run"), config(1), false)).getMessage().contains("run"));
        assertFalse(Files.exists(file.resolve("run")));
    }

    /// A second opening that this process refuses itself leaves the lock to the first: to another process the run is in use still.
    @Test void aRefusalKeepsTheLock() throws IOException, InterruptedException {
        Path run = dir.resolve("locked");
        try (RunFolder _ = RunFolder.open(run, config(1), false)) {
            assertThrows(RunException.class, () -> RunFolder.lock(run));
            Process other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                    System.getProperty("java.class.path"), Other.class.getName(), run.toString()).start();
            assertEquals(3, other.waitFor(), "the other process has the lock");
        }
    }

    static final class Other {
        public static void main(String[] args) throws IOException {
            try (var _ = RunFolder.lock(Path.of(args[0]))) {
                System.exit(0);
            } catch (RunException e) {
                System.exit(3);
            }
        }
    }
}
