package lucid.grpo.cli;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParityCommandTest extends CommandTest {
    @TempDir Path temp;

    /// One whole update of the original trainer: texts, rewards, advantages, log-probabilities, KL, loss, every gradient, clipping, two AdamW steps.
    @ParameterizedTest @ValueSource(strings = {"simd", "reference"})
    void aWholeUpdateOfTheOriginalTrainer(String device) {
        Outcome o = lucid("parity", golden("grpo/tlv_step"), "--device", device, "--threads", 2).ok();
        assertTrue(o.out().contains("120 ok, 0 failed, 0 unsupported"), o.out());
    }

    @Test void aFolderOfTablesCountsWhatIsNotInLucid() throws IOException {
        Outcome o = lucid("parity", golden("sampling"), golden("grpo/verl_losses.json.gz"), "--json", "--threads", 1).ok();
        JsonNode all = new ObjectMapper().readTree(o.out());
        assertEquals(4, all.size());
        JsonNode processors = find(all, "processors.json");
        assertTrue(processors.get("passed").asBoolean());
        assertEquals(247, processors.get("ok").asInt());
        assertEquals(0, processors.get("unsupported").asInt());
        assertEquals(34, find(all, "stop_strings.json").get("ok").asInt());
        assertEquals(3, find(all, "philox4x32.json").get("unsupported").asInt());
        assertEquals(42, find(all, "verl_losses").get("unsupported").asInt());
        assertFalse(find(all, "verl_losses").get("passed").asBoolean());
        Outcome nothing = lucid("parity", golden("grpo/verl_losses.json.gz"), "--quiet", "--threads", 1);
        assertEquals(1, nothing.status());
        String text = nothing.out();
        assertTrue(text.startsWith("NOT IN LUCID"), "a case of which nothing was compared is not called a pass: " + text);
    }

    private static JsonNode find(JsonNode all, String name) {
        for (JsonNode n : all) if (n.get("path").asText().contains(name)) return n;
        throw new AssertionError(name + " was not run");
    }

    /// The modules below hold their own cases; the command finds whose each is.
    @Test void everyFamilyIsToldByItsContent() throws IOException {
        Path zipped = temp.resolve("rates.json.gz");
        try (var out = new java.util.zip.GZIPOutputStream(Files.newOutputStream(zipped))) {
            Files.copy(below("nn", "optim/schedules.json"), out);
        }
        Outcome o = lucid("parity", "--json", "--threads", 2, below("nn", "qwen2/lora_r4"), below("nn", "siglip/odd"),
                below("nn", "tinyllava_video/one_video_bf16"), below("nn", "optim/clip.json"), zipped,
                below("video", "preprocess/video_frames"), below("video", "frames/sampling.json"), below("tokenizer", "bpe_train_400"),
                        golden("rewards/tinyllava_video_r1.json"),
                golden("sampling/philox4x32.json"), below("kernels", "sampling/processors.json")).ok();
        JsonNode all = new ObjectMapper().readTree(o.out());
        List<String> families = new ArrayList<>();
        for (JsonNode n : all) {
            families.add(n.get("family").asText());
            assertTrue(n.get("ok").asInt() > 10 && n.get("failed").asInt() == 0, n.get("path").asText());
        }
        assertEquals(List.of("qwen2.lora", "siglip", "tinyllava_video", "optim", "optim", "preprocess.video", "video", "tokenizer", "policy",
                "sampling", "sampling"), families);
    }

    static Path below(String module, String name) throws IOException {
        try (Stream<Path> all = Files.walk(Path.of("..", module, "src", "test", "resources"))) {
            return all.filter(p -> p.endsWith(name)).findFirst().orElseThrow(() -> new AssertionError(module + " has no golden case " + name));
        }
    }

    @Test void strictTurnsUnsupportedIntoFailure() {
        assertEquals(1, lucid("parity", golden("sampling/philox4x32.json"), "--strict", "--threads", 1).status());
        assertEquals(0, lucid("parity", golden("sampling/philox4x32.json"), "--threads", 1).status());
    }

    /// What was not computed is in the last line by number and name, so that nobody reads a pass of everything.
    @Test void whatWasNotComputedIsNamedInTheLastLine() {
        String one = lucid("parity", golden("sampling/philox4x32.json"), "--threads", 1).ok().out();
        List<String> lines = one.lines().toList();
        List<String> names = lines.stream().filter(l -> l.contains("UNSUPPORTED")).map(l -> l.strip().split("\\s+", 2)[1].split(":")[0]).toList();
        assertEquals(3, names.size(), one);
        assertTrue(lines.getLast().startsWith("PASS IN PART ") && lines.getLast().endsWith("; NOT COMPUTED: 3 (" + String.join(", ", names) + ")"),
                one);
        String two = lucid("parity", golden("sampling/philox4x32.json"), golden("sampling/processors.json"), golden("grpo/verl_losses.json.gz"),
                "--quiet", "--threads", 1).ok().out();
        String total = two.lines().toList().getLast();
        assertTrue(total.startsWith("3 found: 1 passed, 1 passed in part, 0 failed, 1 not in Lucid; rows: ")
                && total.endsWith(", 0 failed, 45 unsupported; not passed whole, see their lines above: grpo/verl_losses.json.gz, "
                        + "sampling/philox4x32.json"), total);
        assertTrue(two.contains("; NOT COMPUTED: 42 (") && two.contains(" and 34 more)"), two);
        assertTrue(two.contains("PASS " + golden("sampling/processors.json") + " "), two);
    }

    @Test void aNumberThatIsWrongFailsAndSaysWhere() throws IOException {
        Path table = temp.resolve("processors.json");
        String text = Files.readString(golden("sampling/processors.json"));
        Files.writeString(table, text.replaceFirst("0\\.125309083", "0.125409083"));
        Outcome o = lucid("parity", table, "--threads", 1);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("FAILED      {} on normal: largest error 0.0001"), o.out());
    }

    @ParameterizedTest @ValueSource(strings = {"simd", "reference"})
    void everyProcessorOnEveryDevice(String device) {
        assertTrue(lucid("parity", golden("sampling/processors.json"), "--device", device, "--threads", 1, "--quiet").ok().out()
                .contains("247 ok, 0 failed, 0 unsupported"));
    }

    /// A mask that is wrong is seen by itself: the probability it stands for is smaller than the tolerance.
    @Test void aMaskThatIsWrongFails() throws IOException {
        Path table = temp.resolve("processors.json");
        ObjectMapper mapper = new ObjectMapper();
        JsonNode all = mapper.readTree(golden("sampling/processors.json").toFile());
        for (JsonNode c : all.get("cases")) {
            if (!c.get("config").has("suppress_tokens") || !c.get("row").asText().equals("normal")) continue;
            ((com.fasterxml.jackson.databind.node.ArrayNode) c.get("logits")).set(0, -30.0);
            ((com.fasterxml.jackson.databind.node.ArrayNode) c.get("probs")).set(0, 1e-9);
        }
        mapper.writeValue(table.toFile(), all);
        Outcome o = lucid("parity", table, "--threads", 1, "--quiet");
        assertEquals(1, o.status());
        assertTrue(o.out().contains("suppress_tokens") && o.out().contains("token 0 is filtered out") && o.out()
                .contains("247 ok, 1 failed"), o.out());
    }

    @Test void aStopThatIsWrongFails() throws IOException {
        copy(golden("tokenizer"), temp.resolve("tokenizer"));
        Path table = Files.createDirectories(temp.resolve("sampling")).resolve("stop_strings.json");
        Files.writeString(table, Files.readString(golden("sampling/stop_strings.json")).replaceFirst("true", "false"));
        Outcome o = lucid("parity", table, "--threads", 1, "--quiet");
        assertEquals(1, o.status());
        assertTrue(o.out().contains("33 ok, 1 failed") && o.out().contains("</answer>"), o.out());
    }

    @Test void weightsThatDisagreeWithTheConfig() throws IOException {
        Path copy = copy(golden("grpo/tlv_step"), temp.resolve("grpo/tlv_step"));
        copy(golden("tokenizer"), temp.resolve("tokenizer"));
        Path config = copy.resolve("model/config.json");
        Files.writeString(config, Files.readString(config).replace("\"hidden_size\": 24", "\"hidden_size\": 32"));
        Outcome o = lucid("parity", copy, "--threads", 1);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("model.embed_tokens.weight") && o.out().contains("[403, 24]") && o.out().contains("[403, 32]"), o.out());
    }

    /// The reason names the field, whichever family the table is of.
    @Test void aFieldThatIsMissingIsNamed() throws IOException {
        Path clip = Files.writeString(temp.resolve("clip.json"), Files.readString(below("nn", "optim/clip.json"))
                .replaceFirst("\"norm_f64\"", "\"norm_64\""));
        Path frames = Files.writeString(temp.resolve("frames.json"), Files.readString(below("video", "frames/sampling.json"))
                .replaceFirst("\"max_frame\"", "\"max_frames\""));
        Path kl = Files.writeString(temp.resolve("kl.json"), Files.readString(golden("grpo/kl_estimators.json"))
                .replaceFirst("\"logp\"", "\"logps\""));
        Path processors = Files.writeString(temp.resolve("processors.json"), Files.readString(golden("sampling/processors.json"))
                .replaceFirst("\"config\"", "\"cfg\""));
        Outcome o = lucid("parity", clip, frames, kl, processors, "--quiet", "--threads", 1);
        assertEquals(1, o.status());
        List<String> lines = o.out().lines().toList();
        int at = 0;
        for (String field : List.of("norm_f64", "max_frame", "logp", "config")) {
            assertTrue(lines.get(at++).contains("could not be run: '" + field + "': found nothing in the table, wanted a value"),
                    field + " in " + o.out());
            assertTrue(lines.get(at++).startsWith("FAIL "), o.out());
        }
    }

    static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path p : all.toList()) {
                Path target = to.resolve(from.relativize(p).toString());
                Files.createDirectories(Files.isDirectory(p) ? target : target.getParent());
                if (Files.isRegularFile(p)) Files.copy(p, target);
            }
        }
        return to;
    }
}
