package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.recipe.Stage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid sft`: the supervised stages of a recipe.
@Command(name = "sft", mixinStandardHelpOptions = true, sortOptions = false, description = "Trains a model on given text: the supervised stages of a recipe (base training, cold start).",
        footer = {"", "Examples:", "  lucid sft --recipe demo --out runs/base-and-cold-start",
                "  lucid sft --recipe tinyllava-video --model MODEL --data dataset --out runs/base",
                "  lucid sft --recipe tinyllava-video-r1-coldstart --model MODEL --data nextqa --out runs/coldstart"})
public final class SftCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;
    @Mixin private RunOptions options;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Shipped recipe or file (default: ${DEFAULT-VALUE}).")
    private String recipe = "demo";

    @Option(names = "--model", paramLabel = "DIR|ID", description = "Model to start from: a folder, a run's, or ORG/NAME[@REVISION] of the hub; without it the recipe's own model begins from nothing.")
    private Path model;

    @Override public Integer call() { return TrainCommand.stages(device, options, recipe, model, null, Stage.Supervised.class); }
}
