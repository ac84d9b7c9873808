package lucid.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import lucid.grpo.cli.Lucid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command line, which lives below this module, finds the command by its service entry.
class BenchCommandTest {
    @TempDir Path temp;

    private static String printed(int status, String... args) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertEquals(status, Lucid.run(args));
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test void theCommandLineKnowsIt() {
        assertTrue(printed(0, "--help").contains("bench "));
        assertTrue(printed(0, "bench", "--help").contains("PATTERN"));
    }

    @Test void everyFamilyIsListed() {
        String list = printed(0, "bench", "--list");
        for (String family : new String[] {"MatMul", "Attention", "LogProb", "Normalization", "Optimizer", "Sampling", "Phase"})
            assertTrue(list.lines().anyMatch(name -> name.startsWith(family + ".")), family + " in " + list);
    }

    /// With its own family or whole, in capital letters or not.
    @Test void aListedNameIsAPattern() {
        for (String name : printed(0, "bench", "--list").lines().toList())
            assertTrue(printed(0, "bench", "--list", name).lines().toList().contains(name), name);
        for (String pattern : List.of("MatMul.multiply$", "matmul.multiply$", "MatMulBench.multiply$"))
            assertEquals("MatMul.multiply\n", printed(0, "bench", "--list", pattern).replace("\r\n", "\n"), pattern);
    }

    @Test void aPatternThatFindsNothing() {
        for (String device : List.of("cpu", "emulated")) {
            for (String[] list : new String[][] {{}, {"--list"}})
                assertTrue(complaint(Stream.concat(Stream.of("bench", "Nixda", "--device", device), Stream.of(list)))
                        .contains(" benchmark matches 'Nixda'"), device);
            String err = complaint(Stream.of("bench", "(", "--device", device));
            assertTrue(err.startsWith("lucid bench: PATTERN: found '(' (unclosed group), wanted a regular expression on Family.kernel")
                    && !err.contains("lucid\\."), err);
        }
    }

    /// `peer` is for a script of this module.
    @Test void whatIsHiddenIsNotOffered() {
        String err = complaint(Stream.empty());
        assertTrue(err.contains("which command? one of demo, ") && err.contains(", bench") && !err.contains("peer"), err);
        assertTrue(complaint(Stream.of("peeer")).contains("unknown command peeer\n"));
    }

    /// Of a wrong use, which prints no result.
    private static String complaint(Stream<String> args) { return complaint(2, args); }

    private static String complaint(int status, String line) { return complaint(status, Stream.of(line.split(" "))); }

    private static String complaint(int status, Stream<String> args) {
        StringWriter err = new StringWriter();
        assertEquals(status, Lucid.commandLine().setErr(new PrintWriter(err, true)).execute(args.toArray(String[]::new)), err::toString);
        return err.toString().replace("\r\n", "\n");
    }

    @Test void aGpusKernelsAreListed() {
        String list = printed(0, "bench", "--list", "--device", "emulated", "Normalization");
        assertTrue(list.lines().allMatch(name -> name.startsWith("Normalization.")) && !list.isEmpty(), list);
    }

    @Test void wrongUsage() {
        for (String threads : List.of("0", "1025")) assertEquals("", printed(2, "bench", "--threads", threads));
        for (String[] option : new String[][] {{"--threads", "2"}, {"--forks", "1"}, {"--iterations", "5"}, {"--seconds", "1"}, {"--gpu", "0"}}) {
            assertEquals("", printed(2, "bench", "--list", "--device", "emulated", option[0], option[1]), option[0]);
        }
        assertEquals("", printed(2, "bench", "--list", "--gpu", "1"));
    }

    /// Before anything is measured.
    @Test void aTableThatCannotBeSaved() throws IOException {
        assertEquals("", printed(1, "bench", "--device", "emulated", "--json", Files.writeString(temp.resolve("file"), "").resolve("table.json")
                .toString()));
        assertEquals("", printed(1, "bench", "--device", "emulated", "--json", temp.toString()));
        Path table = temp.resolve("new/table.json");
        printed(0, "bench", "--device", "emulated", "Normalization", "--json", table.toString());
        assertTrue(Files.readString(table).contains("\"kernel\" : \"Normalization."));
    }

    /// A whole question to a small model, as to a large one.
    @Test void aQuestionBesideItsLimits() throws IOException {
        Path text = Files.writeString(temp.resolve("text.txt"), "a ring and a bar move, first one, then the other\n".repeat(50));
        Path words = temp.resolve("words");
        Path model = temp.resolve("model");
        printed(0, "tokenizer", "train", text.toString(), "--out", words.toString(), "--vocab", "300");
        printed(0, "init", "--config", "tinyllava-video-tiny", "--out", model.toString(), "--seed", "1", "--tokenizer", words.toString());
        printed(0, "data", "drift", "--data", temp.resolve("data").toString(), "--clips", "64", "--held-out", "5");
        Path clip;
        try (Stream<Path> files = Files.walk(temp.resolve("data"))) {
            clip = files.filter(f -> f.toString().endsWith(".mp4")).findFirst().orElseThrow();
        }
        Path table = temp.resolve("question.json");
        String out = printed(0, "bench", "--model", model.toString(), "--video", clip.toString(), "--max-tokens", "4", "--threads", "2", "--json",
                table.toString());
        assertTrue(out.contains("first token"), out);
        JsonNode rows = JsonMapper.builder().build().readTree(table.toFile()).get("rows");
        assertEquals(List.of("Question.vision", "Question.prompt", "Question.vision and prompt", "Question.decode"), rows.findValuesAsText("kernel"));
        // 574,816 numbers of which the decoder reads a part: what is read for a token is a few hundred kilobytes at most.
        JsonNode decode = rows.get(3);
        double bytes = decode.get("rate").asDouble() * decode.get("microseconds").asDouble() * 1e3;
        assertTrue(bytes > 1e5 && bytes < 2 * 574_816, "bytes of a token: " + bytes);
        assertEquals("", printed(2, "bench", "--model", model.toString()));
        assertEquals("", printed(2, "bench", "--video", clip.toString()));
        assertEquals("", printed(2, "bench", "MatMul", "--model", model.toString(), "--video", clip.toString()));
        assertEquals("", printed(2, "bench", "--seconds", "2", "--model", model.toString(), "--video", clip.toString()));
        assertTrue(complaint(2, "bench --memory 1G").contains("belong to a question; wanted --model DIR with them"));
        String asked = " --model " + model + " --video " + clip + " ";
        assertTrue(stopsBoth(1, asked + "--max-tokens 32 --memory 1M").contains("answering (4 frames, "));
        assertTrue(stopsBoth(1, asked + "--tokenizer " + temp.resolve("gone")).contains("gone"));
        for (String wrong : List.of("--memory much", "--frames 0", "--max-frames 3", "--weights best", "--max-tokens some"))
            assertTrue(stopsBoth(2, asked + wrong).contains(wrong.split(" ")[0]));
        assertTrue(complaint(2, "bench" + asked + "--max-new-tokens 1").contains("found 1, wanted 2 or more"));
    }

    /// What stops `generate` stops this command in the same words.
    private static String stopsBoth(int status, String options) {
        String said = complaint(status, "bench" + options);
        assertEquals(complaint(status, "generate --question What?" + options).replace("lucid generate", "lucid bench"), said);
        return said;
    }
}
