package lucid.grpo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.Optional;
import java.util.ServiceLoader;
import lucid.grpo.cli.device.DevicesCommand;
import lucid.grpo.cli.model.ChatCommand;
import lucid.grpo.cli.model.ConvertCommand;
import lucid.grpo.cli.model.GenerateCommand;
import lucid.grpo.cli.model.InitCommand;
import lucid.grpo.cli.model.ModelCommand;
import lucid.grpo.cli.model.TokenizerCommand;
import lucid.grpo.cli.training.DataCommand;
import lucid.grpo.cli.training.DemoCommand;
import lucid.grpo.cli.training.EvalCommand;
import lucid.grpo.cli.training.InspectCommand;
import lucid.grpo.cli.training.ReplayCommand;
import lucid.grpo.cli.training.ReportCommand;
import lucid.grpo.cli.training.SftCommand;
import lucid.grpo.cli.training.TrainCommand;
import lucid.grpo.console.StandardStreams;
import lucid.grpo.console.UsageException;
import lucid.grpo.ptx.PtxCommand;
import lucid.nn.disk.IoReason;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The entry point, `lucid`.
@Command(name = "lucid", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "GRPO in the open: a small video-language model learns to reason, on your own processor.",
        footer = {"", "Start with:", "  lucid demo            # the whole way, from nothing to a report, in a few minutes",
                "  lucid demo --help     # every command has help with examples"},
        subcommands = {DemoCommand.class, DataCommand.class, SftCommand.class, TrainCommand.class, EvalCommand.class, GenerateCommand.class,
                ChatCommand.class,
                ReportCommand.class, InspectCommand.class, ReplayCommand.class, ParityCommand.class, ModelCommand.class, InitCommand.class,
                        ConvertCommand.class, TokenizerCommand.class, PtxCommand.class, DevicesCommand.class,
                BundleCommand.class})
public final class Lucid {
    public static void main(String[] args) {
        StandardStreams.setUp();
        System.exit(run(args));
    }

    /// Runs one command line and returns its exit status.
    public static int run(String... args) { return run(commandLine(), args); }

    static int run(CommandLine line, String... args) {
        int status = execute(line, args);
        line.getOut().flush();
        Optional<IOException> fault = StandardStreams.fault();
        fault.ifPresent(e -> line.getErr().println("lucid: standard output: could not be written: " + IoReason.of(e)));
        return fault.isPresent() && status == CommandLine.ExitCode.OK ? CommandLine.ExitCode.SOFTWARE : status;
    }

    // The handler of exceptions hears of no error.
    private static int execute(CommandLine line, String... args) {
        try {
            return line.execute(args);
        } catch (OutOfMemoryError | StackOverflowError e) {
            return fail(line, Exhaustion.of(e).orElseThrow(), e, true);
        } catch (NoClassDefFoundError | IncompatibleClassChangeError e) {
            if (!rebuilt(e)) throw e;
            return fail(line, "Lucid was built again while this ran, and what it needs now is not what it began with (" + e.getMessage()
                    + "); wanted the same command once more, of a run with --resume", e, true);
        }
    }

    // Classes are loaded from the build's folders when they are first needed, an hour after the start perhaps; a launcher that finds an edited source
    // builds these anew meanwhile. What is true of any other class, or of one that could not be initialized, is a fault.
    private static boolean rebuilt(LinkageError e) {
        return e.getMessage() != null && e.getMessage().matches("(?s)(?!Could not initialize).*lucid[/.].*");
    }

    /// Everything that can be said to Lucid, the commands that other modules bring included.
    public static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Lucid()).setOut(StandardStreams.writer(System.out)).setErr(StandardStreams.writer(System.err));
        ServiceLoader.load(Subcommand.class).forEach(line::addSubcommand);
        line.setExecutionExceptionHandler((e, commandLine, _) -> {
            Optional<String> exhausted = Exhaustion.of(e);
            String message = exhausted.orElseGet(() -> message(e, commandLine.getCommandName()));
            return e instanceof UsageException ? WrongUsage.say(commandLine, message)
                    : fail(commandLine, message, e, exhausted.isPresent() || expected(e));
        });
        WrongUsage.handle(line);
        Examples.fit(line);
        return line.setCaseInsensitiveEnumValuesAllowed(true);
    }

    private static int fail(CommandLine command, String message, Throwable e, boolean expected) {
        PrintWriter err = command.getErr();
        err.println(command.getCommandSpec().qualifiedName() + ": " + message);
        if (System.getenv("LUCID_TRACE") != null) e.printStackTrace(err);
        else if (!expected) err.println("(a fault of Lucid's own; LUCID_TRACE=1 shows where)");
        err.flush();
        return CommandLine.ExitCode.SOFTWARE;
    }

    // What bad input or a full disk leads to has a message made for people; anything else is a fault of the program.
    private static boolean expected(Throwable e) {
        return e instanceof IllegalArgumentException || e instanceof UncheckedIOException || e instanceof IOException
                || e.getClass().getName().startsWith("lucid.") || e instanceof IllegalStateException;
    }

    // What a library's message calls its operation is often the command's own name, which stands before it.
    private static String message(Throwable e, String command) {
        if (e.getMessage() == null || e.getMessage().isBlank()) return e.getClass().getName();
        // The message of the file system's own exceptions may be a bare path, and that of what wraps one its class and path.
        if (e instanceof UncheckedIOException u && u.getMessage().equals(u.getCause().toString())) return IoReason.named(u.getCause());
        if (e instanceof FileSystemException f && f.getReason() == null) return IoReason.named(f);
        return e.getMessage().startsWith(command + ": ") ? e.getMessage().substring(command.length() + 2) : e.getMessage();
    }
}
