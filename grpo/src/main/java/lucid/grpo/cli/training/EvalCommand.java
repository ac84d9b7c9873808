package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import lucid.grpo.ask.GenerationNotice;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.cli.model.FrameOptions;
import lucid.grpo.cli.model.WeightOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.Count;
import lucid.grpo.console.Interruption;
import lucid.grpo.console.Json;
import lucid.grpo.console.UsageException;
import lucid.grpo.data.Control;
import lucid.grpo.data.TrainingData;
import lucid.grpo.evaluation.AnswerLog;
import lucid.grpo.evaluation.BenchmarkEvaluation;
import lucid.grpo.evaluation.BenchmarkRun;
import lucid.grpo.evaluation.ModelAsker;
import lucid.grpo.evaluation.Protocol;
import lucid.grpo.evaluation.Scores;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.ModelFolder;
import lucid.grpo.session.Session;
import lucid.grpo.train.Evaluation;
import lucid.grpo.train.Evaluator;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.WeightOrder;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.benchmark.Benchmark;
import lucid.video.benchmark.BenchmarkQuestion;
import lucid.video.benchmark.BenchmarkReader;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid eval`: a published benchmark, or held-out questions (see [HeldOutQuestions]).
@Command(name = "eval", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Asks a model questions and counts right answers: those of a published benchmark, those of a file, or the held-out ones that "
                + "its run was measured by.",
        footer = {"", "Examples:", "  lucid eval --model runs/demo-1", "  lucid eval --model runs/demo-1 --control reversed --limit 500",
                "  lucid eval --model runs/mine --eval-questions more.jsonl --data clips",
                "  lucid eval --model Zhang199/TinyLLaVA-Video-R1 --benchmark mvbench --data MVBench --mode published",
                "  lucid eval --model Zhang199/TinyLLaVA-Video-R1 --benchmark nextqa --data nextqa --limit 200 --json"})
public final class EvalCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private DeviceOption device;

    @Option(names = "--model", required = true, paramLabel = "DIR|ID",
            description = "A model's folder, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the hub.")
    private Path model;

    @Option(names = "--data", paramLabel = "DIR", description = "Clips, annotations and the cache of decoded frames (default: where the model's run "
            + "had them, for questions that lie there too; data with --benchmark or --recipe, or for a model that is no run's).")
    private Path data;

    @Option(names = {"--limit", "--questions"}, paramLabel = "N", description = "How many questions, always the same ones; all where it is 0 or "
            + "more than there are (default: all).")
    private int limit;

    @Option(names = "--direct", description = "Ask for the letter at once instead of reasoning.")
    private boolean direct;

    @Option(names = "--control", paramLabel = "KIND",
            description = "What is done to the clips: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Control control = Control.NONE;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of sampling and guesses (default: the recipe's, by which the model's run "
            + "measured itself; with --benchmark 1).")
    private Long seed;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @ArgGroup(exclusive = false, heading = "%nA published benchmark:%n")
    private Published published;

    @ArgGroup(exclusive = false, heading = "%nHeld-out questions (without --benchmark):%n")
    private HeldOut heldOut;

    /// Options of a benchmark. Help cannot see the initial values of a group's fields, so defaults stand in the annotations.
    private static final class Published {
        @Option(names = "--benchmark", required = true, paramLabel = "NAME|FILE",
                description = "nextqa, nextqa-hub, nextqa-30s, mvbench, video-mme, mlvu, mmvu, or a definition's file.")
        private String name;

        @Option(names = "--mode", defaultValue = "greedy", description =
                "published: sampling, extraction and guesses as in the original scripts; greedy: nothing is sampled or guessed. "
                + "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
        private Protocol.Mode mode;

        // No mixins: picocli has none in groups.
        @ArgGroup(exclusive = false)
        private FrameOptions frames = new FrameOptions();

        @ArgGroup(exclusive = false)
        private WeightOption weights = new WeightOption();

        @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "" + Protocol.PUBLISHED_TOKENS,
                description = "Longest answer (default: ${DEFAULT-VALUE}).")
        private int maxNewTokens;

        @Option(names = "--bounds", description = "Keep to the part of the clip that a question is about, where the published script looks at all "
                + "of it.")
        private boolean bounds;

        @Option(names = "--missing", paramLabel = "HOW", defaultValue = "leave_out",
                description = "Questions whose clip is not there: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). They are named in any case.")
        private BenchmarkRun.Missing missing;

        @Option(names = "--annotations", paramLabel = "FILE", description = "Annotation file, where the benchmark's own is not in --data or there "
                + "are several.")
        private Path annotations;

        @Option(names = "--videos", paramLabel = "DIR", description = "Folder of the clips, if it is not in --data.")
        private Path videos;

        @Option(names = "--tokenizer", paramLabel = "DIR|FILE", description = "The model's tokenizer, if it is not beside the weights.")
        private Path tokenizer;

        @Option(names = "--out", paramLabel = "DIR", description = "Folder for answers, results and report (default: "
                + "evaluations/BENCHMARK-MODE-MODEL).")
        private Path out;

        @Option(names = "--resume", description = "Go on with the evaluation that is in the folder.")
        private boolean resume;
    }

    /// Options without a benchmark.
    private static final class HeldOut {
        @Option(names = "--eval-questions", paramLabel = "FILE", description = "Questions to ask, in one of the published layouts (default: those "
                + "that the model's run was measured by). Their clips' names are relative to --data.")
        private Path questions;

        @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "Names the data and its settings (default: the recipe of the model's "
                + "run; for a model that is no run's demo, with --eval-questions tinyllava-video-r1).")
        private String recipe;

        @Option(names = "--temperature", paramLabel = "T", description =
                "Sample at this temperature, 0: greedy (default: as the recipe's evaluation says; direct answers greedily).")
        private Float temperature;

        @Option(names = "--top-k", paramLabel = "K", description = "With --temperature: only the K most likely tokens.")
        private Integer topK;

        /// Null: the recipe's.
        Sampling.Rule rule() {
            if (temperature != null)
                UsageException.require("--temperature", temperature, temperature >= 0 && Float.isFinite(temperature),
                        "0 (greedy) or a number above it");
            if (topK != null) UsageException.atLeast("--top-k", topK, 0);
            if ((temperature == null || temperature == 0) && topK != null)
                throw new UsageException("--top-k chooses among samples: wanted --temperature above 0 with it");
            return temperature == null ? null : temperature == 0 ? Sampling.Rule.GREEDY
                    : new Sampling.Rule(false, temperature, topK == null ? 0 : topK, 1, 0);
        }
    }

    @Override public Integer call() throws IOException {
        if (published != null && heldOut != null)
            throw new UsageException("--eval-questions, --recipe, --temperature and --top-k are for held-out questions; with --benchmark, --mode "
                    + "decides");
        UsageException.atLeast("--limit", limit, 0);
        boolean whole = published != null ? benchmark() : heldOut(heldOut == null ? new HeldOut() : heldOut);
        return whole ? 0 : 130;
    }

    // No if Ctrl-C came before the last question.
    private boolean benchmark() {
        FrameSampling.Even named = published.frames.sampling();
        UsageException.atLeast("--max-new-tokens", published.maxNewTokens, 1);
        Benchmark benchmark = Benchmark.of(published.name);
        Path root = data == null ? HeldOutQuestions.DATA : data;
        List<BenchmarkQuestion> all = BenchmarkReader.read(benchmark, new BenchmarkReader.Place(root, published.annotations, published.videos));
        Path folder = ModelFolder.resolve(model);
        TinyLlavaConfig config = TinyLlavaConfig.read(ModelFolder.base(folder));
        FrameSampling.Even frames = named != null ? named : new FrameSampling.Uniform(config.resampler().group());
        Protocol protocol = new Protocol(published.mode, direct, frames, published.maxNewTokens, seed == null ? 1 : seed, published.bounds, control);
        MemoryCheck.answering(folder, most(frames), null, published.maxNewTokens, device.memory());
        Tokenizer tokenizer = ModelFolder.tokenizer(model, published.tokenizer);
        ModelAsker.requireRoom(BenchmarkRun.some(all, limit), config, tokenizer, protocol);
        Path out = published.out != null ? published.out : out(benchmark, protocol);
        AnswerLog.check(out);
        Console console = Console.standard();
        AskedHow asked = new AskedHow(mode(), protocol.rule().greedy());
        asked.notTaught(model).ifPresent(console::line);
        GenerationConfig generation = GenerationConfig.read(ModelFolder.base(folder), Set.of(tokenizer.eosId()));
        GenerationNotice.of(generation, !protocol.rule().greedy(), generation.processors(!protocol.rule().greedy()))
                .ifPresent(spec.commandLine().getErr()::println);
        try (Device d = device.open(); Checkpoint checkpoint = ModelFolder.open(d, folder, published.weights.order(WeightOrder.PACKED), console);
             ModelAsker asker = new ModelAsker(checkpoint.video().orElseThrow(), tokenizer, generation);
             Interruption ctrlC = Interruption.of(console, "stopping after this question ...")) {
            BenchmarkEvaluation evaluation = BenchmarkEvaluation.of(benchmark, all, limit, protocol, published.missing, folder, tokenizer, d);
            Optional<Scores> scores = evaluation.run(out, published.resume, asker, config.vision().imageSize(), console, ctrlC::asked);
            if (scores.isEmpty()) return false;
            if (json) spec.commandLine().getOut().println(scores.get().toJson(evaluation.settings()).toPrettyString());
            else spec.commandLine().getOut().print(scores.get().toText() + asked.line() + "\n" + out.resolve("report.html") + "\n");
            spec.commandLine().getOut().flush();
            return true;
        }
    }

    private TrainingData.Mode mode() { return direct ? TrainingData.Mode.DIRECT : TrainingData.Mode.REASONING; }

    // How long a clip is shows when its turn comes: planned is the most that any is shown by.
    private static int most(FrameSampling.Even frames) {
        return switch (frames) {
            case FrameSampling.Uniform(int count) -> count;
            case FrameSampling.OnePerSecond(OptionalInt cap) -> cap.orElseThrow();
        };
    }

    private Path out(Benchmark benchmark, Protocol protocol) {
        String name = benchmark.name() + "-" + protocol.mode().name().toLowerCase(Locale.ROOT) + (direct ? "-direct" : "")
                + (control == Control.NONE ? "" : "-" + control.name().toLowerCase(Locale.ROOT)) + (limit == 0 ? "" : "-" + limit);
        return Path.of("evaluations", name + "-" + model.toAbsolutePath().normalize().getFileName());
    }

    // As above. Nothing is kept on disk, so the figures are those of the questions so far.
    private boolean heldOut(HeldOut options) throws IOException {
        Console console = Console.standard();
        Sampling.Rule named = options.rule();
        HeldOutQuestions questions = HeldOutQuestions.of(model, options.recipe, data, options.questions, console);
        Recipe wanted = questions.recipe();
        MemoryLimit memory = device.memory();
        var together = new AtomicInteger(MemoryCheck.evaluating(wanted, model, limit, memory, console));
        TrainingData.Mode mode = mode();
        try (Device d = device.open(); Session session = Session.open(wanted, d, device.threads(), questions.data(), model, questions.file(),
                known -> together.set(MemoryCheck.evaluating(together.get(), wanted, model, limit, known, memory, console)), console)) {
            questions.check(session.data().heldOutHash());
            session.checkHeldOut(mode, limit);
            session.policy().questionsTogether(together.get());
            int n = session.data().heldOut(limit, mode).size();
            Evaluator evaluator = new Evaluator(session.policy(), session.data(), session.tokenizer(), wanted.evaluation());
            Sampling.Rule rule = named == null ? evaluator.rule(mode) : named;
            AskedHow asked = new AskedHow(mode, rule.greedy());
            asked.notTaught(model).ifPresent(console::line);
            try (Interruption ctrlC = Interruption.of(console, "stopping after the questions in progress ...")) {
                Evaluation e;
                try (Console.Bar bar = console.bar("asking", n)) {
                    e = evaluator.run(mode, limit, control, rule, seed == null ? wanted.seed() : seed, ctrlC::asked, bar::update);
                }
                boolean whole = e.questions() == n;
                if (whole || e.questions() > 0) print(e, questions, asked);
                if (!whole)
                    console.line("stopped after " + e.questions() + " of " + Count.of(n, "question")
                            + (e.questions() > 0 ? ", which the figures are of" : "") + "; the same command asks all of them from the first on");
                return whole;
            }
        }
    }

    private void print(Evaluation e, HeldOutQuestions questions, AskedHow asked) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode node = Json.tree(e);
            if (questions.file() != null) node.put("eval_questions", questions.file().toString());
            node.put("model", model.toString()).put("control", control.name().toLowerCase(Locale.ROOT)).put("style", asked.style())
                    .put("instruction", asked.instruction()).put("greedy", asked.greedy());
            out.println(node.toPrettyString());
            return;
        }
        out.printf(Locale.ROOT, "accuracy %.3f of %d questions, format %.3f, length %.1f%s%n", e.accuracy(), e.questions(), e.format(),
                e.meanLength(),
                e.evidence() == null ? "" : String.format(Locale.ROOT, ", evidence named %.3f", e.evidence()));
        for (Map.Entry<String, Double> k : e.accuracyByKind().entrySet()) out.printf(Locale.ROOT, "  %-10s %.3f%n", k.getKey(), k.getValue());
        if (control == Control.REVERSED && e.orderQuestions() > 0)
            out.printf(Locale.ROOT, "  answers that are the reversed clip's: %.3f of %d%n", e.asReversed(), e.orderQuestions());
        out.println(asked.line());
    }
}
