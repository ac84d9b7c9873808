package lucid.nn.generate;

/// Hears every token as it is chosen, for streaming.
@FunctionalInterface
public interface TokenListener {
    /// @param prompt     index of the prompt in the call, or the turn of a conversation
    /// @param completion number among the prompt's completions
    /// @param position   number of the token in its completion, from 0
    /// @param logProb    before filters and processors, at the settings' score temperature
    void token(int prompt, int completion, int position, int id, float logProb);
}
