package lucid.nn.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import lucid.kernels.contract.Sampling;
import lucid.nn.generate.processor.BadWords;
import lucid.nn.generate.processor.ExponentialDecay;
import lucid.nn.generate.processor.MinLength;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.nn.generate.processor.SequenceBias;
import lucid.nn.generate.processor.SuppressTokens;
import lucid.nn.generate.processor.TypicalP;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {
    @TempDir Path folder;

    private GenerationConfig read(String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        return GenerationConfig.read(folder, Set.of());
    }

    /// The file of Qwen2.5-3B-Instruct.
    @Test void qwensChatModels() throws IOException {
        GenerationConfig c = read("""
                {"bos_token_id": 151643, "pad_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "repetition_penalty": 1.05,
                 "temperature": 0.7, "top_p": 0.8, "top_k": 20, "transformers_version": "4.37.0"}""");
        assertEquals(Set.of(151645, 151643), c.endTokens());
        assertTrue(c.sampled());
        assertEquals(new Sampling.Rule(false, 0.7f, 20, 0.8f, 0), c.filters().rule());
        assertEquals(List.of(new RepetitionPenalty(1.05)), c.processors());
        assertEquals(List.of(), c.without());
    }

    @Test void withoutAFileOrWithNothingInIt() throws IOException {
        GenerationConfig none = GenerationConfig.read(folder, Set.of(4));
        assertEquals(none, new GenerationConfig(Set.of(4), false, new GenerationConfig.Filters(1, 50, 1, 0), List.of(), List.of(), List.of()));
        assertEquals(Set.of(), GenerationConfig.endTokens(folder));
        assertEquals(List.of(), read("{\"repetition_penalty\": null, \"min_length\": 5, \"typical_p\": 1.0, \"num_beams\": 1, \"guidance_scale\": "
                + "null, \"token_healing\": false}").processors());
    }

    /// As transformers' `GenerationConfig.from_model_config` does where there is no file. With one, even without end tokens, `config.json` is not
    /// asked.
    @Test void withoutAFileTheConfigurationEndsAnswers() throws IOException {
        for (String body : List.of("{\"eos_token_id\": [5, 6]}", "{\"model_type\": \"tinyllava\", \"eos_token_id\": 4, \"text_config\": "
                + "{\"eos_token_id\": [6, 5]}}")) {
            Files.writeString(folder.resolve("config.json"), body);
            assertEquals(Set.of(5, 6), GenerationConfig.endTokens(folder));
            assertEquals(Set.of(5, 6, 9), GenerationConfig.read(folder, Set.of(9)).endTokens());
        }
        for (String none : List.of("{}", "{\"eos_token_id\": null}", "{\"eos_token_id\": -1}", "{\"text_config\": {}, \"eos_token_id\": 5}")) {
            Files.writeString(folder.resolve("config.json"), none);
            assertEquals(Set.of(), GenerationConfig.endTokens(folder));
        }
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 5}");
        assertEquals(Set.of(5), GenerationConfig.endTokens(folder));
        assertEquals(Set.of(), read("{}").endTokens());
    }

    @Test void everyField() throws IOException {
        GenerationConfig c = read("""
                {"eos_token_id": 2, "no_repeat_ngram_size": 3, "bad_words_ids": [[2], [4, 5]], "min_length": 9, "min_new_tokens": 4, "exponential_decay_length_penalty": [6, 1.5],
                 "suppress_tokens": [7], "begin_suppress_tokens": [8, 9], "sequence_bias": [[[1, 2], -0.5]], "typical_p": 0.9, "stop_strings": "end"}""");
        assertEquals(Set.of(new NoRepeatNgram(3), new BadWords(List.of(List.of(4, 5))), new MinLength(9, false, Set.of(2)),
                new MinLength(4, true, Set.of(2)), new ExponentialDecay(6, 1.5, Set.of(2)),
                new SuppressTokens(Set.of(7), false), new SuppressTokens(Set.of(8, 9), true),
                        new SequenceBias(List.of(new SequenceBias.Bias(List.of(1, 2), -0.5))), new TypicalP(0.9)), Set.copyOf(c.processors()));
        assertEquals(8, c.processors(false).size(), "typical_p chooses among samples");
        assertEquals(List.of("end"), c.stops());
        assertEquals(List.of("a", "b"), read("{\"stop_strings\": [\"a\", \"b\"]}").stops());
        read("{\"min_new_tokens\": 4, \"eos_token_id\": 2}");
        assertEquals(List.of(new MinLength(4, true, Set.of(2, 3))), GenerationConfig.read(folder, Set.of(3)).processors(),
                "the tokenizer's end token is put off as well");
        assertEquals(List.of(), read("{\"suppress_tokens\": [], \"bad_words_ids\": [], \"sequence_bias\": []}").processors());
    }

    @Test void whatLucidDoesNotHaveIsNamed() throws IOException {
        assertEquals(List.of("num_beams 4", "chat_format \"chatml\"", "forced_eos_token_id 3"),
                read("{\"num_beams\": 4, \"chat_format\": \"chatml\", \"forced_eos_token_id\": 3, \"use_cache\": false}").without());
        assertEquals(List.of("watermarking_config \"" + "x".repeat(56) + "..."), read("{\"watermarking_config\": \"" + "x".repeat(500) + "\"}")
                .without());
    }

    /// A habit of models that are to be asked greedily.
    @Test void filtersAreComplainedOfBySamplersOnly() throws IOException {
        GenerationConfig c = read("{\"do_sample\": true, \"temperature\": 0.0, \"top_p\": 0.9}");
        assertTrue(c.sampled());
        String message = assertThrows(IllegalArgumentException.class, () -> c.filters().rule()).getMessage();
        assertTrue(message.contains("temperature 0.0") && message.contains("wanted"), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "repetition_penalty": 0 | repetition_penalty
            "repetition_penalty": "much" | repetition_penalty
            "no_repeat_ngram_size": -2 | no_repeat_ngram_size
            "bad_words_ids": [4] | bad_words_ids
            "bad_words_ids": [[]] | bad_words_ids
            "bad_words_ids": 4 | bad_words_ids
            "eos_token_id": 1, "min_new_tokens": -4 | min_new_tokens
            "eos_token_id": 1, "exponential_decay_length_penalty": [1] | exponential_decay_length_penalty
            "sequence_bias": [[1, 2]] | sequence_bias
            "suppress_tokens": [-1] | suppress_tokens
            "typical_p": 2 | typical_p
            "stop_strings": [""] | stop_strings
            "eos_token_id": "end" | eos_token_id
            """)
    void whatIsWrongIsNamed(String body, String key) throws IOException {
        String message = assertThrows(ConfigException.class, () -> read("{" + body + "}")).getMessage();
        assertTrue(message.contains("generation_config.json: " + key) && message.contains("wanted"), message);
    }
}
