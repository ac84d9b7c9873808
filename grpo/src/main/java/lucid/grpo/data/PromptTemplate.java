package lucid.grpo.data;

import java.util.Arrays;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Encoded;
import lucid.tokenizer.chat.Qwen2BaseTemplate;

/// The published conversation around a question about a clip: `qwen2_base`, with the published requests for reasoning and for a letter.
public final class PromptTemplate {
    /// Asks for reasoning; joined to the question by a space in training, as published.
    public static final String REASON = lucid.video.data.ClipQuestion.INSTRUCTION;
    /// Asks for the letter; joined by a line break, as published.
    public static final String DIRECT = "Answer with the option's letter from the given choices directly.";

    private final Tokenizer tokenizer;
    private final Qwen2BaseTemplate template;

    public PromptTemplate(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        template = new Qwen2BaseTemplate(tokenizer);
    }

    /// The prompt for generation about a clip.
    public int[] prompt(String user) { return template.promptIds(Qwen2BaseTemplate.IMAGE_TAG + user); }

    /// A question about a clip and its answer, the answer to be learned.
    public Example example(String kind, Visual visual, String user, String answer) {
        Encoded e = template.training(Qwen2BaseTemplate.IMAGE_TAG + user, answer);
        return new Example(kind, visual, e.ids(), e.labels());
    }

    /// A clip and its caption, as the published base training begins: no words before the clip, a line break and no end token after the caption
    /// (template `pretrain`).
    public Example caption(String kind, Visual visual, String text) {
        return Example.of(kind, visual, new int[] {Example.PLACEHOLDER}, tokenizer.encode(text + "\n"));
    }

    /// A text to be learned after `given` tokens, then the end token.
    public Example continuation(String kind, Visual visual, int[] given, String text) {
        int[] ids = tokenizer.encode(text);
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = tokenizer.eosId();
        return Example.of(kind, visual, given, ended);
    }

    /// The user's text of a question in the given mode.
    public static String question(String problem, TrainingData.Mode mode) {
        return problem + (mode == TrainingData.Mode.REASONING ? " " : "\n") + instruction(mode);
    }

    /// What a question of the given mode ends with.
    public static String instruction(TrainingData.Mode mode) { return mode == TrainingData.Mode.REASONING ? REASON : DIRECT; }
}
