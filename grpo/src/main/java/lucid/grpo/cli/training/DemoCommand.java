package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.Session;
import lucid.kernels.Device;
import lucid.nn.memory.MemoryLimit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid demo`: the whole way.
@Command(name = "demo", mixinStandardHelpOptions = true, sortOptions = false,
        description = "The whole way, from nothing: makes clips, trains a small model to see and to speak, shows it 16 chains of thought, lets it "
                + "learn from rewards, "
                + "and writes a report of what happened.",
        footer = {"", "Examples:", "  lucid demo                       # in runs/demo-1",
                "  lucid demo --seed 2              # another run, in runs/demo-2",
                "  lucid demo --resume              # after Ctrl-C or a power cut: the same hash",
                        "  lucid demo --base runs/demo-1    # starts from that run's base model",
                "  lucid demo --ablate              # what each part is good for, in one table",
                        "  lucid demo --recipe mine.json    # all stages of a recipe of your own"})
public final class DemoCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;
    @Mixin private RunOptions options;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Recipe (default: ${DEFAULT-VALUE}).")
    private String recipe = "demo";

    @Option(names = "--base", paramLabel = "RUN", description = "Start from the finished base stage of another run; --out is "
            + "runs/RECIPE-SEED-rebased unless it is named.")
    private Path base;

    @Option(names = "--ablate", description = "After the run: the same without noise, length reward, KL, cold start, division by the standard "
            + "deviation, and with direct answers trained for the same time instead of reasoning; one table.")
    private boolean ablate;

    @Override public Integer call() throws IOException {
        Console console = Console.standard();
        Recipe wanted = RecipeReader.read(recipe);
        if (base == null && !wanted.beginsFromNothing()) {
            throw new UsageException("--recipe " + recipe + ": recipe " + wanted.name()
                    + " has no model of its own to begin with; lucid sft and lucid train run its stages on one that --model names");
        }
        if (options.seed != null) wanted = wanted.withSeed(options.seed);
        if (base != null) wanted = wanted.withStages(wanted.stages().stream().filter(s -> !s.phase().equals("base")).toList());
        if (ablate) Ablation.check(wanted, base != null);
        device.check(wanted);
        Path out = options.out != null ? options.out : Path.of("runs", wanted.name() + "-" + wanted.seed() + (base == null ? "" : "-rebased"));
        long start = System.nanoTime();
        Path model = base == null ? null : RunFolder.finished(base, "base");
        Recipe begun = wanted;
        RunFolder.check(out, options.data, () -> Session.beginning(begun, model), options.resume);
        MemoryLimit memory = device.memory();
        MemoryCheck.Fit fit = MemoryCheck.training(wanted, model, null, memory, console);
        try (Device d = device.open()) {
            console.line(d.description());
            try (Session session = Session.open(wanted, d, device.threads(), options.data, model, null, console)) {
                fit.of(session.policy());
                console.line(String.format(Locale.ROOT, "%s, seed %d, %,d parameters, %d tokens, run folder %s", wanted.name(), wanted.seed(),
                        session.policy().parameters().count(), session.tokenizer().vocabSize(), out));
                String expected = base == null ? ExpectedHashes.of(wanted) : null;
                if (!new Training(session, out, RunOptions.resuming(out), console).run(options.resume, expected)) return 130;
            }
            tell(out, console, (System.nanoTime() - start) / 1e9);
            if (ablate && !new Ablation(wanted, out, base == null ? out : base, options.data, d, device.threads(), memory, console).run()) return 130;
        }
        return 0;
    }

    private static void tell(Path out, Console console, double seconds) throws IOException {
        JsonNode summary = new ObjectMapper().readTree(Files.readString(out.resolve("summary.json")));
        console.heading("done in " + Console.time(seconds));
        for (JsonNode s : summary.get("stages")) {
            console.line(String.format(Locale.ROOT, "%-11s accuracy %.3f  format %.3f  length %.1f  (%d questions)", s.get("name").asText(),
                    s.get("accuracy").asDouble(),
                    s.get("format").asDouble(), s.get("mean_length").asDouble(), s.get("questions").asInt()));
        }
        String hash = summary.get("final_hash").asText();
        JsonNode expected = summary.get("expected_hash");
        console.line("final hash  " + hash + (expected.isNull() ? "" : expected.asText().equals(hash)
                ? "  (as expected: the same bits as everybody else's run)"
                : "  (expected " + expected.asText() + ": something here differs from the run that the README describes)"));
    }
}
