package lucid.grpo.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.report.FrameImages;
import lucid.grpo.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `lucid report`.
@Command(name = "report", mixinStandardHelpOptions = true, description = "Makes report.html of a run folder, also of one that is not finished.",
        footer = {"", "Example:", "  lucid report runs/demo-1"})
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "The run folder.")
    private Path run;

    @Override public Integer call() {
        System.out.println(new Report(run, FrameImages::of).write());
        return 0;
    }
}
