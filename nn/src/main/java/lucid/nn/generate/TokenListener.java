package lucid.nn.generate;

/// Hears every token as it is chosen, for streaming.
@FunctionalInterface
public interface TokenListener {
    void token(int prompt, int completion, int position, int id, float logProb);
}
