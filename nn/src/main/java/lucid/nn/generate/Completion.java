package lucid.nn.generate;

import java.util.Arrays;

/// One completion.
///
/// @param prompt   index of its prompt in the call
/// @param index    its number among the prompt's completions
/// @param ids      new tokens, the end token included if it came; of a stop string the token that completes it
/// @param logProbs log-probability of each token before filters and processors, bitwise what the training forward computes
/// @param entropy  entropy of the full distribution at each token
/// @param ended    true if the end token came or a stop string was completed, false if the length ran out
public record Completion(int prompt, int index, int[] ids, float[] logProbs, float[] entropy, boolean ended) {
    /// Number of new tokens.
    public int length() { return ids.length; }

    /// The ids that a tokenizer of so many tokens can decode: a head may have more rows than the tokenizer has tokens (Qwen2.5: 151,936 and 151,665), and a sampler may draw any.
    public int[] known(int tokens) { return Arrays.stream(ids).filter(id -> id < tokens).toArray(); }
}
