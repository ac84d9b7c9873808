package lucid.grpo.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import lucid.grpo.console.Console;
import lucid.grpo.console.Json;
import lucid.grpo.data.Control;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.Checksums;
import lucid.grpo.run.Disk;
import lucid.grpo.run.HashChain;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import lucid.grpo.run.RunState;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;
import lucid.tensor.Parameter;
import lucid.tokenizer.Tokenizer;

/// Goes through the stages of a recipe: trains, evaluates, writes down, and can be killed and taken up again at any point. Or does some steps of a
/// run again ([#replay]).
public final class Trainer {
    /// In a checkpoint that was saved in the middle of an evaluation on the way: the step's line of metrics, which is complete once a resume has
    /// evaluated.
    public static final String UNEVALUATED = "unevaluated.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WATCHED = 4;

    private final Recipe recipe;
    private final TrainingData data;
    private final Tokenizer tokenizer;
    private final Policy policy;
    private final RunFolder folder;
    private final Console console;
    private final Optional<WatchedQuestion> watched;
    private volatile boolean stopping;
    private HashChain chain;
    // The checkpoint that training begins at: the folder's newest, or one of the run that is replayed.
    private Optional<Path> from;
    private long last = Long.MAX_VALUE;
    // Null: this is no replay.
    private Consumer<ObjectNode> replayed;

    /// @param policy  what learns; closed by the caller, as is the folder
    /// @param folder  the run: training goes on from its newest checkpoint
    /// @param console hears of every step
    public Trainer(Recipe recipe, TrainingData data, Tokenizer tokenizer, Policy policy, RunFolder folder, Console console) {
        this.recipe = recipe;
        this.data = data;
        this.tokenizer = tokenizer;
        this.policy = policy;
        this.folder = folder;
        this.console = console;
        watched = WatchedQuestion.of(data, recipe.evaluation(), console);
    }

    /// Asks the run to save after the step, or the batch of held-out questions, that is being done, and to end. An evaluation that is cut short is
    /// done by the resume.
    public void stop() { stopping = true; }

    /// Whether it was asked to.
    public boolean isStopping() { return stopping; }

    /// Trains from where the folder stands to the end of the last stage, or until [#stop].
    ///
    /// @return the state at the end; complete only if every stage is
    public RunState run() {
        from = folder.latest();
        from.ifPresent(c -> console.line(String.format(Locale.ROOT, "resuming %s after step %d of stage %s, hash %s", folder.root(),
                RunFolder.state(c).step(),
                RunFolder.state(c).stage(), RunFolder.state(c).hash().substring(0, 16))));
        return stages();
    }

    /// Does steps of a run again, up to number `lastStep` of the whole run or until [#stop]. The folder, which is not that run's, gets their metrics,
    /// rollouts and ledger; nothing is evaluated or saved, for no hash depends on it.
    ///
    /// @param checkpoint where to begin, in that run's folder; empty: at its very beginning
    /// @param each       is told every step's line of metrics
    /// @return the state after the last step that was done
    public RunState replay(Optional<Path> checkpoint, long lastStep, Consumer<ObjectNode> each) {
        from = checkpoint;
        last = lastStep;
        replayed = each;
        return stages();
    }

    private RunState stages() {
        RunState state = begin();
        for (int i = state.stageComplete() ? state.stageIndex() + 1 : state.stageIndex(); i < recipe.stages().size(); i++) {
            state = stage(i, state);
            if (stopping || state.totalSteps() >= last) return state;
        }
        return state;
    }

    private RunState begin() {
        if (from.isEmpty()) {
            chain = new HashChain(HashChain.of(RecipeHash.of(recipe, data)));
            return RunState.start(chain.head());
        }
        RunState state = RunFolder.state(from.get());
        Checksums.check(from.get());
        policy.load(from.get());
        chain = new HashChain(state.hash());
        return state;
    }

    private RunState stage(int index, RunState before) {
        Stage stage = recipe.stages().get(index);
        boolean begun = before.stageIndex() == index && !before.stageComplete() && before.step() > 0;
        RunState state = begun ? before : new RunState(index, stage.name(), 0, false, before.totalSteps(), before.hash(), 0, 0, before.seconds(),
                before.results());
        policy.train(EnumSet.copyOf(stage.trainable()));
        long firstStep = state.totalSteps() - state.step();
        try (Updater updater = new AdamWUpdater(policy, stage.optimizer(), stage.updates())) {
            if (begun) updater.load(from.orElseThrow());
            try (StageRun run = open(index, stage, updater, firstStep, begun)) {
                state = train(stage, run, updater, state);
            }
        }
        return stopping || replayed != null || state.step() < stage.steps() ? state : finish(index, stage, state);
    }

    private StageRun open(int index, Stage stage, Updater updater, long firstStep, boolean begun) {
        return switch (stage) {
            case Stage.Supervised s -> new SupervisedRun(s, policy, data, updater, recipe.seed());
            case Stage.Grpo g -> {
                Rollout rollout = new Rollout(g, policy, data, tokenizer, g.reward().judge(), g.advantage().advantages(), recipe.drawSeed(g.name()));
                Policy reference = g.loss().beta() == 0 ? null : reference(index, begun);
                yield new GrpoRun(g, policy, reference, data, rollout, updater, new Ledger(folder.root(), data, tokenizer::text),
                        recipe.seed(), firstStep);
            }
        };
    }

    // The policy as it was when the stage began. A stage that begins now has it at hand. One that is taken up again finds it in the checkpoint of the
    // stage before; a first stage has none, so its start is kept in `reference/`.
    private Policy reference(int index, boolean begun) {
        if (index == 0 && policy.freshBase().isPresent()) return policy.freshBase().get();
        Policy reference = policy.copy();
        if (begun) {
            Path run = from.orElseThrow().getParent().getParent();
            Path start = index == 0 ? run.resolve("reference") : RunFolder.checkpoints(run).stream()
                    .filter(c -> RunFolder.state(c).stageIndex() == index - 1 && RunFolder.state(c).stageComplete())
                    .findFirst().orElseThrow(() -> new RunException(run + ": the checkpoint of the stage before '" + recipe.stages().get(index).name()
                            + "' is gone; its weights are the KL's reference"));
            Checksums.check(start);
            reference.load(start);
        } else if (index == 0 && replayed == null) {
            Path start = folder.root().resolve("reference");
            Disk.folder(start, temp -> {
                Disk.deleteTree(start);
                reference.save(temp);
                Checksums.write(temp);
            });
        }
        reference.train(EnumSet.noneOf(Stage.Part.class));
        return reference;
    }

    private RunState train(Stage stage, StageRun run, Updater updater, RunState state) {
        long start = System.nanoTime();
        double before = state.seconds();
        boolean explained = false;
        if (replayed == null && stage instanceof Stage.Grpo g) announce(g);
        if (!catchUp(state)) return state;
        OptionalLong tokens = tokens(state);
        long end = Math.min(stage.steps(), last - state.totalSteps() + state.step());
        try (Console.Bar bar = console.bar(stage.name(), end).from(state.step())) {
            for (int step = state.step(); step < end; step++) {
                ObjectNode numbers = step(run, step, updater, state);
                long total = state.totalSteps() + 1;
                String hash = link(stage, step, updater);
                ObjectNode line = JSON.createObjectNode().put("step", total).put("stage", stage.name()).put("stage_step", step + 1);
                line.setAll(numbers);
                tokens = count(line, tokens);
                boolean evaluated = !evaluates(stage, step + 1) || interim(line, total);
                if (evaluated) record(line, total, hash);
                state = new RunState(state.stageIndex(), stage.name(), step + 1, false, total, hash, 0, 0, before + (System.nanoTime() - start) / 1e9,
                        state.results());
                bar.update(step + 1, run.note());
                if (replayed != null) replayed.accept(line);
                if (replayed == null && !explained && run instanceof GrpoRun g) {
                    console.line(g.explanation());
                    explained = true;
                }
                boolean stop = stopping;   // read once: one that comes later ends after the next step
                if (replayed == null && (stop || (step + 1) % stage.saveEvery() == 0 || step + 1 == stage.steps()))
                    save(state, updater, evaluated ? null : line);
                if (stop) break;
            }
        }
        return state;
    }

    // What was done before a step that fails is saved, as long as no weight of it changed: clips are read, and memory is taken, before one does.
    private ObjectNode step(StageRun run, int step, Updater updater, RunState before) {
        int updates = updater.updates();
        try {
            return run.step(step);
        } catch (RuntimeException e) {
            boolean kept = folder.latest().filter(c -> RunFolder.state(c).totalSteps() == before.totalSteps()).isPresent();
            if (replayed == null && step > 0 && updater.updates() == updates && !kept) {
                try {
                    save(before, updater, null);
                } catch (RuntimeException f) {
                    e.addSuppressed(f);
                }
            }
            throw e;
        }
    }

    private void record(ObjectNode line, long total, String hash) { folder.metrics(total, line.put("hash", hash.substring(0, 16))); }

    // The evaluation in which the run was stopped. No if it was stopped again.
    private boolean catchUp(RunState state) {
        if (replayed != null || state.step() == 0 || !Files.exists(from.orElseThrow().resolve(UNEVALUATED))) return true;
        try {
            ObjectNode line = (ObjectNode) JSON.readTree(Files.readString(from.get().resolve(UNEVALUATED)));
            if (!interim(line, state.totalSteps())) return false;
            record(line, state.totalSteps(), state.hash());
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("could not read " + from.get().resolve(UNEVALUATED) + ": " + IoReason.of(e), e);
        }
    }

    // On the way: what comes at the end of the stage is [#finish]'s.
    private boolean evaluates(Stage stage, int done) {
        return replayed == null && watched.isPresent() && stage instanceof Stage.Grpo g && g.interimEvery() > 0 && done % g.interimEvery() == 0
                && done < g.steps();
    }

    private void announce(Stage.Grpo stage) {
        if (watched.isEmpty() && stage.interimEvery() > 0)
            console.line("stage " + stage.name() + ": interim_every is " + stage.interimEvery()
                    + ", but there are no held-out questions: nothing is evaluated while it trains");
    }

    // How many tokens the stage has seen. One that is taken up goes on from its last line before; where that is an older version's, whose num_tokens
    // was another number, it is not known.
    private OptionalLong tokens(RunState state) {
        if (state.step() == 0) return OptionalLong.of(0);
        RunReader run = new RunReader(from.orElseThrow().getParent().getParent(), console::line);
        return run.metrics().stream().filter(m -> m.path("step").asLong() == state.totalSteps() && m.has("num_tokens"))
                .filter(m -> m.has("prompts/tokens") || m.has("examples/tokens"))
                .mapToLong(m -> m.get("num_tokens").asLong()).findFirst();
    }

    // As TRL counts: a prompt once for each of its completions, or for each example that begins with it.
    private static OptionalLong count(ObjectNode line, OptionalLong before) {
        if (before.isEmpty()) return before;
        long now = before.getAsLong() + line.path("examples/tokens").asLong() + line.path("prompts/tokens").asLong()
                + line.path("completions/tokens").asLong();
        line.put("num_tokens", now);
        return OptionalLong.of(now);
    }

    private String link(Stage stage, int step, Updater updater) {
        HashChain.Link link = chain.link(stage.name(), step + 1);
        for (Parameter p : policy.parameters().all()) link.tensor(p.name(), p.value());
        updater.hash(link);
        return link.close();
    }

    private void save(RunState state, Updater updater, ObjectNode unevaluated) {
        folder.checkpoint(state, temp -> {
            policy.save(temp);
            if (updater != null) updater.save(temp);
            if (unevaluated != null) Files.writeString(temp.resolve(UNEVALUATED), unevaluated.toString());
        });
    }

    // No if it was stopped.
    private boolean interim(ObjectNode line, long total) {
        Optional<Evaluation> asked = evaluator().run(TrainingData.Mode.REASONING, recipe.evaluation().interim(), Control.NONE, recipe.seed(),
                () -> stopping, _ -> {});
        if (asked.isEmpty()) return false;
        Evaluation e = asked.get();
        line.put("eval/accuracy", e.accuracy()).put("eval/format", e.format());
        answers(total, "GRPO step " + line.get("stage_step").asInt(), TrainingData.Mode.REASONING, e);
        console.line(String.format(Locale.ROOT, "  held out: accuracy %.3f, format %.3f", e.accuracy(), e.format()));
        watched.orElseThrow().answer(e);
        return true;
    }

    private RunState finish(int index, Stage stage, RunState state) {
        Recipe.EvaluationSpec spec = recipe.evaluation();
        boolean lastOfPhase = index + 1 == recipe.stages().size() || !recipe.stages().get(index + 1).phase().equals(stage.phase());
        ObjectNode result = JSON.createObjectNode().put("name", stage.phase()).put("stage", stage.name()).put("steps", state.step())
                .put("hash", state.hash());
        long start = System.nanoTime();
        if (lastOfPhase && watched.isPresent()) {
            TrainingData.Mode mode = Evaluator.mode(stage);
            int n = data.heldOut(spec.questions(), mode).size();
            Optional<Evaluation> asked;
            try (Console.Bar bar = console.bar("evaluating " + stage.phase(), n)) {
                asked = evaluator().run(mode, spec.questions(), Control.NONE, recipe.seed(), () -> stopping, bar::update);
            }
            // The stage's last step is saved; a resume evaluates.
            if (asked.isEmpty()) return state;
            Evaluation e = asked.get();
            result.setAll(Json.<ObjectNode>tree(e));
            answers(state.totalSteps(), "after " + stage.phase(), mode, e);
            console.line(String.format(Locale.ROOT, "%s: accuracy %.3f, format %.3f, length %.1f on %d held-out questions", stage.phase(),
                    e.accuracy(), e.format(), e.meanLength(), n));
            if (mode == TrainingData.Mode.REASONING) watched.get().answer(e);
        }
        double seconds = state.seconds() + (System.nanoTime() - start) / 1e9;
        RunState done = state.complete(result.put("seconds", seconds), seconds);
        save(done, null, null);
        return done;
    }

    private Evaluator evaluator() { return new Evaluator(policy, data, tokenizer, recipe.evaluation()); }

    private void answers(long total, String when, TrainingData.Mode mode, Evaluation e) {
        List<Prompt> prompts = data.heldOut(WATCHED, mode);
        ObjectNode moment = JSON.createObjectNode().put("when", when);
        ArrayNode list = moment.putArray("answers");
        for (int i = 0; i < Math.min(prompts.size(), e.answers().size()); i++) {
            Evaluation.Answer a = e.answers().get(i);
            list.addObject().put("question", prompts.get(i).problem()).put("solution", prompts.get(i).solution())
                    .put("clip", data.clipName(prompts.get(i).clip()))
                    .put("text", a.text()).put("correct", a.correct());
        }
        Disk.text(folder.root().resolve("answers").resolve(String.format(Locale.ROOT, "%06d.json", total)), JsonText.pretty(moment));
    }
}
