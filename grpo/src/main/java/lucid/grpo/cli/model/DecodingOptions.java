package lucid.grpo.cli.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.GenerationNotice;
import lucid.grpo.console.UsageException;
import lucid.kernels.contract.Sampling;
import lucid.kernels.math.Philox;
import lucid.nn.config.ConfigException;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.GenerationConfig.Filters;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.StopStrings;
import lucid.nn.generate.processor.BadWords;
import lucid.nn.generate.processor.LogitsProcessor;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.generate.processor.MinLength;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.tokenizer.Tokenizer;
import picocli.CommandLine.Option;

/// How `generate` and `chat` draw an answer: what the command line says, and where it says nothing what the checkpoint's `generation_config.json`
/// says.
final class DecodingOptions {
    @Option(names = "--sample", description = "Sample as the model's generation_config.json says, with transformers' own numbers where it says "
            + "nothing (temperature 1, top-k 50). Default: greedy.")
    private boolean sample;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample at this temperature; 0: greedy. Published: 0.1 for single questions, 1 "
            + "with --top-k 50 for its scores.")
    private Float temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "With --temperature or --sample: only the K most likely tokens (0: all).")
    private Integer topK;

    @Option(names = "--top-p", paramLabel = "P", description = "With --temperature or --sample: only the most likely tokens that make up P.")
    private Float topP;

    @Option(names = "--min-p", paramLabel = "P", description = "With --temperature or --sample: only tokens at least P times as likely as the most "
            + "likely one.")
    private Float minP;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--repetition-penalty", paramLabel = "R", description = "Divide (or multiply, if negative) the logits of tokens that have "
            + "occurred by R; 1: off (default: generation_config.json's).")
    private Double repetitionPenalty;

    @Option(names = "--no-repeat-ngram", paramLabel = "N", description = "Never the same N tokens in a row twice; 0: off (default: "
            + "generation_config.json's).")
    private Integer noRepeatNgram;

    @Option(names = "--min-new-tokens", paramLabel = "N", description = "No end before N tokens; 0: off (default: generation_config.json's).")
    private Integer minNewTokens;

    @Option(names = "--stop", paramLabel = "STRING", description = "End the answer when it holds STRING, which stays in it; repeat for more "
            + "(default: generation_config.json's).")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--bad-word", paramLabel = "TEXT", description = "Never the tokens of TEXT in a row, at the start of a word or within; repeat "
            + "for more. The same letters in other tokens are not seen.")
    private List<String> badWords = new ArrayList<>();

    /// Refuses numbers that cannot be, by the option's name; a processor would name the field of generation_config.json.
    void check() {
        if (temperature != null)
            UsageException.require("--temperature", temperature, (sample ? temperature > 0 : temperature >= 0) && Float.isFinite(temperature),
                    sample ? "a number above 0 with --sample" : "0 (greedy) or a number above it");
        if (topK != null) UsageException.atLeast("--top-k", topK, 0);
        if (topP != null) UsageException.require("--top-p", topP, topP > 0 && topP <= 1, "a number above 0, at most 1");
        if (minP != null) UsageException.require("--min-p", minP, minP >= 0 && minP <= 1, "a number from 0 to 1");
        if (repetitionPenalty != null)
            UsageException.require("--repetition-penalty", repetitionPenalty, repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                    "a number > 0; 1 is off");
        if (noRepeatNgram != null) UsageException.require("--no-repeat-ngram", noRepeatNgram, noRepeatNgram >= 0, "1 or more; 0 is off");
        if (minNewTokens != null) UsageException.require("--min-new-tokens", minNewTokens, minNewTokens >= 0, "1 or more; 0 is off");
    }

    /// @param reader hears what of the checkpoint's own wishes is followed and what is not
    GenerationSettings settings(Assistant assistant, int maxNewTokens, Consumer<String> reader) {
        GenerationConfig config = assistant.generation();
        Sampling.Rule rule = rule(config.filters());
        if (minNewTokens != null && minNewTokens > maxNewTokens)
            throw new UsageException("--min-new-tokens " + minNewTokens + " is more than --max-tokens " + maxNewTokens + "; wanted at most that");
        LogitsProcessors processors = new LogitsProcessors(processors(config, assistant.tokenizer()));
        GenerationNotice.of(config, !rule.greedy(), processors.list()).ifPresent(reader);
        int eos = assistant.tokenizer().eos() == null ? -1 : assistant.tokenizer().eosId();
        return new GenerationSettings(rule, maxNewTokens, eos, 1f, Philox.key(seed, 1), 0).with(processors)
                .with(stops.isEmpty() ? new StopStrings(config.stops(), assistant.tokenizer()::bytes)
                        : UsageException.checked(() -> new StopStrings(stops, assistant.tokenizer()::bytes)));
    }

    private Sampling.Rule rule(Filters file) {
        if (!sample && (temperature == null || temperature == 0)) {
            if (topK != null || topP != null || minP != null)
                throw new UsageException("--top-k, --top-p and --min-p choose among samples: wanted --temperature above 0 or --sample with them");
            return Sampling.Rule.GREEDY;
        }
        Filters base = sample ? file : new Filters(1, 0, 1, 0);
        Filters drawn = new Filters(temperature == null ? base.temperature() : temperature, topK == null ? base.topK() : topK,
                topP == null ? base.topP() : topP, minP == null ? base.minP() : minP);
        requireUsable(drawn);
        return drawn.rule();
    }

    // The options themselves were checked before: what cannot be is the file's.
    private static void requireUsable(Filters f) {
        requireOfFile("temperature", f.temperature(), (float) f.temperature() > 0 && Float.isFinite((float) f.temperature()), "a number above 0");
        requireOfFile("top_k", f.topK(), f.topK() >= 0, "0 (all) or more");
        requireOfFile("top_p", f.topP(), (float) f.topP() > 0 && f.topP() <= 1, "a number above 0, at most 1");
        requireOfFile("min_p", f.minP(), f.minP() >= 0 && f.minP() <= 1, "a number from 0 to 1");
    }

    private static void requireOfFile(String field, Object found, boolean good, String wanted) {
        if (good) return;
        throw new ConfigException(GenerationConfig.FILE + ": " + field + ": found " + found + ", wanted " + wanted + " to sample with; --"
                + field.replace('_', '-')
                + " says another, without --sample answers are greedy");
    }

    /// The checkpoint's, each replaced by the option that says otherwise. Its filters of samples belong to its way of sampling.
    private List<LogitsProcessor> processors(GenerationConfig config, Tokenizer tokenizer) {
        List<LogitsProcessor> out = new ArrayList<>(config.processors(sample));
        if (repetitionPenalty != null) {
            out.removeIf(RepetitionPenalty.class::isInstance);
            if (repetitionPenalty != 1) out.add(new RepetitionPenalty(repetitionPenalty));
        }
        if (noRepeatNgram != null) {
            out.removeIf(NoRepeatNgram.class::isInstance);
            if (noRepeatNgram != 0) out.add(new NoRepeatNgram(noRepeatNgram));
        }
        if (minNewTokens != null) {
            Set<Integer> ends = config.endTokens();
            out.removeIf(p -> p instanceof MinLength m && m.answerOnly());
            if (minNewTokens != 0 && !ends.isEmpty()) out.add(new MinLength(minNewTokens, true, ends));
        }
        if (!badWords.isEmpty()) out.add(new BadWords(badWords.stream().flatMap(w -> spellings(tokenizer, w)).toList()));
        return out;
    }

    private static Stream<List<Integer>> spellings(Tokenizer tokenizer, String word) {
        if (word.isBlank()) throw new UsageException("--bad-word \"" + word + "\": wanted a text with at least one letter in it");
        return Stream.of(word, " " + word).distinct().map(w -> Arrays.stream(tokenizer.encode(w)).boxed().toList());
    }
}
