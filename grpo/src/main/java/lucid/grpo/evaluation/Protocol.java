package lucid.grpo.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import lucid.grpo.data.Control;
import lucid.grpo.data.PromptTemplate;
import lucid.kernels.contract.Sampling;
import lucid.video.FrameSampling;

/// How a benchmark is asked. The prompt is the published one in both modes: question and options as the benchmark's definition writes them, a line
/// break, the instruction.
///
/// @param direct       whether the letter is asked for at once ("option" mode) instead of reasoning first
/// @param frames       which of a clip
/// @param seed         of sampling and guesses
/// @param bounds       whether a question's bounds are kept where the published script looks at the whole clip
/// @param control      what is done to the clip first
public record Protocol(Mode mode, boolean direct, FrameSampling.Even frames, int maxNewTokens, long seed, boolean bounds, Control control) {
    /// Longest answer of the published scripts.
    public static final int PUBLISHED_TOKENS = 1024;
    // transformers samples with the model's generation config where the script names nothing: temperature 1, the 50 most likely tokens.
    private static final Sampling.Rule PUBLISHED = new Sampling.Rule(false, 1, 50, 1, 0);

    /// Where the next token and a missing letter come from.
    public enum Mode {
        /// As TinyLLaVA-Video-R1's scripts do it: reasoning is sampled (temperature 1, top-k 50), and where no letter can be found one is guessed.
        /// Unlike there, both are seeded.
        PUBLISHED,
        /// The most likely token each time; an answer without a letter is wrong.
        GREEDY
    }

    public Protocol {
        if (maxNewTokens < 1) throw new IllegalArgumentException("max new tokens " + maxNewTokens + ", wanted at least 1");
    }

    /// How the next token is chosen: sampled only where the published scripts reason; direct answers are greedy in both modes.
    public Sampling.Rule rule() { return mode == Mode.PUBLISHED && !direct ? PUBLISHED : Sampling.Rule.GREEDY; }

    /// Whether a letter is guessed where none can be found.
    public boolean guesses() { return mode == Mode.PUBLISHED; }

    /// The user's text for a problem.
    public String user(String problem) { return problem + "\n" + (direct ? PromptTemplate.DIRECT : PromptTemplate.REASON); }

    /// For the record of an evaluation.
    public ObjectNode toJson() {
        ObjectNode node = new ObjectMapper().createObjectNode().put("mode", mode.name().toLowerCase(Locale.ROOT))
                .put("style", direct ? "direct" : "reasoning");
        switch (frames) {
            case FrameSampling.Uniform(int count) -> node.put("frames", count);
            case FrameSampling.OnePerSecond perSecond -> node.put("frames", perSecond.id());
        }
        return node.put("max_new_tokens", maxNewTokens).put("seed", seed).put("bounds", bounds)
                .put("control", control.name().toLowerCase(Locale.ROOT))
                .put("greedy", rule().greedy()).put("temperature", rule().temperature()).put("top_k", rule().topK());
    }
}
