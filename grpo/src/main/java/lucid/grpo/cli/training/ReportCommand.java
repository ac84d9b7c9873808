package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lucid report`.
@Command(name = "report", mixinStandardHelpOptions = true, description = "Makes report.html of a run folder, also of one that is not finished.",
        footer = {"", "Example:", "  lucid report runs/demo-1"})
public final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "The run folder.")
    private Path run;

    @Option(names = "--data", paramLabel = "DIR", description = "The clips' folder, if it has moved since the run.")
    private Path data;

    @Override public Integer call() {
        System.out.println(Report.of(run, data).write());
        return 0;
    }
}
