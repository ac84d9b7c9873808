package lucid.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lucid.grpo.cli.Lucid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command as a user runs it, as briefly as it goes: what it prints and saves, not how fast anything is.
class BenchTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String... args) {
        String[] all = Stream.concat(Stream.of("bench"), Stream.of(args)).toArray(String[]::new);
        return Lucid.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(all);
    }

    @Test void printsAndSavesOneRow(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("bench.json");
        assertEquals(0, bench("Rotary.rotate$", "--forks", "0", "--iterations", "1", "--seconds", "0.02", "--threads", "1", "--json",
                file.toString()), err::toString);
        assertTrue(out.toString().contains("Rotary.rotate"), out::toString);
        JsonNode rows = JsonMapper.builder().build().readTree(file.toFile()).get("rows");
        assertEquals(1, rows.size());
        JsonNode row = rows.get(0);
        assertEquals("GB/s", row.get("unit").asText());
        // 640 x 2048 f32 read and written: the rate is that by the time.
        double rate = 2 * 4.0 * 640 * 2048 * 1e-3 / row.get("microseconds").asDouble();
        assertEquals(rate, row.get("rate").asDouble(), 1e-6 * rate);
        assertEquals(row.get("rate").asDouble() / row.get("limit").asDouble(), row.get("fraction").asDouble(), 1e-9);
        assertTrue(row.get("ratio").isNull(), "no peer, no ratio");
    }

    /// What is not built is left out of the run, and the table says how to get it.
    @Test void libtorchIsAskedForByName(@TempDir Path folder) throws Exception {
        Path classes = Files.createDirectories(folder.resolve("bench/target/classes"));
        assertTrue(OptionalPeers.libtorch(classes).isEmpty());
        Path built = Files.createDirectories(folder.resolve("bench/peers/libtorch/target/classes")).getParent();
        Files.writeString(built.resolve("dependencies.classpath"), "a.jar\n");
        assertEquals(built.resolve("classes") + File.pathSeparator + "a.jar", OptionalPeers.libtorch(classes).orElseThrow());
        assertFalse(OptionalPeers.open(0), "this process has no libtorch");
        BenchTable table = new BenchTable(List.of(new BenchTable.Row("MatMul.multiply", "", 1, null, "GFLOP/s", 1, 1, "FMA",
                Map.of("openblas", 1.0))));
        assertTrue(OptionalPeers.missing(table, 0).contains("libtorch"));
        assertTrue(OptionalPeers.missing(unary(Map.of()), 0).contains("libtorch"), "of any kernel that it has");
        assertNull(OptionalPeers.missing(unary(Map.of("libtorch", 1.0)), 0), "it has not every function");
        assertNull(OptionalPeers.missing(new BenchTable(List.of(new BenchTable.Row("Rotary.rotate", "", 1, null, "GB/s", 1, 1, "memory", Map.of()))),
                0), "it has none of these");
        assertNull(OptionalPeers.missing(new BenchTable(List.of()), 1));
    }

    /// One function with these peers, one with none.
    private static BenchTable unary(Map<String, Double> peers) {
        return new BenchTable(List.of(new BenchTable.Row("ElementwiseUnary.unary", "function=RSQRT", 1, null, "GB/s", 1, 1, "memory", Map.of()),
                new BenchTable.Row("ElementwiseUnary.unary", "function=EXP", 1, null, "GB/s", 1, 1, "memory", peers)));
    }

    @Test void refusesWhatItCannotRun() {
        assertEquals(2, bench("NoSuchKernel", "--forks", "0"));
        assertTrue(err.toString().contains("NoSuchKernel"), err::toString);
        assertEquals(2, bench("--iterations", "0"));
        assertTrue(err.toString().contains("--iterations: found 0, wanted 1 or more"), err::toString);
    }
}
