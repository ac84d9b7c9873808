package lucid.grpo.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import lucid.nn.file.WeightFiles;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A short sweep, the corpus of what sweeps have found, and with `-Pslow` ten thousand cases (`-Dlucid.fuzz=COUNT` for another number) in a JVM of
/// 512 MB.
class FuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/fuzz/corpus");
    @TempDir Path folder;

    @Test void soundFilesAreAcceptedAndJudgedSound() throws IOException {
        Sweep sweep = new Sweep(folder, null);
        for (Format f : Format.all()) {
            sweep.prepare(f);
            assertTrue(sweep.run(f, "undamaged", f.original()), f.name());
        }
        assertEquals(List.of(), sweep.failures);
    }

    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    @Test void damagedFilesAreRefusedOrWhatTheySay() throws IOException {
        Sweep sweep = new Sweep(folder, null);
        sweep.run(Format.all(), 0, 1_100);
        assertEquals(List.of(), sweep.failures, () -> String.join("\n", sweep.failures));
        int refused = sweep.counts.values().stream().mapToInt(c -> c.refused).sum();
        assertTrue(refused > 550 && refused < 1_100, refused + " of 1100 were refused: does the damage damage, does the judge ever judge?");
    }

    /// `corpus/FORMAT/WHAT-IT-WAS`: files that crashed or slipped through once.
    @Test void whatWasFoundStaysFixed() throws IOException {
        Sweep sweep = new Sweep(folder, null);
        int cases = 0;
        for (Format f : Format.all()) {
            if (!Files.isDirectory(CORPUS.resolve(f.name()))) continue;
            sweep.prepare(f);
            try (Stream<Path> files = Files.list(CORPUS.resolve(f.name()))) {
                for (Path file : files.sorted().toList()) {
                    assertFalse(sweep.run(f, file.getFileName().toString(), Files.readAllBytes(file)), file + " is accepted again");
                    cases++;
                }
            }
        }
        assertEquals(List.of(), sweep.failures);
        assertEquals(33, cases, "files of the corpus: none is lost, and a new one is counted here");
    }

    @Tag("slow")
    @Test void tenThousandDamagedFilesInHalfAGigabyte() throws IOException, InterruptedException {
        List<String> command = List.of(ProcessHandle.current().info().command().orElseThrow(), "-Xmx512m", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Sweep.class.getName(),
                        Integer.getInteger("lucid.fuzz", 10_000).toString(), "1100");
        Path output = folder.resolve("output.txt");
        Process p = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = p.waitFor(30, TimeUnit.MINUTES);
        p.destroyForcibly();
        String said = Files.readString(output);
        System.out.println(said);
        assertTrue(ended && p.exitValue() == 0, said);
    }

    private static volatile byte[] sink;

    @Test void theSweepSeesMemoryOfOtherThreadsAndBesideTheHeap() throws IOException {
        Sweep sweep = new Sweep(folder, null);
        Format greedy = new Format("greedy", Format.Kind.BYTES, "file", new byte[1], Map.of(), _ -> {
            CompletableFuture.runAsync(() -> {
                for (int mb = 0; mb <= 512; mb++) sink = new byte[1 << 20];
            }).join();
            return _ -> {};
        });
        sweep.run(greedy, "on another thread", greedy.original());
        assertTrue(sweep.failures.toString().startsWith("[greedy, on another thread: memory: 51"), "" + sweep.failures);
        sweep.failures.clear();
        sweep.judgeResident(768L << 20, 512L << 20);
        assertEquals(List.of(), sweep.failures);
        sweep.judgeResident(769L << 20, 512L << 20);
        assertEquals(List.of("memory: 769 MB of the process at most, wanted 768 with a heap of 512"), sweep.failures);
    }

    @Test void zip64ArchivesAreTheSameTensors() throws IOException {
        Map<String, byte[]> entries = StoredZipWriter.read(Files.readAllBytes(Path.of("src/test/resources/fuzz/seeds/zip.bin")));
        File narrow = Files.write(folder.resolve("narrow.bin"), StoredZipWriter.write(entries, false)).toFile();
        File wide = Files.write(folder.resolve("wide.bin"), StoredZipWriter.write(entries, true)).toFile();
        try (WeightFiles a = WeightFiles.open(narrow.toPath()); WeightFiles b = WeightFiles.open(wide.toPath())) {
            assertEquals(18, a.tensors().size());
            assertEquals(a.tensors().keySet(), b.tensors().keySet());
            for (String name : a.tensors().keySet()) assertArrayEquals(a.tensor(name).toFloats(), b.tensor(name).toFloats(), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":1,\"a\":1}", "{\"a\":01}", "{} {}", "{\"a\":1,}", "{\"a\":\"\t\"}", "[\"\\x\"]", "nul", "\uFEFF{}", "[1", "\"a"})
    void theSecondReaderIsStrict(String text) {
        assertThrows(IllegalArgumentException.class, () -> StrictJson.parse(text.getBytes(StandardCharsets.UTF_8)));
    }

    /// An escape stands for the character that it names, for the judge as well.
    @Test void theJudgeReadsEscapes() throws IOException {
        Format map = Format.all().stream().filter(f -> f.name().equals("special-tokens-map")).findFirst().orElseThrow();
        Sweep sweep = new Sweep(folder, null);
        sweep.prepare(map);
        assertTrue(sweep.run(map, "escaped", "{\"eos_token\":{\"content\":\"\\u0000\"}}".getBytes(StandardCharsets.UTF_8)));
        assertEquals(List.of(), sweep.failures);
    }

    /// The judge itself: a file that says something else than what was read from it is noticed.
    @Test void theJudgeNoticesAnotherFile() throws IOException {
        for (Format f : Format.all()) {
            if (!List.of("safetensors", "config-qwen2", "adapter-config", "tokenizer", "index", "generation-config").contains(f.name())) continue;
            Sweep sweep = new Sweep(folder, null);
            sweep.prepare(f);
            Files.createDirectories(folder.resolve(f.name()));
            Files.write(folder.resolve(f.name()).resolve(f.file()), f.original());
            Format.Check check = f.reader().read(folder.resolve(f.name()));
            check.check(f.original());
            int noticed = 0;
            for (int i = 0; i < f.original().length; i++) {
                if ("12345678abcdefgh".indexOf(f.original()[i]) < 0) continue;
                byte[] other = f.original().clone();
                other[i]++;
                try {
                    check.check(other);
                } catch (RuntimeException | AssertionError _) {
                    noticed++;
                }
            }
            assertTrue(noticed > 0, f.name());
        }
    }
}
