package lucid.grpo.cli.training;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// Questions that a run is measured by, for data that bring none.
final class HeldOutOption {
    @Option(names = "--eval-questions", paramLabel = "FILE", description = "Questions to evaluate on, in one of the published layouts; they are not "
            + "trained on, and how many are about clips that are is said. A relative path is relative to the current directory, not to --data; its "
            + "clips' names are relative to --data. Without it a run on question files measures no accuracy.")
    Path file;
}
