package lucid.nn.generate;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.kernels.contract.Sampling;
import lucid.nn.generate.processor.LogitsProcessors;

/// How completions are drawn.
///
/// @param rule              the sampler's filters
/// @param maxNewTokens      longest completion
/// @param endTokens         each ends a completion and is part of it; empty: none does
/// @param scoreTemperature  temperature of the reported log-probabilities; the trainer must score with the same (no filter and no processor ever
/// enters the score)
/// @param key               Philox key, see [lucid.kernels.math.Philox#key]
/// @param step              first counter word: the training step
/// @param firstPrompt       second counter word of the first prompt: which of all prompts it is, where some of them are drawn at a time
/// @param processors        what changes the logits before a token is drawn
/// @param stops             texts that end a completion, besides the end token
public record GenerationSettings(Sampling.Rule rule, int maxNewTokens, Set<Integer> endTokens, float scoreTemperature, long key, int step,
        int firstPrompt, LogitsProcessors processors,
                                 StopStrings stops) {
    public GenerationSettings {
        endTokens = Set.copyOf(endTokens);
        if (maxNewTokens < 1) throw new IllegalArgumentException("generate: max new tokens " + maxNewTokens + ", wanted >= 1");
        if (!(scoreTemperature > 0)) throw new IllegalArgumentException("generate: score temperature " + scoreTemperature + ", wanted > 0");
    }

    /// Logits as they are, no stop strings.
    ///
    /// @param eosToken the only end token; -1: none
    public GenerationSettings(Sampling.Rule rule, int maxNewTokens, int eosToken, float scoreTemperature, long key, int step, int firstPrompt) {
        this(rule, maxNewTokens, eosToken < 0 ? Set.of() : Set.of(eosToken), scoreTemperature, key, step, firstPrompt, LogitsProcessors.NONE,
                StopStrings.NONE);
    }

    /// All prompts at once.
    public GenerationSettings(Sampling.Rule rule, int maxNewTokens, int eosToken, float scoreTemperature, long key, int step) {
        this(rule, maxNewTokens, eosToken, scoreTemperature, key, step, 0);
    }

    /// The most likely token each time.
    public static GenerationSettings greedy(int maxNewTokens, int eosToken) {
        return new GenerationSettings(Sampling.Rule.GREEDY, maxNewTokens, eosToken, 1f, 0, 0);
    }

    /// The same, ended by these tokens as well.
    public GenerationSettings with(Set<Integer> moreEnds) {
        return new GenerationSettings(rule, maxNewTokens, Stream.concat(endTokens.stream(), moreEnds.stream()).collect(Collectors.toSet()),
                scoreTemperature, key, step, firstPrompt, processors, stops);
    }

    /// The same with other processors, instead of those that are there.
    public GenerationSettings with(LogitsProcessors processors) {
        return new GenerationSettings(rule, maxNewTokens, endTokens, scoreTemperature, key, step, firstPrompt, processors, stops);
    }

    /// The same with other stop strings, instead of those that are there.
    public GenerationSettings with(StopStrings stops) {
        return new GenerationSettings(rule, maxNewTokens, endTokens, scoreTemperature, key, step, firstPrompt, processors, stops);
    }
}
