package lucid.grpo.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import lucid.grpo.console.Console;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.session.Session;
import lucid.grpo.train.Evaluation;
import lucid.grpo.train.Evaluator;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid eval`.
@Command(name = "eval", mixinStandardHelpOptions = true, sortOptions = false, description = "Asks a model held-out questions and counts right answers.",
        footer = {"", "Examples:", "  lucid eval --model runs/demo-1", "  lucid eval --model runs/demo-1 --control reversed --questions 500",
                "  lucid eval --model runs/demo-1 --direct --temperature 1 --json"})
final class EvalCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model's folder, or a run's (its newest checkpoint).")
    private Path model;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Names the data and its settings (default: ${DEFAULT-VALUE}).")
    private String recipe = "demo";

    @Option(names = "--data", paramLabel = "DIR", description = "Clips and cache (default: ${DEFAULT-VALUE}).")
    private Path data = Path.of("data");

    @Option(names = "--eval-questions", paramLabel = "FILE", description = "Questions, where the recipe's data has no held-out ones.")
    private Path heldOut;

    @Option(names = "--questions", paramLabel = "N", description = "How many (default: all).")
    private int questions;

    @Option(names = "--direct", description = "Ask for the letter at once instead of reasoning.")
    private boolean direct;

    @Option(names = "--control", paramLabel = "KIND", description = "What is done to the clips: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Evaluator.Control control = Evaluator.Control.NONE;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample at this temperature (default: greedy).")
    private Float temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "With --temperature: only the K most likely tokens.")
    private int topK;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override public Integer call() throws IOException {
        Console console = Console.standard();
        Recipe wanted = RecipeReader.read(recipe);
        Sampling.Rule rule = temperature == null ? Sampling.Rule.GREEDY : new Sampling.Rule(false, temperature, topK, 1, 0);
        TrainingData.Mode mode = direct ? TrainingData.Mode.DIRECT : TrainingData.Mode.REASONING;
        try (Device d = device.open(); Session session = Session.open(wanted, d, device.threads(), data, model, heldOut, console)) {
            int n = session.data().heldOut(questions, mode).size();
            if (n == 0) throw new IllegalArgumentException("recipe " + wanted.name() + " brings no held-out questions; name a file with --eval-questions");
            Evaluation e;
            try (Console.Bar bar = console.bar("asking", n)) {
                e = new Evaluator(session.policy(), session.data(), session.tokenizer(), wanted.evaluation().maxNewTokens()).run(mode, questions, control, rule, seed, bar::update);
            }
            print(e);
        }
        return 0;
    }

    private void print(Evaluation e) throws IOException {
        if (json) {
            ObjectNode node = new ObjectMapper().valueToTree(e);
            node.put("model", model.toString()).put("control", control.name().toLowerCase(Locale.ROOT)).put("greedy", temperature == null);
            System.out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(node));
            return;
        }
        System.out.printf(Locale.ROOT, "accuracy %.3f of %d questions, format %.3f, length %.1f, evidence named %.3f%n", e.accuracy(), e.questions(), e.format(), e.meanLength(), e.evidence());
        for (Map.Entry<String, Double> k : e.accuracyByKind().entrySet()) System.out.printf(Locale.ROOT, "  %-10s %.3f%n", k.getKey(), k.getValue());
        if (control == Evaluator.Control.REVERSED) System.out.printf(Locale.ROOT, "  answers that are the reversed clip's: %.3f of %d%n", e.reversedAccuracy(), e.orderQuestions());
    }
}
