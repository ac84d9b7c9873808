package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.ThreadCount;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.session.Session;
import lucid.video.drift.Drift;
import lucid.video.drift.DriftPlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid data`.
@Command(name = "data", mixinStandardHelpOptions = true, description = "Makes data sets.", subcommands = DataCommand.DriftCommand.class,
        footer = {"", "Example:", "  lucid data drift --seed 1"})
public final class DataCommand {
    @Command(name = "drift", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Clips of coloured shapes that move, as mp4 files, with multiple-choice questions in the published layout. The same seed "
                    + "gives the same bytes.",
            footer = {"", "Example:", "  lucid data drift --clips 4000 --held-out 1000 --seed 1"})
    static final class DriftCommand implements Callable<Integer> {
        @Option(names = "--data", paramLabel = "DIR", description = "Where data sets are kept (default: ${DEFAULT-VALUE}).")
        private Path data = Path.of("data");

        @Option(names = "--clips", paramLabel = "N", description = "Training clips (default: ${DEFAULT-VALUE}).")
        private int clips = 4000;

        @Option(names = "--held-out", paramLabel = "N", description = "Held-out questions, each about a clip of its own (default: ${DEFAULT-VALUE}).")
        private int heldOut = 1000;

        @Option(names = "--seed", paramLabel = "N", description = "Seed (default: ${DEFAULT-VALUE}).")
        private long seed = 1;

        @Option(names = "--threads", paramLabel = "N", converter = ThreadCount.class, description = "Threads (default: all processors).")
        private int threads = Runtime.getRuntime().availableProcessors();

        @Spec private CommandSpec spec;

        @Override public Integer call() {
            Drift drift = Session.drift(data, UsageException.checked(() -> new DriftPlan(seed, clips, heldOut)), threads, Console.standard());
            spec.commandLine().getOut().println(drift.root() + "  sha256 " + drift.contentHash());
            return 0;
        }
    }
}
