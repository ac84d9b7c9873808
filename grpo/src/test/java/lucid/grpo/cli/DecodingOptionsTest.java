package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import lucid.grpo.data.DriftData;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.Qwen2Config;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.generate.processor.LogitsProcessor;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.generate.processor.MinLength;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.WeightSource;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How answers are drawn: options, and the checkpoint's `generation_config.json`, beside the generator with the same processors.
class DecodingOptionsTest extends CommandTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(3, 64, 5), 30))
            .tokenizer();
    private static final int TOKENS = 40;
    private static final int EOS = TOKENIZER.eosId();

    @TempDir Path folder;

    @BeforeEach void makeAToy() throws IOException {
        Qwen2Config config = new Qwen2Config(TOKENIZER.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, false, 0.02, EOS);
        Files.writeString(folder.resolve("config.json"), config.toJson().toString());
        try (Device d = new SimdDevice(1)) {
            Qwen2 decoder = Qwen2.random(d, config, 7, Initialization.fanIn(2, 3));
            try (var p = decoder.parameters()) {
                p.save(folder.resolve("model.safetensors"), StoredType.BF16);
            }
        }
        TokenizerJson.write(TOKENIZER, folder.resolve("tokenizer.json"));
    }

    private int[] expected(LogitsProcessor... processors) throws IOException {
        try (Device d = new SimdDevice(1); var files = WeightFiles.open(folder)) {
            Qwen2 decoder = Qwen2.load(d, folder, files, WeightSource.Precision.F32);
            try (var _ = decoder.parameters()) {
                PackedBatch batch = PackedBatch.builder(0).sequence(TOKENIZER.encode("The ring"), 0).build();
                GenerationSettings settings = GenerationSettings.greedy(TOKENS, EOS).with(LogitsProcessors.of(processors));
                return new Generator(decoder).generate(batch, null, 1, settings, null).getFirst().ids();
            }
        }
    }

    private Outcome lucid(String... more) {
        Object[] fixed = {"generate", "--model", folder, "--prompt", "The ring", "--max-tokens", TOKENS, "--threads", 1};
        return lucid(Stream.concat(Arrays.stream(fixed), Arrays.stream(more)).toArray());
    }

    private JsonNode json(String... more) throws IOException {
        return new ObjectMapper().readTree(lucid(Stream.concat(Arrays.stream(more), Stream.of("--json")).toArray(String[]::new)).ok().out());
    }

    private void config(String json) throws IOException { Files.writeString(folder.resolve("generation_config.json"), json); }

    private static String text(int[] ids) { return TOKENIZER.decode(ids, true).strip() + "\n"; }

    @Test void penalties() throws IOException {
        String plain = text(expected());
        String penalised = text(expected(new RepetitionPenalty(1.1)));
        String once = text(expected(new NoRepeatNgram(1)));
        assertEquals(3, Set.of(plain, penalised, once).size(), "a toy whose answers differ");
        assertEquals(plain, lucid().ok().out());
        assertEquals(penalised, lucid("--repetition-penalty", "1.1").ok().out());
        assertEquals(once, lucid("--no-repeat-ngram", "1").ok().out());
    }

    /// What the model's makers ask for is done; the command line says otherwise where it wants.
    @Test void generationConfigIsFollowed() throws IOException {
        config("{\"repetition_penalty\": 1.1, \"no_repeat_ngram_size\": 1}");
        Outcome o = lucid().ok();
        assertEquals(text(expected(new RepetitionPenalty(1.1), new NoRepeatNgram(1))), o.out());
        assertTrue(o.err().contains("(generation_config.json: repetition_penalty 1.1, no_repeat_ngram_size 1: followed)"), o.err());
        assertEquals(text(expected(new NoRepeatNgram(1))), lucid("--repetition-penalty", "1").ok().out());
        o = lucid("--repetition-penalty", "1", "--no-repeat-ngram", "0").ok();
        assertEquals(text(expected()), o.out());
        assertFalse(o.err().contains("generation_config.json"), o.err());
    }

    @Test void whatIsNotFollowedIsSaid() throws IOException {
        config("{\"do_sample\": true, \"temperature\": 0.7, \"top_k\": 20, \"top_p\": 0.8, \"num_beams\": 4}");
        Outcome o = lucid().ok();
        assertEquals(text(expected()), o.out());
        assertTrue(o.err().contains("answers are greedy here, though it asks for samples (temperature 0.7, top_k 20, top_p 0.8); num_beams 4: not "
                + "in Lucid, without effect"), o.err());
    }

    @Test void samplesAsTheModelsMakersSay() throws IOException {
        config("{\"do_sample\": true, \"temperature\": 3, \"top_k\": 30, \"top_p\": 0.9, \"epsilon_cutoff\": 0.06}");
        String wanted = lucid("--sample").ok().out();
        assertNotEquals(wanted, lucid("--sample", "--seed", "2").ok().out());
        config("{\"epsilon_cutoff\": 0.06}");
        assertEquals(wanted, lucid("--sample", "--temperature", "3", "--top-k", "30", "--top-p", "0.9").ok().out());
        Files.delete(folder.resolve("generation_config.json"));
        assertNotEquals(wanted, lucid("--temperature", "3", "--top-k", "30", "--top-p", "0.9").ok().out(), "epsilon_cutoff drops some of them");
        assertEquals(lucid("--sample").ok().out(), lucid("--temperature", "1", "--top-k", "50").ok().out(), "the library's own numbers");
        assertEquals(lucid().ok().out(), lucid("--temperature", "5", "--min-p", "1").ok().out(), "only the most likely one is left");
        assertEquals(lucid().ok().out(), lucid("--temperature", "0").ok().out(), "greedy, as in eval");
    }

    @Test void aStopStringEndsTheAnswerAndStaysInIt() throws IOException {
        String whole = text(expected()).strip();
        String stop = whole.substring(4, 7);
        JsonNode node = json("--stop", "not said at all", "--stop", stop);
        assertTrue(node.get("ended").asBoolean());
        String said = node.get("text").asText();
        assertTrue(whole.startsWith(said) && said.contains(stop) && said.length() < whole.length(), said + " of " + whole);
        int end = said.lastIndexOf(stop) + stop.length();
        assertTrue(said.length() - end < TOKENIZER.text(expected()[node.get("new_tokens").asInt() - 1]).length(),
                "nothing but the rest of the token follows it: " + said);
        config("{\"stop_strings\": [\"" + stop + "\"]}");
        assertEquals(said, json().get("text").asText());
        assertEquals(whole, json("--stop", "not said at all").get("text").asText());
    }

    @Test void noEndBeforeTheLeastLength() throws IOException {
        int end = expected()[2];
        config("{\"eos_token_id\": " + end + "}");
        assertTrue(json().get("new_tokens").asInt() <= 3);
        JsonNode node = json("--min-new-tokens", "9");
        assertTrue(node.get("new_tokens").asInt() >= 9, node.toString());
        int[] ids = expected(new MinLength(9, true, Set.of(end, EOS)));
        int stop = 9;
        while (stop < ids.length && ids[stop] != end) stop++;
        assertArrayEquals(TOKENIZER.encode(node.get("text").asText()).length > 0 ? new int[] {Math.min(ids.length, stop + 1)} : new int[0],
                new int[] {node.get("new_tokens").asInt()});
    }

    @Test void aBadWordIsNotSaid() throws IOException {
        String whole = text(expected()).strip();
        String word = TOKENIZER.text(expected()[1]).strip();
        assertTrue(whole.contains(word) && !word.isEmpty(), whole);
        int[] ids = TOKENIZER.encode(word);
        String other = lucid("--bad-word", word).ok().out();
        assertNotEquals(whole, other.strip());
        assertEquals(text(expected(new lucid.nn.generate.processor.BadWords(List.of(boxed(ids), boxed(TOKENIZER.encode(" " + word)))))), other);
    }

    private static List<Integer> boxed(int[] ids) { return Arrays.stream(ids).boxed().toList(); }

    @Test void whatIsRefused() throws IOException {
        lucid("--repetition-penalty", "0").misusedWith("--repetition-penalty: found 0.0", "wanted a number > 0; 1 is off");
        lucid("--repetition-penalty", "NaN").misusedWith("--repetition-penalty: found NaN", "wanted a number > 0; 1 is off");
        lucid("--no-repeat-ngram", "-1").misusedWith("--no-repeat-ngram: found -1", "wanted 1 or more; 0 is off");
        lucid("--min-new-tokens", "-2").misusedWith("--min-new-tokens: found -2", "wanted 1 or more; 0 is off");
        lucid("--min-new-tokens", "99").misusedWith("--min-new-tokens 99", "--max-tokens " + TOKENS);
        lucid("--stop", "").misusedWith("stop strings", "empty");
        lucid("--bad-word", " ").misusedWith("--bad-word", "wanted a text");
        lucid("--min-p", "0.1").misusedWith("--min-p", "--temperature above 0 or --sample");
        lucid("--temperature", "0", "--top-k", "5").misusedWith("--top-k", "--temperature above 0 or --sample");
        lucid("--sample", "--temperature", "0").misusedWith("temperature");
        config("{\"suppress_tokens\": [5, 99999]}");
        lucid().failedWith("suppress_tokens", "99999", "vocab_size " + TOKENIZER.vocabSize());
        config("{\"repetition_penalty\": -1}");
        lucid().failedWith("generation_config.json", "repetition_penalty", "wanted a number > 0");
    }

    /// What a greedy answer has no use for is refused by whoever samples: by the file's name and field, and with the option that says otherwise.
    @Test void whatCannotBeSampledWithIsTheFiles() throws IOException {
        String plain = lucid().ok().out();
        for (String[] f : new String[][] {{"temperature", "0.0", "--temperature"}, {"temperature", "1.0E-60", "--temperature"},
                {"top_k", "-1", "--top-k"},
            {"top_p", "0.0", "--top-p"}, {"min_p", "1.5", "--min-p"}}) {
            config("{\"" + f[0] + "\": " + f[1] + "}");
            assertEquals(plain, lucid().ok().out());
            lucid("--sample").failedWith("generation_config.json: " + f[0] + ": found " + f[1] + ", wanted ", f[2] + " says another");
            lucid("--sample", f[2], "1").ok();
        }
    }
}
