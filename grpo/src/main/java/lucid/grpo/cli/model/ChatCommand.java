package lucid.grpo.cli.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.Question;
import lucid.grpo.ask.Reply;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.StandardStreams;
import lucid.kernels.Device;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.memory.MemoryException;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.WeightOrder;
import lucid.video.VideoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid chat`.
@Command(name = "chat", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Several questions about one clip, which is looked at once. A line is a question; answers see the turns before them. Reads "
                + "from a pipe as well.",
        footer = {"", "Examples:", "  lucid chat --model runs/demo-1 --video clip.mp4",
                "  printf 'Which shape comes first?\\n/reset\\nWhich comes last?\\n' | lucid chat --model runs/demo-1 --video clip.mp4 --plain"})
public final class ChatCommand implements Callable<Integer> {
    private static final String HELP = """
            A line is a question about the clip. Besides:
              /reset       forget what was said, keep the clip
              /video FILE  look at another clip, forget what was said
              /help        this text
              /quit        end (so does the end of the input)""";

    @Mixin private AskOptions ask = new AskOptions(WeightOrder.PACKED);

    @Option(names = "--video", required = true, paramLabel = "FILE", description = "Any clip or picture that FFmpeg reads.")
    private Path video;

    @Mixin private DeviceOption device;

    @Spec private CommandSpec spec;

    @Override public Integer call() throws IOException {
        ask.check();
        Question.Style style = ask.style();
        Console console = Console.standard();
        MemoryLimit limit = device.memory();
        try (Device d = device.open(); Assistant assistant = ask.open(d, video, null, limit, console)) {
            GenerationSettings settings = ask.settings(assistant, err()::println);
            err().println(AskOptions.line(ask.watch(assistant, video)));
            boolean interactive = Console.isInteractive();
            if (interactive) err().println("A line is a question; /help shows the commands.");
            err().flush();
            StandardStreams.Lines in = StandardStreams.input();
            while (true) {
                if (interactive) {
                    out().print("> ");
                    out().flush();
                }
                String line;
                try {
                    line = in.next();
                } catch (CharacterCodingException _) {
                    err().println("chat: found a line with bytes that are not " + in.charset() + "; wanted a question in that");
                    continue;
                }
                if (line == null || line.strip().equals("/quit")) return 0;
                if (!line.isBlank()) turn(assistant, line.strip(), style, settings, limit, Console.isOutputStyled());
            }
        }
    }

    private PrintWriter out() { return spec.commandLine().getOut(); }

    private PrintWriter err() { return spec.commandLine().getErr(); }

    // What a question or a clip is refused for ends the turn, not the conversation.
    private void turn(Assistant assistant, String line, Question.Style style, GenerationSettings settings, MemoryLimit limit, boolean styled) {
        try {
            if (line.startsWith("/")) {
                command(assistant, line, limit);
            } else {
                UnaryOperator<String> shown = Console.shown(styled);
                Reply reply = assistant.ask(new Question(line, List.of(), style), settings, piece -> {
                    out().print(shown.apply(piece));
                    out().flush();
                }, styled);
                out().println();
                err().println(ask.line(reply));
            }
        } catch (IllegalArgumentException | VideoException | MemoryException e) {
            err().println("chat: " + e.getMessage() + (assistant.room() < 64 ? " (/reset forgets what was said)" : ""));
        }
        out().flush();
        err().flush();
    }

    private void command(Assistant assistant, String line, MemoryLimit limit) {
        String[] words = line.split("\\s+", 2);
        switch (words[0]) {
            case "/help" -> out().println(HELP);
            case "/reset" -> assistant.forget();
            case "/video" -> {
                if (words.length < 2) throw new IllegalArgumentException("/video: no file named, wanted /video FILE");
                err().println(AskOptions.line(ask.watchAnother(assistant, Path.of(words[1]), limit)));
            }
            default -> throw new IllegalArgumentException("'" + words[0] + "' is no command; /help shows those there are");
        }
    }
}
