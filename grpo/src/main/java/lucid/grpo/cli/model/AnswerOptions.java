package lucid.grpo.cli.model;

import java.nio.file.Path;
import java.util.stream.Stream;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.Seen;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.ModelFolder;
import lucid.kernels.Device;
import lucid.nn.generate.Rehearsal;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.WeightOrder;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.file.VideoReader;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How a model is opened to answer, and what it is shown: the same for `generate`, `chat` and `bench --model`.
public final class AnswerOptions {
    private final int usualTokens;
    private final WeightOrder usualWeights;

    @Option(names = "--tokenizer", paramLabel = "DIR", description = "Where tokenizer.json, or vocab.json with merges.txt, lies (default: beside "
            + "the weights).")
    private Path tokenizer;

    @Mixin private FrameOptions frames;

    @Option(names = {"--max-tokens", "--max-new-tokens"}, paramLabel = "N", description = "Longest answer (default: 512; 32 for bench).")
    private Integer maxNewTokens;

    @Mixin private WeightOption weights;

    /// Frames of a clip that memory was planned for; null: as many as the model has for every clip.
    private Integer planned;

    /// @param usualTokens  longest answer where the command line does not say it
    /// @param usualWeights how weights are kept where it does not say it
    public AnswerOptions(int usualTokens, WeightOrder usualWeights) {
        this.usualTokens = usualTokens;
        this.usualWeights = usualWeights;
    }

    /// Whether the command line names any of them.
    public boolean given() { return weights.given() || Stream.of(tokenizer, frames.sampling(), maxNewTokens).anyMatch(o -> o != null); }

    /// Refuses numbers that cannot be, before any file is looked at.
    ///
    /// @param least tokens of an answer
    public void check(int least) {
        frames.sampling();
        if (maxNewTokens != null) UsageException.atLeast("--max-tokens", maxNewTokens, least);
    }

    public int tokens() { return maxNewTokens == null ? usualTokens : maxNewTokens; }

    public WeightOrder weights() { return weights.order(usualWeights); }

    /// Plans memory, and opens the model.
    ///
    /// @param clip   what it is asked about first, or null
    /// @param prompt the text that the model is to continue, of any length; null: it is asked about a clip, and those questions are short
    /// @param limit  a model that needs more is refused
    public Assistant open(Device device, Path model, Path clip, String prompt, MemoryLimit limit, Console console) {
        // First of all, as what follows leaves a processor idle for seconds.
        Rehearsal rehearsal = Rehearsal.start(device, ModelFolder.base(ModelFolder.resolve(model)));
        try {
            Tokenizer words = ModelFolder.tokenizer(model, tokenizer);
            planned = clip == null ? null : count(clip);
            MemoryCheck.answering(model, planned, prompt == null ? null : words.encode(prompt).length, tokens(), limit);
            return Assistant.open(device, model, weights(), words, console, rehearsal);
        } catch (RuntimeException e) {
            rehearsal.close();
            throw e;
        }
    }

    /// Looks at the clip that memory was planned for when the model was opened.
    public Seen watch(Assistant assistant, Path clip) { return assistant.watch(clip, frames.sampling()); }

    /// Looks at another one. If it has more frames, memory is planned anew, and the clip is refused where it does not fit.
    Seen watchAnother(Assistant assistant, Path model, Path clip, MemoryLimit limit) {
        Integer count = count(clip);
        if (count != null && count > planned) {
            MemoryCheck.answering(model, count, null, tokens(), limit);
            planned = count;
        }
        return watch(assistant, clip);
    }

    // How many frames the model will see of a clip, which is opened where its length decides, and decoded too if it has no index; null: as the model
    // has it.
    private Integer count(Path clip) {
        return switch (frames.sampling()) {
            case null -> null;
            case FrameSampling.Uniform(int count) -> count;
            case FrameSampling.OnePerSecond perSecond -> {
                try (VideoReader reader = new VideoReader(clip)) {
                    yield perSecond.count(reader.frames(), reader.averageFps());
                }
            }
        };
    }
}
