package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import lucid.kernels.contract.Sampling;
import lucid.nn.disk.JsonText;
import lucid.nn.generate.processor.BadWords;
import lucid.nn.generate.processor.EpsilonCutoff;
import lucid.nn.generate.processor.EtaCutoff;
import lucid.nn.generate.processor.ExponentialDecay;
import lucid.nn.generate.processor.LogitsProcessor;
import lucid.nn.generate.processor.MinLength;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.nn.generate.processor.SampleFilter;
import lucid.nn.generate.processor.SequenceBias;
import lucid.nn.generate.processor.SuppressTokens;
import lucid.nn.generate.processor.TypicalP;

/// A checkpoint's `generation_config.json`: how its makers want it to answer. Lengths, beams' bookkeeping and what transformers caches and returns
/// are the caller's to choose; a field that would change answers and that Lucid does not have is in [#without], so that the caller can say it.
///
/// @param endTokens  tokens that end an answer
/// @param sampled    whether answers are to be sampled (`do_sample`)
/// @param filters    with what, if they are; [Filters#rule] refuses what cannot be, for whoever samples: a greedy answer needs none of them
/// @param processors that every answer asks for, and filters that only a sampled one does
/// @param stops      texts that end an answer
/// @param without    fields with their values that change answers and that Lucid does not follow, or does not know
public record GenerationConfig(Set<Integer> endTokens, boolean sampled, Filters filters, List<LogitsProcessor> processors, List<String> stops,
        List<String> without) {
    public static final String FILE = "generation_config.json";
    private static final String ENDS = "eos_token_id";
    /// Fields without an effect on answers, or with one only on searches that Lucid does not make, and lengths.
    private static final Set<String> SILENT = Set.of("max_length", "max_new_tokens", "use_cache", "pad_token_id", "bos_token_id",
            "decoder_start_token_id", "transformers_version",
            "_from_model_config", "_commit_hash", "output_attentions", "output_hidden_states", "output_scores", "output_logits",
                    "return_dict_in_generate", "num_return_sequences", "cache_implementation",
            "cache_config", "return_legacy_cache", "early_stopping", "length_penalty", "low_memory", "is_assistant", "num_assistant_tokens",
                    "num_assistant_tokens_schedule",
            "assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind", "prompt_lookup_num_tokens",
                    "max_matching_ngram_size", "prefill_chunk_size",
            "compile_config", "disable_compile", "trust_remote_code", "renormalize_logits");
    private static final Set<String> FOLLOWED = Set.of(ENDS, "do_sample", "temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff",
            "eta_cutoff", "repetition_penalty",
            "no_repeat_ngram_size", "bad_words_ids", "min_length", "min_new_tokens", "exponential_decay_length_penalty", "suppress_tokens",
                    "begin_suppress_tokens", "sequence_bias", "stop_strings");
    /// Fields of transformers that Lucid lacks, with the value at which they do nothing (besides null).
    private static final Map<String, Double> NEUTRAL = Map.of("num_beams", 1.0, "num_beam_groups", 1.0, "diversity_penalty", 0.0, "penalty_alpha",
            0.0, "guidance_scale", 1.0,
            "encoder_repetition_penalty", 1.0, "encoder_no_repeat_ngram_size", 0.0, "top_h", 1.0);

    /// Temperature and the filters of [Sampling], as they are written.
    public record Filters(double temperature, int topK, double topP, double minP) {
        /// What transformers samples with where nothing is said.
        public static final Filters DEFAULT = new Filters(1, 50, 1, 0);

        /// For the sampler: rounded to f32.
        ///
        /// @throws IllegalArgumentException for a value outside its range, see [Sampling.Rule]
        public Sampling.Rule rule() { return new Sampling.Rule(false, (float) temperature, topK, (float) topP, (float) minP); }
    }

    public GenerationConfig {
        endTokens = Set.copyOf(endTokens);
        processors = List.copyOf(processors);
        stops = List.copyOf(stops);
        without = List.copyOf(without);
    }

    /// The file of a model's folder. Without one, transformers makes it of `config.json`: nothing but end tokens, the decoder's and the other ones.
    ///
    /// @param alsoEnd end tokens that the file need not name, such as the tokenizer's
    public static GenerationConfig read(Path folder, Set<Integer> alsoEnd) {
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) return read(ConfigReader.open(file), alsoEnd);
        Set<Integer> ends = new TreeSet<>(alsoEnd);
        ends.addAll(ofDecoder(folder));
        return new GenerationConfig(ends, false, Filters.DEFAULT, List.of(), List.of(), List.of());
    }

    private static List<Integer> ofDecoder(Path folder) {
        if (!Files.exists(folder.resolve("config.json"))) return List.of();
        ConfigReader r = ConfigReader.open(folder);
        return Qwen2Config.eosTokenIds(r.has("text_config") ? r.child("text_config") : r);
    }

    /// The same from an object that was read elsewhere.
    ///
    /// @param where file and place, for messages
    public static GenerationConfig read(String where, JsonNode object) { return read(new ConfigReader(where, object), Set.of()); }

    /// Tokens that end an answer: one number or a list, as Qwen2.5's chat models have it; without such a file those of `config.json`.
    public static Set<Integer> endTokens(Path folder) { return read(folder, Set.of()).endTokens; }

    /// A file that names end tokens alone.
    public static void writeEndTokens(Path folder, Set<Integer> ids) {
        Path file = folder.resolve(FILE);
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode list = node.putArray(ENDS);
        new TreeSet<>(ids).forEach(list::add);
        try {
            Files.writeString(file, JsonText.pretty(node));
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file + ": " + e.getMessage(), e);
        }
    }

    private static GenerationConfig read(ConfigReader r, Set<Integer> alsoEnd) {
        Set<Integer> ends = new TreeSet<>(alsoEnd);
        if (r.has(ENDS)) ends.addAll(r.ids(ENDS, r.node().get(ENDS)));
        Filters filters = new Filters(r.number("temperature", Filters.DEFAULT.temperature), r.integer("top_k", Filters.DEFAULT.topK),
                r.number("top_p", Filters.DEFAULT.topP),
                r.number("min_p", Filters.DEFAULT.minP));
        boolean sampled = r.flag("do_sample", false);
        List<LogitsProcessor> processors = new ArrayList<>();
        penalties(r, ends, processors);
        lengths(r, ends, processors);
        filters(r, processors);
        return new GenerationConfig(ends, sampled, filters, processors, stops(r), without(r));
    }

    private static void penalties(ConfigReader r, Set<Integer> ends, List<LogitsProcessor> out) {
        if (r.has("sequence_bias")) {
            List<SequenceBias.Bias> biases = new ArrayList<>();
            for (JsonNode pair : list(r, "sequence_bias")) {
                if (!pair.path(0).isArray() || !pair.path(1).isNumber()) throw r.bad("sequence_bias", "a list of [[ids], bias]");
                biases.add(made(r, "sequence_bias", () -> new SequenceBias.Bias(r.ids("sequence_bias", pair.get(0)), pair.get(1).asDouble())));
            }
            if (!biases.isEmpty()) out.add(new SequenceBias(biases));
        }
        double penalty = r.number("repetition_penalty", 1);
        if (penalty != 1) out.add(made(r, "repetition_penalty", () -> new RepetitionPenalty(penalty)));
        int ngram = r.integer("no_repeat_ngram_size", 0);
        if (ngram != 0) out.add(made(r, "no_repeat_ngram_size", () -> new NoRepeatNgram(ngram)));
        if (r.has("bad_words_ids")) {
            List<List<Integer>> words = new ArrayList<>();
            for (JsonNode w : list(r, "bad_words_ids")) {
                if (!w.isArray()) throw r.bad("bad_words_ids", "a list of lists of token ids");
                words.add(r.ids("bad_words_ids", w));
            }
            // As in transformers: an end token cannot be forbidden this way.
            words.removeIf(w -> w.size() == 1 && ends.contains(w.getFirst()));
            if (!words.isEmpty()) out.add(made(r, "bad_words_ids", () -> new BadWords(words)));
        }
        for (String key : List.of("suppress_tokens", "begin_suppress_tokens")) {
            if (r.has(key) && !(r.node().get(key).isArray() && r.node().get(key).isEmpty()))
                out.add(made(r, key, () -> new SuppressTokens(Set.copyOf(r.ids(key, r.node().get(key))), key.startsWith("begin"))));
        }
    }

    /// Without an end token there is nothing to put off.
    private static void lengths(ConfigReader r, Set<Integer> ends, List<LogitsProcessor> out) {
        for (String key : List.of("min_length", "min_new_tokens")) {
            int length = r.integer(key, 0);
            if (length != 0 && !ends.isEmpty()) out.add(made(r, key, () -> new MinLength(length, key.equals("min_new_tokens"), ends)));
        }
        String decay = "exponential_decay_length_penalty";
        if (!r.has(decay) || ends.isEmpty()) return;
        JsonNode pair = r.node().get(decay);
        if (pair.size() != 2 || !pair.get(0).canConvertToInt() || !pair.get(0).isIntegralNumber() || !pair.get(1).isNumber())
            throw r.bad(decay, "[start, factor]");
        out.add(made(r, decay, () -> new ExponentialDecay(pair.get(0).asInt(), pair.get(1).asDouble(), ends)));
    }

    private static void filters(ConfigReader r, List<LogitsProcessor> out) {
        double typical = r.number("typical_p", 1);
        if (typical != 1) out.add(made(r, "typical_p", () -> new TypicalP(typical)));
        double epsilon = r.number("epsilon_cutoff", 0);
        if (epsilon != 0) out.add(made(r, "epsilon_cutoff", () -> new EpsilonCutoff(epsilon)));
        double eta = r.number("eta_cutoff", 0);
        if (eta != 0) out.add(made(r, "eta_cutoff", () -> new EtaCutoff(eta)));
    }

    private static List<String> stops(ConfigReader r) {
        List<String> out = new ArrayList<>();
        if (!r.has("stop_strings")) return out;
        JsonNode value = r.node().get("stop_strings");
        for (JsonNode s : value.isArray() ? value : List.of(value)) {
            if (!s.isTextual() || s.asText().isEmpty()) throw r.bad("stop_strings", "a string that is not empty, or a list of them");
            out.add(s.asText());
        }
        return out;
    }

    private static List<String> without(ConfigReader r) {
        List<String> out = new ArrayList<>();
        r.node().properties().forEach(e -> {
            JsonNode v = e.getValue();
            String key = e.getKey();
            if (SILENT.contains(key) || FOLLOWED.contains(key) || v.isNull() || v.isBoolean() && !v.asBoolean()) return;
            if (!(v.isNumber() && NEUTRAL.containsKey(key) && v.asDouble() == NEUTRAL.get(key))) out.add(key + " " + brief(v.toString()));
        });
        return out;
    }

    /// Such a field may hold anything, and is for one line.
    private static String brief(String json) { return json.length() <= 60 ? json : json.substring(0, 57) + "..."; }

    private static JsonNode list(ConfigReader r, String key) {
        if (!r.node().get(key).isArray()) throw r.bad(key, "a list");
        return r.node().get(key);
    }

    /// What a processor refuses is the file's fault.
    private static <T> T made(ConfigReader r, String key, Supplier<T> maker) {
        try {
            return maker.get();
        } catch (IllegalArgumentException e) {
            throw new ConfigException(r.where() + ": " + key + ": " + e.getMessage(), e);
        }
    }

    /// Processors of an answer that is sampled, or of one that is not.
    public List<LogitsProcessor> processors(boolean sampling) {
        return processors.stream().filter(p -> sampling || !(p instanceof SampleFilter)).toList();
    }

    /// The fields of some processors, as they are written.
    public static String fields(List<LogitsProcessor> processors) {
        return processors.stream().map(LogitsProcessor::field).collect(Collectors.joining(", "));
    }
}
