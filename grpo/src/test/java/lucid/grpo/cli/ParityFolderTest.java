package lucid.grpo.cli;

import static lucid.grpo.cli.ParityCommandTest.below;
import static lucid.grpo.cli.ParityCommandTest.copy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `lucid parity` on folders: what is found in them, what each is called, and what the last line and the exit status say of the whole.
class ParityFolderTest extends CommandTest {
    private static final String VECTORS = "{\"vectors\": [{\"text\": \"a\", \"ids\": [64], \"pieces\": [\"a\"], \"decoded\": \"a\"}]}";
    private static final String DECODE = "{\"cases\": [{\"clip\": \"a.mp4\", \"frames_total\": 3, \"wanted\": 2}]}";

    @TempDir Path temp;
    private Path folder;
    private Path clip;

    @BeforeEach void oneCase() throws IOException {
        folder = Files.createDirectory(temp.resolve("folder"));
        clip = write("clip.json", Files.readString(below("nn", "optim/clip.json")));
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private static Outcome parity(Object... args) {
        List<Object> all = new ArrayList<>(List.of("parity", "--quiet", "--threads", 1));
        all.addAll(List.of(args));
        return lucid(all.toArray());
    }

    private static String last(Outcome o) { return o.out().lines().toList().getLast(); }

    private static long lines(Outcome o, String start) { return o.out().lines().filter(l -> l.startsWith(start)).count(); }

    /// Neither failed nor passed: not everything was checked, so the exit status is not 0.
    @Test void aTableWhoseOptionIsMissingIsCountedApart() throws IOException {
        Path vectors = write("tokenizer/vectors.json", VECTORS);
        Path decode = write("decode/frames.json", DECODE);
        Outcome o = parity(folder);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("NOT CHECKED " + vectors + " (tokenizer): needs --tokenizer; ") && o.out()
                .contains("NOT CHECKED " + decode + " (video): needs --media; no clip " + temp.resolve("media/a.mp4")), o.out());
        assertTrue(last(o).startsWith("3 found: 1 passed, 0 failed, 2 not checked for want of --media and --tokenizer; rows: ")
                && last(o).endsWith(", 0 failed, 0 unsupported; "
                + "not passed whole, see their lines above: decode/frames.json, tokenizer/vectors.json"), last(o));
        JsonNode json = new ObjectMapper().readTree(parity(vectors, "--json").out()).get(0);
        assertEquals(List.of("not_checked", "--tokenizer", "0", "0", "false"),
                List.of(json.get("verdict").asText(), json.get("option").asText(), json.get("ok").asText(), json.get("failed").asText(),
                json.get("passed").asText()));
    }

    @Test void withTheOptionsItIsChecked() throws IOException {
        Path vectors = write("vectors.json", VECTORS);
        assertTrue(parity(vectors, "--tokenizer", golden("tokenizer/bpe_train_400")).out()
                .contains("FAIL " + vectors + " (tokenizer): 0 ok, 1 failed"));
        Path decode = write("decode/frames.json", DECODE);
        assertTrue(parity(decode, "--media", temp).out().contains("FAILED      a.mp4 x2: " + temp.resolve("a.mp4") + ": no such file"));
        Files.createDirectory(temp.resolve("media"));
        Files.writeString(temp.resolve("media/a.mp4"), "no clip");
        assertTrue(parity(decode).out().contains("FAIL " + decode), "the clips beside the table are taken");
        assertTrue(parity(decode, "--media", Files.createDirectory(temp.resolve("others"))).out()
                .contains("FAILED      a.mp4 x2: " + temp.resolve("media/a.mp4")), "these before others");
        parity(decode, "--media", temp.resolve("nowhere")).failedWith("--media", "nowhere: not a folder");
    }

    @Test void theTokenizerOfACaseIsItsHelper() throws IOException {
        Path tokenizer = copy(golden("tokenizer"), folder.resolve("tokenizer")).resolve("bpe_train_400/tokenizer.json");
        Path stops = write("sampling/stop_strings.json", Files.readString(golden("sampling/stop_strings.json")));
        Outcome o = parity(folder).ok();
        assertTrue(o.out().contains("HELPER " + tokenizer + ": no case, but the tokenizer that " + stops + " names"), o.out());
        assertTrue(last(o).startsWith("2 found: 2 passed, 0 failed; rows: "), last(o));
        Files.delete(stops);
        Outcome alone = parity(folder);
        assertEquals(1, alone.status());
        assertTrue(alone.out().contains("UNKNOWN " + tokenizer + ": found the fields [version, ") && alone.out().contains("1 unknown"), alone.out());
        parity(folder, tokenizer).failedWith(tokenizer + ": found the fields [version, ", "wanted a folder whose case.json");
    }

    @Test void buildFoldersAndDotFoldersAreNotEnteredAndNamed() throws IOException {
        write("pom.xml", "<project/>");
        write("target/copy.json", Files.readString(clip));
        write(".git/copy.json", Files.readString(clip));
        write("deeper/target/case.json", "{\"kind\": \"astrology\"}");
        Outcome o = parity(folder);
        assertEquals(1, lines(o, "PASS "), o.out());
        assertTrue(o.out().contains("not looked into: " + folder.resolve(".git") + ", " + folder.resolve("target") + System.lineSeparator()),
                o.out());
        assertTrue(o.out().contains("UNKNOWN " + folder.resolve("deeper/target") + ": found kind"), "no build folder without a pom.xml: " + o.out());
        parity(folder.resolve("target")).ok();
    }

    @Test void everythingIsRunOnce() throws IOException {
        Files.createSymbolicLink(folder.resolve("again"), folder);
        Files.createSymbolicLink(folder.resolve("clip2.json"), clip);
        assertEquals(1, lines(parity(folder, clip, folder).ok(), "PASS "));
    }

    /// What lies in a case's folder is part of it, but for a case of its own.
    @Test void aCaseInACase() throws IOException {
        copy(below("nn", "qwen2/lora_r4"), folder.resolve("outer"));
        copy(below("nn", "siglip/odd"), folder.resolve("outer/files/inner"));
        Outcome o = parity(folder).ok();
        assertEquals(3, lines(o, "PASS "), o.out());
        assertTrue(last(o).startsWith("3 found: 3 passed, 0 failed; "), last(o));
    }

    @Test void unknownContentIsListedAsSuch() throws IOException {
        write("a.json", "{\"colour\": 1}");
        write("b/case.json", "{\"kind\": \"astrology\"}");
        write("c.json", "{\"cases\": [");
        write("d/case.json", "{");
        Outcome o = parity(folder);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("a.json: found the fields [colour]") && o.out().contains("b: found kind \"astrology\" in case.json")
                && o.out().contains("c.json: line 1: not JSON")
                && o.out().contains("d: case.json, line 1: not JSON"), o.out());
        assertTrue(last(o).startsWith("5 found: 1 passed, 0 failed, 4 unknown; "), last(o));
    }

    /// A column that nothing reads is compared with nothing: misspelt, or of a newer table.
    @Test void aColumnThatNoTableOfItsKindHasFails() throws IOException {
        Path misspelt = write("misspelt.json", Files.readString(below("nn", "optim/clip.json"))
                .replaceFirst("\"deepspeed_coefficient_f64\"", "\"deepspeed_coeficient_f64\""));
        Outcome o = parity(misspelt);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("FAILED      column cases[].deepspeed_coeficient_f64: "
                + "compared with nothing: found it once in a table of clipping, wanted one of [clipped_f64, coefficient_f64, deepspeed_"), o.out());
        Path more = write("more.json", Files.readString(below("video", "frames/sampling.json"))
                .replaceFirst("\\{", "{\"three_per_second\": {\"rows\": [[1, 2]]},"));
        assertTrue(parity(more).out()
                .contains("FAILED      column three_per_second: compared with nothing: found it once in a table of frame choices"));
        Path noted = write("noted.json", Files.readString(clip).replaceFirst("\\{", "{\"notes\": {\"anything\": [1]}, \"seed\": 3,"));
        parity(noted).ok();
    }

    /// Before the others run, which may take long.
    @Test void aPathOfNoFamilyIsAnError() throws IOException {
        Path readme = write("README.md", "# Golden");
        Path colour = write("colour.json", "{\"colour\": 1}");
        Outcome o = parity(clip, readme, colour);
        o.failedWith(readme + ": line 1: not JSON", colour + ": found the fields [colour]; wanted a folder whose case.json is of kind [qwen2, ",
                "or a table of rewards");
        assertEquals("", o.out());
        Path kind = write("b/case.json", "{\"kind\": \"astrology\"}").getParent();
        parity(folder, kind).failedWith(kind + ": found kind \"astrology\" in case.json");
    }

    @Test void nothingThere() throws IOException {
        Outcome o = parity(clip, temp.resolve("no"));
        o.failedWith("no: not there; wanted a case folder");
        assertEquals("", o.out(), "a mistyped path is found before anything runs");
        Path empty = Files.createDirectory(temp.resolve("empty"));
        parity(clip, empty).failedWith(empty + ": found no case.json and no table");
        Files.writeString(empty.resolve("README.md"), "# nothing");
        Files.createSymbolicLink(empty.resolve("round"), empty);
        parity(empty).failedWith(empty + ": found no case.json and no table");
        assertEquals(2, lucid("parity").status());
    }

    @Test void theLastLineIsShort() throws IOException {
        for (int i = 0; i < 60; i++) write("unknown/" + i + ".json", "{\"colour\": 1}");
        Outcome o = parity(folder);
        assertTrue(last(o).endsWith("not passed whole, see their lines above: unknown/0.json, unknown/1.json, unknown/10.json, unknown/11.json, "
                + "unknown/12.json and 55 more"), last(o));
        assertTrue(last(o).length() < 250, last(o));
        assertEquals(60, lines(o, "UNKNOWN "));
    }

    @Test void theWorstIsNamedFirst() throws IOException {
        write("a.json", "{\"colour\": 1}");
        write("b.json", VECTORS);
        write("c.json", Files.readString(golden("sampling/philox4x32.json")));
        write("z.json", Files.readString(clip).replaceFirst("\"max_norm\": *[0-9.]+", "\"max_norm\": 77"));
        Outcome o = parity(folder);
        assertTrue(last(o).startsWith("5 found: 1 passed, 1 passed in part, 1 failed, 1 not checked for want of --tokenizer, 1 unknown; "), last(o));
        assertTrue(last(o).endsWith(": folder/z.json, folder/b.json, folder/a.json, folder/c.json"), last(o));
        assertFalse(o.out().contains("NullPointer"), o.out());
    }
}
