package lucid.grpo.cli.training;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.Session;
import lucid.kernels.Device;
import lucid.nn.memory.MemoryLimit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid train`: the GRPO stages of a recipe on a model that is there.
@Command(name = "train", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Trains a model from rewards: the GRPO stages of a recipe.",
        footer = {"", "Examples:", "  lucid train --recipe demo --model runs/demo-1/checkpoints/04-cold_start-000028-done --out runs/again",
                "  lucid train --recipe tinyllava-video-r1 --model Zhang199/TinyLLaVA-Video-Coldstart_NextQA_16 --data nextqa --eval-questions "
                        + "nextqa/heldout.jsonl --out runs/nextqa", "  lucid train --print-recipe tinyllava-video-r1 > mine.json"})
public final class TrainCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;
    @Mixin private RunOptions options;
    @Mixin private HeldOutOption heldOut;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Shipped recipe or file (default: ${DEFAULT-VALUE}).")
    private String recipe = "tinyllava-video-r1";

    @Option(names = "--model", paramLabel = "DIR|ID", description = "Model to start from, needed: a folder, a run's, or ORG/NAME[@REVISION] of the "
            + "hub.")
    private Path model;

    @Option(names = "--print-recipe", paramLabel = "NAME|FILE", description = "Only print the recipe, every constant of it.")
    private String print;

    @Spec private CommandSpec spec;

    @Override public Integer call() {
        if (print != null) {
            spec.commandLine().getOut().print(RecipeReader.write(RecipeReader.read(print)));
            spec.commandLine().getOut().flush();
            return 0;
        }
        return stages(device, options, recipe, model, heldOut.file, Stage.Grpo.class);
    }

    // Random weights earn no reward that could be learned from.
    private static void checkBeginning(String name, Recipe recipe, Class<? extends Stage> sort) {
        boolean whole = recipe.beginsFromNothing();
        if (sort == Stage.Grpo.class) {
            throw new UsageException("wanted --model DIR|ID: the grpo stages of " + recipe.origin() + " go on from a model that can answer"
                    + (whole ? "; lucid demo --recipe " + name + " runs all its stages, from nothing" : ""));
        }
        if (!whole)
            throw new UsageException("wanted --model DIR|ID: " + recipe.origin() + " "
                    + (recipe.lora() == null ? "has no model of its own" : "trains an adapter of a model"));
    }

    /// Runs the stages of one sort; `sft` shares it.
    static int stages(DeviceOption device, RunOptions options, String name, Path model, Path heldOut, Class<? extends Stage> sort) {
        Console console = Console.standard();
        Recipe all = RecipeReader.read(name);
        Recipe wanted = all.withStages(all.stages().stream().filter(sort::isInstance).toList());
        if (wanted.stages().isEmpty()) {
            throw new IllegalArgumentException(all.origin() + " has no " + (sort == Stage.Grpo.class ? "grpo" : "supervised") + " stage; it has "
                    + all.stages().stream().map(Stage::name).toList());
        }
        if (model == null) checkBeginning(name, all, sort);
        if (heldOut != null && all.data().kind().equals("drift")) {
            throw new UsageException("--eval-questions " + heldOut + ": " + all.origin()
                    + " trains on Drift, which brings its own held-out questions; leave it out");
        }
        if (options.seed != null) wanted = wanted.withSeed(options.seed);
        device.check(wanted);
        Path out = options.out != null ? options.out : Path.of("runs", wanted.name() + "-" + wanted.seed());
        Recipe begun = wanted;
        RunFolder.check(out, options.data, () -> Session.beginning(begun, model), options.resume);
        MemoryLimit limit = device.memory();
        var fit = new AtomicReference<>(MemoryCheck.training(begun, model, heldOut, limit, console));
        try (Device d = device.open()) {
            console.line(d.description());
            try (Session session = Session.open(begun, d, device.threads(), options.data, model, heldOut,
                    data -> fit.set(MemoryCheck.training(fit.get(), begun, model, heldOut, data, limit, console)), console)) {
                fit.get().of(session.policy());
                return new Training(session, out, RunOptions.resuming(out), console).run(options.resume, null) ? 0 : 130;
            }
        }
    }
}
