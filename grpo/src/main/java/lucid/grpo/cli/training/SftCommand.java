package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.recipe.Stage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid sft`: the supervised stages of a recipe.
@Command(name = "sft", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Trains a model on given text: the supervised stages of a recipe (base training, cold start).",
        footer = {"", "A stage's micro_batch in the recipe says how many clips or texts of a step go through the model together (without it, all): "
                + "fewer need less memory and give the same bits.", "", "Examples:", "  lucid sft --recipe demo --out runs/base-and-cold-start",
                "  lucid sft --recipe tinyllava-video --model MODEL --data dataset --out runs/base",
                "  lucid sft --recipe tinyllava-video-r1-coldstart --model Zhang199/TinyLLaVA-Video-Qwen2.5-3B-Group-16-512 --data nextqa "
                        + "--eval-questions nextqa/heldout.jsonl --out runs/coldstart"})
public final class SftCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;
    @Mixin private RunOptions options;
    @Mixin private HeldOutOption heldOut;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Shipped recipe or file (default: ${DEFAULT-VALUE}).")
    private String recipe = "demo";

    @Option(names = "--model", paramLabel = "DIR|ID", description = "Model to start from: a folder, a run's, or ORG/NAME[@REVISION] of the hub; "
            + "without it the recipe's own model begins from nothing.")
    private Path model;

    @Override public Integer call() { return TrainCommand.stages(device, options, recipe, model, heldOut.file, Stage.Supervised.class); }
}
