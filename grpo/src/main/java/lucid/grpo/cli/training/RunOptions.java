package lucid.grpo.cli.training;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// Where a run reads and writes.
final class RunOptions {
    @Option(names = "--data", paramLabel = "DIR", description = "Clips and the cache of decoded frames (default: ${DEFAULT-VALUE}). Relative paths, "
            + "of this option and all others, are relative to the current directory; those in a recipe and clips' names to this folder.")
    Path data = Path.of("data");

    @Option(names = "--out", paramLabel = "DIR", description = "The run folder (default: runs/RECIPE-SEED).")
    Path out;

    @Option(names = "--resume", description = "Go on with the run that is in the folder; it ends on the same hash as one that was never stopped. "
            + "Where no checkpoint is there, this is said, and the run begins at its first step.")
    boolean resume;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of weights, order, sampling and noise (default: the recipe's). Clips and "
            + "questions come from the recipe's data_seed.")
    Long seed;

    /// With which the same command goes on with the run in a folder.
    static String resuming(Path out) { return "--resume --out " + out; }
}
