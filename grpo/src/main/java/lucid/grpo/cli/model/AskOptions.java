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
import lucid.kernels.Device;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.WeightOrder;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What `generate` and `chat` have in common: the model, how it is asked, how its answer is drawn.
final class AskOptions {
    @Option(names = "--model", required = true, paramLabel = "DIR|ID",
            description = "A model's folder in a published layout, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the hub.")
    private Path model;

    @Mixin private AnswerOptions answer;

    @Option(names = "--direct", description = "Ask for the letter at once instead of reasoning.")
    private boolean direct;

    @Option(names = "--plain", description = "Ask the question as it is, with no request added to it.")
    private boolean plain;

    @Mixin private DecodingOptions decoding;

    /// @param weights how they are kept where the command line does not say it
    AskOptions(WeightOrder weights) { answer = new AnswerOptions(512, weights); }

    Path model() { return model; }

    /// Refuses numbers that cannot be, before any file is looked at.
    void check() {
        answer.check(1);
        decoding.check();
    }

    Question.Style style() {
        if (direct && plain) throw new UsageException("--direct and --plain: wanted one of them, or neither");
        return direct ? Question.Style.DIRECT : plain ? Question.Style.PLAIN : Question.Style.REASON;
    }

    /// @param clip   what it is asked about first, or null
    /// @param prompt the text that the model is to continue; null: it is asked about a clip
    /// @param limit  a model that needs more is refused
    Assistant open(Device device, Path clip, String prompt, MemoryLimit limit, Console console) {
        return answer.open(device, model, clip, prompt, limit, console);
    }

    /// Looks at the clip that the model was opened for.
    Seen watch(Assistant assistant, Path clip) { return answer.watch(assistant, clip); }

    /// Looks at another one, which is refused where it does not fit.
    Seen watchAnother(Assistant assistant, Path clip, MemoryLimit limit) { return answer.watchAnother(assistant, model, clip, limit); }

    /// @param reader hears what of the checkpoint's own wishes is followed and what is not
    GenerationSettings settings(Assistant assistant, Consumer<String> reader) { return decoding.settings(assistant, answer.tokens(), reader); }

    /// What a reader should know about a clip that was looked at.
    static String line(Seen s) {
        return String.format(Locale.ROOT, "(%s in %.1f s: decoding %.1f, vision %.1f, %s %.1f)", Count.of(s.frames(), "frame"), s.seconds(),
                s.reading(), s.vision(), Count.of(s.rows(), "prompt row"), s.prefill());
    }

    /// What a reader should know about an answer.
    String line(Reply r) {
        String speed = r.perSecond() == 0 ? "" : String.format(Locale.ROOT, ", %.2f tokens/s", r.perSecond());
        String ended = r.ended() ? "" : "; the answer did not end within " + Count.of(r.newTokens(), "token");
        String unknown = r.unknown() == 0 ? "" : "; " + Count.of(r.unknown(), "token") + " without a text in this tokenizer left out";
        return String.format(Locale.ROOT, "(%s, first after %.2f s%s%s%s)", Count.of(r.newTokens(), "token"), r.firstToken(), speed, ended, unknown);
    }
}
