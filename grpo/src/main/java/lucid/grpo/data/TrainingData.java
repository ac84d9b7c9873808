package lucid.grpo.data;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Where examples and prompts come from. Everything is a function of its arguments: no position, no shuffling state, nothing to save.
public interface TrainingData {
    /// How an answer is asked for.
    enum Mode {
        /// The option's letter at once.
        DIRECT,
        /// Reasoning first, both in their tags.
        REASONING
    }

    /// The example number `index` of a kind in a step that holds `batch` of them.
    ///
    /// @throws IllegalArgumentException for a kind that this data does not have; the message lists those it has
    Example example(String kind, long seed, String stage, int step, int index, int batch);

    /// How many samples of a kind there are, each of which is learned from once before any is again; empty where examples are made anew every time.
    default OptionalInt samples(String kind) { return OptionalInt.empty(); }

    /// A sample of a kind, said in words, whose example has more than so many tokens; empty where there is none, and where samples are no list.
    default Optional<String> longerThan(String kind, int tokens) { return Optional.empty(); }

    /// Tokens of the longest examples of a kind, in any order; none where samples are no list.
    ///
    /// @param count at most
    default int[] longest(String kind, int count) { return new int[0]; }

    /// The prompts of a step: different questions, of which two may be about the same clip.
    ///
    /// @param count at most [#questions]. Where it does not divide them, each epoch leaves out some, different ones every time
    List<Prompt> prompts(long seed, String stage, int step, int count);

    /// How many questions there are to draw prompts from.
    int questions();

    /// Held-out questions, always the same ones in the same order; they are never trained on, and their clips only as [#heldOutSeen] says.
    List<Prompt> heldOut(int count, Mode mode);

    /// How many of all held-out questions are about clips that are trained on: what such an accuracy says of others is less.
    default int heldOutSeen() { return 0; }

    /// The sampled, resized frames of a clip: interleaved RGB bytes [frames, image, image, 3].
    byte[] frames(int clip);

    /// Frames that are sampled of every clip.
    int framesPerClip();

    /// Height and width of a frame in pixels, as the vision tower wants them.
    int imageSize();

    /// The clip's file, as the data set names it.
    String clipName(int clip);

    /// The letter that a direct answer gives.
    String directAnswer(String completion);

    /// Hash of all that weights can be learned from, clips included: a run's hash begins with it.
    String contentHash();

    /// Hash of the held-out questions and their clips, where [#contentHash] does not cover them: no weight depends on them, but a run's evaluations
    /// do. Empty where it does.
    default String heldOutHash() { return ""; }

    /// SHA-256 of each clip's content by its name, for data sets that do not keep such hashes themselves: a run writes them down, so that it can name
    /// the clip that was changed.
    default Map<String, String> clipHashes() { return Map.of(); }
}
