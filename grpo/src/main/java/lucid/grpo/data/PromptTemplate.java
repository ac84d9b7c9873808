package lucid.grpo.data;

import lucid.tokenizer.Tokenizer;

/// The published conversation, `qwen2_base`, around a question about a clip.
///
/// ```
/// A chat between ... questions. USER: <image>⏎QUESTION ASSISTANT:
/// ```
/// Everything before the placeholder and everything after it is tokenised separately, as in the original, so that the pieces never merge.
public final class PromptTemplate {
    /// Asks for reasoning; joined to the question by a space in training, as published.
    public static final String REASON = "Output the thinking process in <think> </think> and final answer (option) in <answer> </answer> tags.";
    /// Asks for the letter; joined by a line break, as published.
    public static final String DIRECT = "Answer with the option's letter from the given choices directly.";

    private static final String SYSTEM = "A chat between a curious user and an artificial intelligence assistant. "
            + "The assistant gives helpful, detailed, and polite answers to the user's questions.";

    private final Tokenizer tokenizer;
    private final int[] head;

    public PromptTemplate(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        head = tokenizer.encode(SYSTEM + " USER: ");
    }

    /// The prompt for generation.
    ///
    /// @param withClip whether there is a clip; without, the placeholder and its line break are left out
    public int[] prompt(String user, boolean withClip) {
        int[] tail = tokenizer.encode((withClip ? "\n" : "") + user.strip() + " ASSISTANT:");
        int[] ids = new int[head.length + (withClip ? 1 : 0) + tail.length];
        System.arraycopy(head, 0, ids, 0, head.length);
        if (withClip) ids[head.length] = Example.PLACEHOLDER;
        System.arraycopy(tail, 0, ids, ids.length - tail.length, tail.length);
        return ids;
    }

    /// What the model should answer: the text after one space, then the end token.
    public int[] answer(String text) { return ended(" " + text.strip()); }

    /// Any text, then the end token.
    public int[] ended(String text) {
        int[] ids = tokenizer.encode(text);
        int[] all = java.util.Arrays.copyOf(ids, ids.length + 1);
        all[ids.length] = tokenizer.eosId();
        return all;
    }

    /// The whole prompt as text, without the clip.
    public static String text(String user) { return SYSTEM + " USER: \n" + user.strip() + " ASSISTANT:"; }

    /// The user's text of a question in the given mode.
    public static String question(String problem, TrainingData.Mode mode) {
        return mode == TrainingData.Mode.REASONING ? problem + " " + REASON : problem + "\n" + DIRECT;
    }
}
