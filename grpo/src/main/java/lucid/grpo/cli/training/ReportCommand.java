package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid report`.
@Command(name = "report", mixinStandardHelpOptions = true, description = "Makes report.html of a run folder, also of one that is not finished.",
        footer = {"", "Examples:", "  lucid report runs/demo-1", "  lucid report runs/demo-1 --data elsewhere/data"})
public final class ReportCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "RUN", description = "The run folder.")
    private Path run;

    @Option(names = "--data", paramLabel = "DIR", description = "Where the clips lie, if they have moved since the run: the data set's folder, or "
            + "what was the run's --data.")
    private Path data;

    @Override public Integer call() {
        spec.commandLine().getOut().println(Report.of(run, data, spec.commandLine().getErr()::println).write());
        return 0;
    }
}
