package lucid.nn.generate;

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
}
