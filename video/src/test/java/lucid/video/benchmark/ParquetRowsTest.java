package lucid.video.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lucid.video.benchmark.BenchmarkReader.Place;
import lucid.video.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Video-MME from a Parquet table as the hub has it. The tables' script lies beside them.
class ParquetRowsTest {
    private static final Path TABLES = Path.of("src/test/resources/parquet");

    @TempDir Path root;

    private List<BenchmarkQuestion> read(Path annotations) {
        return BenchmarkReader.read(Benchmark.of("video-mme"), new Place(root, annotations, null));
    }

    private static Path table(String name) { return TABLES.resolve(name + ".parquet"); }

    @Test void theHubsTableIsReadWhereTheHubHasIt() throws IOException {
        Files.createDirectories(root.resolve("data"));
        Files.copy(table("snappy"), Files.createDirectories(root.resolve("videomme")).resolve("test-00000-of-00001.parquet"));
        List<BenchmarkQuestion> all = read(null);
        assertEquals(List.of("001-1", "001-2", "002-1"), all.stream().map(BenchmarkQuestion::id).toList());
        BenchmarkQuestion q = all.getLast();
        assertEquals("How often does it stop?\nOptions:\nA. Once.\nB. Twice.\nC. 1.5 times.\nD. Né jamais.", q.problem());
        assertEquals("D", q.answer());
        assertEquals(Map.of("duration", "long", "task", "Counting Problem", "domain", "unknown"), q.kinds());
        assertEquals(root.resolve("data/two.mp4"), q.video());
    }

    @Test void theTableIsReadThoughJsonLinesWereMadeOfIt() throws IOException {
        Path table = Files.copy(table("snappy"), root.resolve("test-00000-of-00001.parquet"));
        Files.writeString(root.resolve("test-00000-of-00001.jsonl"), "none of its records is read");
        assertEquals(read(table), read(null));
        Files.writeString(root.resolve("videomme.jsonl"), "another file");
        String found = assertThrows(IllegalArgumentException.class, () -> read(null)).getMessage();
        assertTrue(found.contains("found [" + table + ", " + root.resolve("videomme.jsonl") + "]; name the one you want with --annotations"), found);
    }

    @ParameterizedTest @ValueSource(strings = {"snappy", "gzip", "uncompressed"})
    void itIsTheSameAsJsonLines(String compression) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Row row : ParquetRows.read(table(compression))) lines.append((ObjectNode) row.node()).append('\n');
        assertEquals(3, lines.toString().lines().count());
        assertEquals(read(Files.writeString(root.resolve("videomme.jsonl"), lines)), read(table(compression)));
    }

    /// Columns that were made as narrow as their numbers allow: 32 bits without a sign, 8 and 16 bits.
    @Test void numbersMayHaveAnyWidth() {
        BenchmarkQuestion q = BenchmarkReader.read(Benchmark.of("nextqa-hub"), new Place(root, table("small-numbers"), null)).getFirst();
        assertEquals("4010069381-300 B " + root.resolve("4010069381.mp4"), q.id() + " " + q.answer() + " " + q.video());
    }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "without-answer|field answer: missing, wanted text (row 1)",
        "null-question|field question: missing, wanted text (row 3)",
        "options-text|field options: found \"A. Red. B. Blue.\", wanted an array of texts (row 1)",
        "answer-bytes|field answer: found {\"type\":\"byte[]\"}, wanted text (row 1)",
        "answer-times|field answer: found {\"type\":\"LocalDateTime\"}, wanted text (row 1)",
        "answer-e|field answer: found 'E', wanted one of the letters [A, B, C, D] (row 2)",
        "id-twice|field question_id: '001-1' names the record of row 1 as well, wanted every question once (row 3)",
        "empty|no records, wanted at least one",
        "zstd|found compression ZSTD, wanted one of [UNCOMPRESSED, SNAPPY, GZIP]; write the same records as JSON lines once",
        "none|no such file"})
    void whatCannotBeUsed(String name, String message) {
        String found = assertThrows(DataException.class, () -> read(table(name))).getMessage();
        assertTrue(found.startsWith(table(name) + ":") && found.contains(message), found);
    }

    @Test void aTableThatIsCutOffIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(table("snappy"));
        for (int length = 0; length < whole.length; length += 97) {
            Path cut = Files.write(root.resolve("cut.parquet"), Arrays.copyOf(whole, length));
            String found = assertThrows(DataException.class, () -> read(cut)).getMessage();
            assertTrue(found.startsWith(cut + ": no whole Parquet table (") && found.endsWith("copy the file again"), found);
        }
        Path text = Files.writeString(root.resolve("text.parquet"), "{\"question\": \"What is this?\"}");
        assertTrue(assertThrows(DataException.class, () -> read(text)).getMessage().contains("no whole Parquet table (Not a Parquet file"));
    }

    @Test void aDamagedTableIsRefusedOrReadNeverMore() throws IOException {
        byte[] whole = Files.readAllBytes(table("snappy"));
        int refused = 0;
        for (int at = 0; at < whole.length; at += 7) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Path file = Files.write(root.resolve("damaged.parquet"), damaged);
            refused += assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
                try {
                    read(file);
                    return 0;
                } catch (DataException e) {
                    return 1;
                }
            }, "byte " + at);
        }
        assertTrue(refused > 50, refused + " were refused: does the damage damage?");
    }

    @Test void aTableOfAnotherNameIsPointedOut() throws IOException {
        Path other = Files.copy(table("snappy"), root.resolve("mine.parquet"));
        String found = assertThrows(IllegalArgumentException.class, () -> read(null)).getMessage();
        assertTrue(found.contains("found none of [test-00000-of-00001.parquet, ")
                && found.endsWith("but " + other + "; put the annotations there under such a name, or name their file with --annotations"), found);
        assertFalse(read(other).isEmpty());
    }
}
