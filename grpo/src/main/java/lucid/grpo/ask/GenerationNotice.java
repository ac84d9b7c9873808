package lucid.grpo.ask;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import lucid.nn.config.GenerationConfig;
import lucid.nn.generate.processor.LogitsProcessor;

/// What a reader should know about a checkpoint's `generation_config.json`: what of it changes the answers, and what of it does not although it would
/// elsewhere.
public final class GenerationNotice {
    private GenerationNotice() {}

    /// The notice for a checkpoint.
    ///
    /// @param sampled  whether answers are sampled
    /// @param followed processors that answers really have
    /// @return one line; empty where there is nothing to say
    public static Optional<String> of(GenerationConfig config, boolean sampled, List<LogitsProcessor> followed) {
        List<String> parts = new ArrayList<>();
        List<LogitsProcessor> own = config.processors().stream().filter(followed::contains).toList();
        if (!own.isEmpty()) parts.add(GenerationConfig.fields(own) + ": followed");
        GenerationConfig.Filters f = config.filters();
        if (config.sampled() && !sampled)
            parts.add("answers are greedy here, though it asks for samples (temperature " + f.temperature() + ", top_k " + f.topK() + ", top_p "
                    + f.topP() + ")");
        if (!config.without().isEmpty()) parts.add(String.join(", ", config.without()) + ": not in Lucid, without effect");
        return parts.isEmpty() ? Optional.empty() : Optional.of("(" + GenerationConfig.FILE + ": " + String.join("; ", parts) + ")");
    }
}
