package lucid.grpo.cli.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.Question;
import lucid.grpo.ask.Reply;
import lucid.grpo.ask.Seen;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.Json;
import lucid.grpo.console.UsageException;
import lucid.kernels.Device;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.WeightOrder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid generate`.
@Command(name = "generate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Asks a model about a clip, or lets it continue a text; tokens are printed as they come.",
        footer = {"", "Examples:", "  lucid generate --model runs/demo-1 --video clip.mp4 --question \"Which shape comes first?\" --option A=Bar "
                + "--option B=Ring --option C=Pole --option D=Square",
                "  lucid generate --model Qwen/Qwen2.5-3B --prompt \"The three laws are\" --max-tokens 100"})
public final class GenerateCommand implements Callable<Integer> {
    @Mixin private AskOptions ask = new AskOptions(WeightOrder.READY);

    @Option(names = "--video", paramLabel = "FILE", description = "Any clip or picture that FFmpeg reads.")
    private Path video;

    @Option(names = "--question", paramLabel = "TEXT", description = "The question about it.")
    private String question;

    @Option(names = "--option", paramLabel = "L=TEXT", description = "An option, with its letter; A, B, C, ... in order, repeat for each.")
    private List<String> options = new ArrayList<>();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "Instead of a clip and a question: a text to continue as it is (any Qwen2 or "
            + "Qwen2.5).")
    private String prompt;

    @Option(names = "--stream", negatable = true, defaultValue = "true", fallbackValue = "true",
            description = "Print tokens as they come (default), or --no-stream: all at the end.")
    private boolean stream;

    @Option(names = "--json", description = "Print one JSON object instead: text, thinking, answer, letter, counts and times.")
    private boolean json;

    @Mixin private DeviceOption device;

    @Spec private CommandSpec spec;

    @Override public Integer call() {
        boolean text = prompt != null;
        if (text && (video != null || question != null || !options.isEmpty()))
            throw new UsageException("--prompt stands alone; wanted no --video, --question or --option with it");
        if (!text && (video == null || question == null)) throw new UsageException("wanted --video FILE and --question TEXT, or --prompt TEXT");
        if (text && prompt.isEmpty()) throw new UsageException("--prompt: it is empty, wanted a text");
        if (!text && question.isBlank()) throw new UsageException("--question: it is empty, wanted a text");
        ask.check();
        Question.Style style = ask.style();
        Question asked = text ? null : UsageException.checked(() -> new Question(question, Question.options(options), style));
        Console console = Console.standard();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        long start = System.nanoTime();
        MemoryLimit limit = device.memory();
        try (Device d = device.open(); Assistant assistant = ask.open(d, video, prompt, limit, console)) {
            double load = (System.nanoTime() - start) / 1e9;
            GenerationSettings settings = ask.settings(assistant, err::println);
            boolean styled = !text && stream && !json && Console.isOutputStyled();
            UnaryOperator<String> shown = Console.shown(styled);
            Consumer<String> heard = stream && !json ? piece -> print(out, shown.apply(piece)) : _ -> {};
            Seen seen = text ? null : ask.watch(assistant, video);
            if (seen != null && !json) err.println(AskOptions.line(seen));
            err.flush();
            Reply reply = text ? assistant.complete(assistant.tokenizer().encode(prompt), settings, heard)
                    : assistant.ask(asked, settings, heard, styled);
            if (json) {
                out.println(json(load, seen, reply).toPrettyString());
            } else {
                out.println(stream ? "" : shown.apply(reply.text()));
                err.println(ask.line(reply));
            }
            out.flush();
            err.flush();
        }
        return 0;
    }

    private static void print(PrintWriter out, String piece) {
        out.print(piece);
        out.flush();
    }

    private ObjectNode json(double load, Seen seen, Reply reply) {
        ObjectNode node = new ObjectNode(JsonNodeFactory.instance);
        node.put("model", ask.model().toString());
        if (video != null) node.put("video", video.toString()).put("question", question);
        else node.put("prompt", prompt);
        node.setAll(Json.<ObjectNode>tree(reply));
        node.put("load", load);
        if (seen != null) node.set("seen", Json.tree(seen));
        node.put("time_to_first_token", (seen == null ? 0 : seen.seconds()) + reply.firstToken());
        return node;
    }
}
