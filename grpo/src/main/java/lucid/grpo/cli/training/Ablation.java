package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.report.Report;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.Session;
import lucid.kernels.Device;
import lucid.nn.disk.JsonText;
import lucid.nn.memory.MemoryLimit;

/// The same run with one thing changed, several times over; the results go into the first run's report.
final class Ablation {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NO_COLD_START = "no cold start";
    private static final String DIRECT = "direct answers for the same time";

    private final Recipe recipe;
    private final Path run;
    private final Path base;
    private final Path data;
    private final Device device;
    private final int threads;
    private final MemoryLimit memory;
    private final Console console;

    /// @param base   the run that has the finished base stage: the first run itself, or the one that it started from
    /// @param memory see [MemoryCheck]
    Ablation(Recipe recipe, Path run, Path base, Path data, Device device, int threads, MemoryLimit memory, Console console) {
        this.recipe = recipe;
        this.run = run;
        this.base = base;
        this.data = data;
        this.device = device;
        this.threads = threads;
        this.memory = memory;
        this.console = console;
    }

    /// To be asked before the run, which takes longer than all of this.
    ///
    /// @param based whether the run starts from another one's base stage
    /// @throws UsageException a recipe that has not what the variants begin with or change
    static void check(Recipe recipe, boolean based) {
        List<String> phases = recipe.stages().stream().map(Stage::phase).toList();
        boolean whole = recipe.stages().getLast() instanceof Stage.Grpo && phases.contains("cold_start") && (based || phases.contains("base"));
        if (whole) return;
        throw new UsageException("--ablate: the stages of " + recipe.origin() + " are " + recipe.stages().stream()
                .map(s -> s.name() + " (phase " + s.phase() + ")").collect(Collectors.joining(", "))
                + "; wanted one of phase base, one of phase cold_start, and last one that learns from rewards (kind grpo)");
    }

    /// @return true if all variants are complete, false if one was stopped
    boolean run() throws IOException {
        // A variant's folder is no run of the recipe that the command names: only --ablate goes on with it.
        String resume = "--ablate " + RunOptions.resuming(run);
        ArrayNode table = JSON.createArrayNode();
        table.add(row("as published", run));
        for (Map.Entry<String, Recipe> v : variants().entrySet()) {
            Path out = run.resolve("ablations").resolve(v.getKey().replace(' ', '-'));
            if (!Files.exists(out.resolve("summary.json"))) {
                console.heading("ablation: " + v.getKey());
                Path model = start(v.getKey());
                MemoryCheck.Fit fit = MemoryCheck.training(v.getValue(), model, null, memory, console);
                try (Session session = Session.open(v.getValue(), device, threads, data, model, null, console)) {
                    fit.of(session.policy());
                    if (!new Training(session, out, resume, console).run(Files.exists(out.resolve("config.json")), null)) return false;
                }
            }
            table.add(row(v.getKey(), out));
        }
        Disk.text(run.resolve("ablations.json"), JsonText.pretty(table));
        console.line("report: " + Report.of(run, null, console::line).write());
        return true;
    }

    private Path start(String variant) {
        return variant.equals(NO_COLD_START) || variant.equals(DIRECT) ? RunFolder.finished(base, "base") : RunFolder.finished(run, "cold_start");
    }

    private Map<String, Recipe> variants() {
        Stage.Grpo g = (Stage.Grpo) recipe.stages().getLast();
        Map<String, Recipe> all = new LinkedHashMap<>();
        Stage.AdvantageSpec a = g.advantage();
        all.put("no noise", with(change(g, g.reward(), new Stage.AdvantageSpec(a.eps(), 0, a.divideByStd(), a.stdOf()), g.loss())));
        all.put("no length reward", with(change(g, g.reward().withLengthPart(false), g.advantage(), g.loss())));
        all.put("no KL", with(change(g, g.reward(), g.advantage(),
                g.loss().withoutKl())));
        all.put(NO_COLD_START, with(g));
        all.put("no division by std", with(change(g, g.reward(), new Stage.AdvantageSpec(a.eps(), a.noise(), false),
                g.loss())));
        all.put(DIRECT, with(direct(g)));
        return all;
    }

    private Recipe with(Stage... stages) { return recipe.withStages(List.of(stages)); }

    private static Stage.Grpo change(Stage.Grpo g, Stage.RewardSpec reward, Stage.AdvantageSpec advantage, Stage.LossSpec loss) {
        return new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), g.microBatch(), g.maxNewTokens(),
                g.sampling(), reward, advantage, loss,
                g.optimizer(), g.trainable(), g.saveEvery(), g.interimEvery(), 0);
    }

    // Plain supervised training on direct answers: about as many tokens a step as a GRPO step, so about the same time.
    private static Stage.Supervised direct(Stage.Grpo g) {
        return new Stage.Supervised("direct", "base", 2 * g.steps(), Map.of("direct", 4 * g.prompts()), g.optimizer(), g.trainable(), g.saveEvery());
    }

    private ObjectNode row(String name, Path folder) throws IOException {
        JsonNode summary = JSON.readTree(Files.readString(folder.resolve("summary.json")));
        JsonNode last = summary.get("stages").get(summary.get("stages").size() - 1);
        ObjectNode row = JSON.createObjectNode().put("name", name);
        for (String key : List.of("accuracy", "format", "mean_length", "questions", "seconds")) row.set(key, last.get(key));
        List<double[]> curve = new ArrayList<>();
        double kl = Double.NaN;
        for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
            JsonNode m = JSON.readTree(line);
            if (!m.has("rewards/accuracy_reward/mean")) continue;
            curve.add(new double[] {m.get("stage_step").asDouble(), m.get("rewards/accuracy_reward/mean").asDouble()});
            kl = m.path("kl").asDouble(Double.NaN);
        }
        row.set("accuracy_curve", JSON.valueToTree(curve));
        if (!Double.isNaN(kl)) row.put("kl", kl);
        console.line(String.format(Locale.ROOT, "%-34s accuracy %.3f  format %.3f  %s", name, row.get("accuracy").asDouble(),
                row.get("format").asDouble(), Console.time(row.get("seconds").asDouble())));
        return row;
    }
}
