package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.nn.checkpoint.ModelTemplate;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.tokenizer.format.VocabMerges;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCommandTest extends CommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    @TempDir Path folder;

    private Path tiny(String name, Object... more) {
        Path out = folder.resolve(name);
        Object[] words = new Object[7 + more.length];
        System.arraycopy(new Object[] {"init", "--config", "tinyllava-video-tiny", "--out", out, "--seed", 1}, 0, words, 0, 7);
        System.arraycopy(more, 0, words, 7, more.length);
        lucid(words).ok();
        return out;
    }

    @Test void aSoundModelIsDescribed() throws IOException {
        String text = lucid("model", "info", tiny("one")).ok().out();
        for (String part : new String[] {"one safetensors file", "574,816", "vision tower", "bf16", "tokenizer: none",
                "complete: what config.json demands is there, and nothing unexpected", "memory on a CPU for answering (16 frames",
                "memory on a CPU for sft (4 samples", "memory on a CPU for grpo (8 prompts x 8 completions",
                "memory on a GPU for answering (16 frames", "weights, copied", "keys and values", "moments"}) {
            assertTrue(text.contains(part), part + " in " + text);
        }
        assertTrue(lucid("model", "info", tiny("folders", "--layout", "folders")).ok().out()
                .contains("three folders (language_model: one safetensors file; "));
        lucid("convert", folder.resolve("one"), folder.resolve("bin"), "--format", "bin", "--layout", "sharded", "--max-shard-mb", 1).ok();
        assertTrue(lucid("model", "info", folder.resolve("bin")).ok().out().contains("PyTorch shards with an index"));
        assertFalse(lucid("model", "info", folder.resolve("bin")).out().contains("note:"));
        Path index = folder.resolve("bin/pytorch_model.bin.index.json");
        Files.writeString(index, Files.readString(index).replace("1149632", "2299264"));
        assertTrue(lucid("model", "info", folder.resolve("bin")).ok().out()
                .contains("note: " + index + ": metadata.total_size: found 2299264, wanted 1149632"));
        assertEquals(2, lucid("convert", folder.resolve("one"), folder.resolve("no"), "--format", "onnx").status());
        Path f32 = tiny("f32", "--dtype", "f32");
        JsonNode json = JSON.readTree(lucid("model", "info", f32, "--json", "--prompts", 3, "--completions", 5, "--micro-batch", 2, "--new-tokens",
                70, "--frames", 4).ok().out());
        snakeCase(json);
        assertEquals(574_816, json.get("parameters").asLong());
        assertEquals(4 * 574_816, json.get("bytes").asLong());
        assertTrue(json.get("sound").asBoolean() && json.get("missing").isEmpty());
        assertEquals("vision tower", json.at("/parts/0/name").asText());
        assertEquals(json.at("/parts/0/parameters"), json.at("/parts/0/numbers_by_type/f32"));
        assertEquals("sft (4 samples a step of 4 frames, 294 tokens each, micro-batch 2, all activations kept)", json.at("/memory/1/work").asText());
        assertEquals("grpo (3 prompts x 5 completions a step, 70 new tokens, 4 frames, micro-batch 2, all activations kept)",
                json.at("/memory/2/work").asText());
        assertEquals(6, json.get("memory").size());
        assertEquals("cpu cpu cpu cuda cuda cuda", json.findValuesAsText("device").stream().collect(Collectors.joining(" ")));
        assertEquals(json.at("/memory/2/work"), json.at("/memory/5/work"));
        // A GPU holds what the CPU's one memory does, but not what is Java's.
        assertEquals(0, json.at("/memory/2/host_bytes").asLong());
        assertTrue(json.at("/memory/5/host_bytes").asLong() >= 300_000_000 && json.at("/memory/5/bytes").asLong() < json.at("/memory/2/bytes")
                .asLong(), json.get("memory").toPrettyString());
    }

    /// What generate would stop at is found here, too. That a tokenizer is missing is said and no fault.
    @Test void whatWouldStopAnAnswerIsRefused() throws IOException {
        Path model = tiny("stopped");
        assertTrue(JSON.readTree(lucid("model", "info", model, "--json").ok().out()).get("tokenizer").isNull());
        TokenizerJson.write(new BpeTrainer(300, 2, List.of("<|endoftext|>")).train(List.of("the cat sat on the mat")).tokenizer(),
                model.resolve("tokenizer.json"));
        assertTrue(lucid("model", "info", model).ok().out().contains("tokenizer: " + model.resolve("tokenizer.json") + "\n"));
        assertEquals(model.resolve("tokenizer.json").toString(), JSON.readTree(lucid("model", "info", model, "--json").ok().out())
                .get("tokenizer").asText());

        Path file = model.resolve("preprocessor_config.json");
        Files.writeString(file, "{\"image_mean\": [0.48, 0.45, 0.4]}");
        refused(model, file + ": image_mean: found [0.48,0.45,0.4], wanted [0.5, 0.5, 0.5]");
        Files.delete(file);
        file = model.resolve("generation_config.json");
        Files.writeString(file, "{bad");
        refused(model, file + ": not sound JSON");
        Files.delete(file);
        file = model.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("\"Isolated\"", "\"Removed\""));
        refused(model, file + ": field 'pre_tokenizer'");
        TokenizerJson.write(new BpeTrainer(300, 2, List.of("<|other|>")).train(List.of("the cat")).tokenizer(), file);
        refused(model, "names no end token");
        Files.delete(file);
        List<String> words = IntStream.range(0, 2_000).mapToObj(i -> "w" + Integer.toString(i * 7919, 26)).toList();
        VocabMerges.write(new BpeTrainer(700, 1, List.of("<|endoftext|>")).train(words).tokenizer(), model);
        refused(model, "the tokenizer has 700 tokens, but the model's vocab_size is 512");
        assertTrue(lucid("model", "info", model).out().contains("tokenizer: " + model.resolve("vocab.json") + " + merges.txt\n"));
    }

    /// What `model pack` wrote: whether there is one, and whether answers read it.
    @Test void thePackedFileIsDescribed() throws IOException {
        Path model = tiny("ready");
        assertFalse(lucid("model", "info", model).ok().out().contains("packed: "));
        assertTrue(JSON.readTree(lucid("model", "info", model, "--json").ok().out()).get("packed").isNull());
        lucid("model", "pack", model).ok();
        Path file = model.resolve("lucid.packed");
        String text = lucid("model", "info", model).ok().out();
        assertTrue(text.lines().anyMatch(l -> l.startsWith("packed: " + file + ", ")
                && l.matches(".*, [\\d.]+ [kM]B, order panels-\\d+, read by generate, chat and eval --benchmark on this CPU")), text);
        JsonNode packed = JSON.readTree(lucid("model", "info", model, "--json").ok().out()).get("packed");
        assertEquals(file.toString(), packed.get("path").asText());
        assertEquals(Files.size(file), packed.get("bytes").asLong());
        assertTrue(packed.get("order").asText().matches("panels-\\d+") && packed.get("usable").asBoolean() && packed.get("reason").isNull(),
                packed.toString());
        // Nothing is wrong with the model then.
        Files.setLastModifiedTime(model.resolve("model.safetensors"), FileTime.fromMillis(1_000_000_000_000L));
        String changed = "the weights beside it have changed since it was made, or were copied without their times; lucid model pack makes it again";
        assertTrue(lucid("model", "info", model).ok().out().contains(", left aside: " + changed + "\n"));
        packed = JSON.readTree(lucid("model", "info", model, "--json").ok().out()).get("packed");
        assertFalse(packed.get("usable").asBoolean());
        assertEquals(changed, packed.get("reason").asText());
        // An answer would stop at it.
        Files.write(file, new byte[100]);
        refused(model, file + ": found header length");
        Files.delete(model.resolve("model.safetensors"));
        assertTrue(lucid("model", "info", model).out().contains("no weights"));
    }

    private void refused(Path model, String reason) throws IOException {
        Outcome o = lucid("model", "info", model);
        assertEquals(1, o.status(), o.out() + o.err());
        assertTrue(o.out().contains("refused: 1\n  ") && o.out().contains(reason) && o.out().contains("NOT usable"), o.out());
        JsonNode json = JSON.readTree(lucid("model", "info", model, "--json").out());
        assertFalse(json.get("sound").asBoolean());
        assertTrue(json.at("/refused/0").asText().contains(reason), json.get("refused").toString());
    }

    /// A text model is planned like one that sees; a tower alone answers nothing and is not trained, and the page says so.
    @Test void memoryOfPlainModels() throws IOException {
        String told = described("text", "text_config", "qwen2", "--held-out", 3);
        for (String part : new String[] {"on a CPU     on a GPU", "memory on a CPU for sft (4 samples a step, 294 tokens each",
                "memory on a GPU for grpo (8 prompts x 8 completions a step, 512 new tokens, micro-batch 1", "recipes train models that see clips"}) {
            assertTrue(told.contains(part), part + " in " + told);
        }
        assertFalse(told.contains("frames") || told.contains("connector") || told.contains("held-out"), told);
        told = described("tower", "vision_config", "siglip_vision_model", "--frames", 4);
        for (String part : new String[] {"memory on a CPU for embedding (4 frames", "memory on a GPU for embedding (4 frames",
                "Lucid does not train it"}) assertTrue(told.contains(part), part + " in " + told);
        assertFalse(told.contains("for sft") || told.contains("moments"), told);
    }

    /// A part of the published model alone; the configuration is all that a plan needs.
    private String described(String name, String part, String type, Object... options) throws IOException {
        ObjectNode config = ModelTemplate.shipped("tinyllava-video-r1").config().json().get(part).deepCopy();
        Path model = Files.createDirectory(folder.resolve(name));
        Files.writeString(model.resolve("config.json"), config.put("model_type", type).toString());
        Outcome o = lucid(Stream.concat(Stream.of("model", "info", model), Stream.of(options)).toArray());
        assertEquals(1, o.status(), o.err());
        return o.out();
    }

    @Test void heldOutQuestionsArePlannedWithTheTraining() throws IOException {
        Path model = tiny("asked");
        Outcome o = lucid("model", "info", model, "--held-out", 128, "--frames", 4, "--new-tokens", 30).ok();
        assertEquals(5, o.out().split("while answering 128 held-out questions together", -1).length, o.out());
        assertFalse(lucid("model", "info", model).ok().out().contains("held-out"));
        for (String option : new String[] {"--frames", "--new-tokens", "--samples", "--prompts", "--completions", "--micro-batch"}) {
            lucid("model", "info", model, option, 0).misusedWith(option, "found 0",
                    option.equals("--completions") ? "wanted 2 or more" : "wanted 1 or more");
        }
        for (String option : new String[] {"--held-out", "--lora"})
            lucid("model", "info", model, option, -1).misusedWith(option, "found -1", "wanted 0 or more");
    }

    /// The published model's numbers from its configuration alone, and what it is missing then.
    @Test void thePublishedModelsNumbers() throws IOException {
        Path full = Files.createDirectory(folder.resolve("full"));
        Files.writeString(full.resolve("config.json"), ModelTemplate.shipped("tinyllava-video-r1").config().json().toString());
        Outcome o = lucid("model", "info", full);
        assertEquals(1, o.status());
        for (String number : new String[] {"3,629,878,336", "428,225,600", "115,714,048", "3,085,938,688", "no weights", "missing: 920",
                "NOT complete"}) assertTrue(o.out().contains(number), number + " in " + o.out());
    }

    @Test void whatDoesNotFitIsNamed() throws IOException {
        Path model = tiny("odd");
        ObjectNode config = (ObjectNode) JSON.readTree(model.resolve("config.json").toFile());
        ((ObjectNode) config.get("text_config")).put("num_hidden_layers", 3).put("max_window_layers", 3);
        ((ObjectNode) config.get("vision_config")).put("num_hidden_layers", 2).put("image_size", 70);
        Files.writeString(model.resolve("config.json"), config.toString());
        Outcome o = lucid("model", "info", model);
        assertEquals(1, o.status());
        assertTrue(o.out().contains("missing: 12") && o.out().contains("language_model.model.layers.2.input_layernorm.weight"), o.out());
        assertTrue(o.out().contains("unexpected: 16") && o.out().contains("vision_model.encoder.layers.2."), o.out());
        assertTrue(o.out().contains("other shape: 1") && o.out().contains("position_embedding.weight: found [16, 48], wanted [25, 48]"), o.out());
        JsonNode json = JSON.readTree(lucid("model", "info", model, "--json").out());
        assertEquals(12, json.get("missing").size());
        assertEquals(25, json.at("/mismatched/0/wanted/0").asInt());
        assertFalse(json.get("sound").asBoolean());
    }

    /// A run has a config.json too, which is a recipe.
    @Test void ofARunTheNewestCheckpointIsDescribed() throws IOException {
        Path run = FakeRun.begin(folder.resolve("run"));
        lucid("model", "info", run).failedWith("run holds no weights", "no run's checkpoints");
        FakeRun.checkpoint(run, "00-first-000001-done", tiny("f32", "--dtype", "f32"));
        Path newest = FakeRun.checkpoint(run, "01-second-000001", tiny("bf16"));
        JsonNode json = JSON.readTree(lucid("model", "info", run, "--json").ok().out());
        assertEquals(newest.toString(), json.get("folder").asText());
        assertEquals(2 * 574_816, json.get("bytes").asLong());
    }

    @Test void badInputIsRefused() {
        lucid("model", "info", folder.resolve("nowhere")).failedWith("no such folder");
        lucid("model", "download", "nowhere").failedWith("wanted ORG/NAME");
        lucid("model", "download", "a/b@../c").failedWith("revision");
        assertEquals(2, lucid("model").status());
    }
}
