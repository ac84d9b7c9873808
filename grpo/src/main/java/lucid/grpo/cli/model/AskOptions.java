package lucid.grpo.cli.model;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.Question;
import lucid.grpo.ask.Reply;
import lucid.grpo.ask.Seen;
import lucid.grpo.console.Console;
import lucid.grpo.console.Count;
import lucid.grpo.console.UsageException;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.ModelFolder;
import lucid.kernels.Device;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Rehearsal;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.WeightOrder;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.VideoReader;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What `generate` and `chat` have in common: the model, how it is asked, how its answer is drawn.
final class AskOptions {
    @Option(names = "--model", required = true, paramLabel = "DIR|ID", description = "A model's folder in a published layout, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the hub.")
    private Path model;

    @Option(names = "--tokenizer", paramLabel = "DIR", description = "Where tokenizer.json, or vocab.json with merges.txt, lies (default: beside the weights).")
    private Path tokenizer;

    @Mixin private FrameOptions frames;

    @Option(names = "--direct", description = "Ask for the letter at once instead of reasoning.")
    private boolean direct;

    @Option(names = "--plain", description = "Ask the question as it is, with no request added to it.")
    private boolean plain;

    @Option(names = {"--max-tokens", "--max-new-tokens"}, paramLabel = "N", description = "Longest answer (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens = 512;

    @Mixin private WeightOption weights;

    @Mixin private DecodingOptions decoding;

    /// Frames of a clip that memory was planned for; null: as many as the model has for every clip.
    private Integer planned;

    Path model() { return model; }

    /// Refuses numbers that cannot be, before any file is looked at.
    void check() {
        frames.sampling();
        UsageException.atLeast("--max-tokens", maxNewTokens, 1);
        decoding.check();
    }

    Question.Style style() {
        if (direct && plain) throw new UsageException("--direct and --plain: wanted one of them, or neither");
        return direct ? Question.Style.DIRECT : plain ? Question.Style.PLAIN : Question.Style.REASON;
    }

    /// @param clip   what it is asked about first, or null
    /// @param prompt the text that the model is to continue, of any length; null: it is asked about a clip, and those questions are short
    /// @param usual  how weights are kept where the command line does not say it
    /// @param limit  a model that needs more is refused
    Assistant open(Device device, Path clip, String prompt, WeightOrder usual, MemoryLimit limit, Console console) {
        // First of all, as what follows leaves a processor idle for seconds.
        Rehearsal rehearsal = Rehearsal.start(device, ModelFolder.base(ModelFolder.resolve(model)));
        try {
            Tokenizer words = ModelFolder.tokenizer(model, tokenizer);
            planned = clip == null ? null : count(clip);
            MemoryCheck.answering(model, planned, prompt == null ? null : words.encode(prompt).length, maxNewTokens, limit);
            return Assistant.open(device, model, weights.order(usual), words, console, rehearsal);
        } catch (RuntimeException e) {
            rehearsal.close();
            throw e;
        }
    }

    /// Looks at the clip that memory was planned for when the model was opened.
    Seen watch(Assistant assistant, Path clip) { return assistant.watch(clip, frames.sampling()); }

    /// Looks at another one. If it has more frames, memory is planned anew, and the clip is refused where it does not fit.
    Seen watchAnother(Assistant assistant, Path clip, MemoryLimit limit) {
        Integer count = count(clip);
        if (count != null && count > planned) {
            MemoryCheck.answering(model, count, null, maxNewTokens, limit);
            planned = count;
        }
        return watch(assistant, clip);
    }

    // How many frames the model will see of a clip, which is opened where its length decides, and decoded too if it has no index; null: as the model has it.
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

    /// @param reader hears what of the checkpoint's own wishes is followed and what is not
    GenerationSettings settings(Assistant assistant, Consumer<String> reader) { return decoding.settings(assistant, maxNewTokens, reader); }

    /// What a reader should know about a clip that was looked at.
    static String line(Seen s) {
        return String.format(Locale.ROOT, "(%s in %.1f s: decoding %.1f, vision %.1f, %s %.1f)", Count.of(s.frames(), "frame"), s.seconds(), s.reading(), s.vision(), Count.of(s.rows(), "prompt row"), s.prefill());
    }

    /// What a reader should know about an answer.
    String line(Reply r) {
        String speed = r.perSecond() == 0 ? "" : String.format(Locale.ROOT, ", %.2f tokens/s", r.perSecond());
        String ended = r.ended() ? "" : "; the answer did not end within " + Count.of(r.newTokens(), "token");
        String unknown = r.unknown() == 0 ? "" : "; " + Count.of(r.unknown(), "token") + " without a text in this tokenizer left out";
        return String.format(Locale.ROOT, "(%s, first after %.2f s%s%s%s)", Count.of(r.newTokens(), "token"), r.firstToken(), speed, ended, unknown);
    }
}
