package lucid.nn.generate;

/// One completion.
///
/// @param prompt   index of its prompt in the call
/// @param index    its number among the prompt's completions
/// @param ids      new tokens, the end token included if it came
/// @param logProbs log-probability of each token as the sampler saw it, bitwise what the training forward computes
/// @param entropy  entropy of the full distribution at each token
/// @param ended    true if the end token came, false if the length ran out
public record Completion(int prompt, int index, int[] ids, float[] logProbs, float[] entropy, boolean ended) {
    public int length() { return ids.length; }
}
