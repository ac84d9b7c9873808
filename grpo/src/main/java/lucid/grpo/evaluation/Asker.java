package lucid.grpo.evaluation;

import lucid.video.Frames;

/// What answers a question about frames.
@FunctionalInterface
public interface Asker {
    /// @param number of the question: sampling depends on it and on the protocol's seed, on nothing else
    /// @param user   what the user says
    Reply ask(int number, String user, Frames frames, Protocol protocol);

    /// @param text   without special tokens
    /// @param tokens how many were generated
    /// @param ended  whether the end token came
    record Reply(String text, int tokens, boolean ended) {}
}
