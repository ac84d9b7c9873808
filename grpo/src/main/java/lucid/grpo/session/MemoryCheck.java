package lucid.grpo.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import lucid.grpo.console.Console;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.train.Evaluator;
import lucid.grpo.train.Policy;
import lucid.nn.checkpoint.CheckpointInfo;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.memory.MemoryException;
import lucid.nn.memory.MemoryLimit;
import lucid.nn.memory.MemoryPlan;
import lucid.nn.memory.MemoryPlans;

/// Holds work against the memory there is, before any weight is read.
public final class MemoryCheck {
    private MemoryCheck() {}

    /// Whether a model can be asked.
    ///
    /// @param frames       null: as published
    /// @param promptTokens of a text that it continues; null: it is asked about a clip
    /// @throws MemoryException with a table of what needs what, if it does not fit
    public static void answering(Path model, Integer frames, Integer promptTokens, int newTokens, MemoryLimit limit) {
        CheckpointInfo info = info(model);
        if (info.outline().architecture() instanceof ModelOutline.Vision) return;
        int seen = info.outline().architecture() instanceof ModelOutline.Video(var c) ? frames != null ? frames : c.resampler().group() : 0;
        int tokens = promptTokens == null ? MemoryPlans.PROMPT_TOKENS : promptTokens;
        new MemoryPlans(info.outline(), limit.device()).answering(new MemoryPlans.Answering(seen, tokens, newTokens, bytes(info)))
                .require(limit, "Take " + (promptTokens == null ? "fewer --frames (1fps: a smaller --max-frames)" : "a shorter --prompt")
                        + ", fewer --max-new-tokens, or a narrower type (lucid convert --dtype bf16); --memory SIZE says that there is more.");
    }

    /// How a run fits the memory there is. None of it changes a bit of what it computes.
    ///
    /// @param recompute whether the decoder's blocks are to be computed again in the backward
    /// @param questions held-out questions that are answered together
    public record Fit(boolean recompute, int questions) {
        /// Makes the policy do so.
        public void of(Policy policy) {
            policy.recompute(recompute);
            policy.questionsTogether(questions);
        }
    }

    /// Whether a recipe's held-out questions can be asked, and how many together: at most [Evaluator#BATCH].
    ///
    /// @param questions at most; 0: all
    /// @throws MemoryException with a table, if not even one fits
    public static int evaluating(Recipe recipe, Path model, int questions, MemoryLimit limit, Console console) {
        return evaluating(recipe, model, questions, TextLengths.PUBLISHED, limit, console);
    }

    /// The same once the questions are known, which may be longer than the published ones.
    ///
    /// @param planned what was found without them
    public static int evaluating(int planned, Recipe recipe, Path model, int questions, TrainingData data, MemoryLimit limit, Console console) {
        TextLengths texts = TextLengths.of(recipe, data);
        return texts.exceedPublished(recipe) ? evaluating(recipe, model, questions, texts, limit, console) : planned;
    }

    private static int evaluating(Recipe recipe, Path model, int questions, TextLengths texts, MemoryLimit limit, Console console) {
        int most = questions == 0 ? Evaluator.BATCH : Math.min(questions, Evaluator.BATCH);
        CheckpointInfo info = info(model);
        if (!(info.outline().architecture() instanceof ModelOutline.Video)) return most;
        MemoryPlans plans = new MemoryPlans(info.outline(), limit.device());
        return together(most, n -> plans.evaluating(asked(recipe, n, texts)), limit,
                "Make evaluation.max_new_tokens of " + recipe.origin() + " smaller; --memory SIZE says that there is more.", console);
    }

    /// Whether all stages of a recipe can be run. Where the activations do not fit, blocks are to be computed again in the backward; where the
    /// held-out questions do not fit, fewer are answered together.
    ///
    /// @param model   null: the recipe's own
    /// @param heldOut a file of held-out questions; null: what the data brings
    /// @throws MemoryException if not even that fits
    public static Fit training(Recipe recipe, Path model, Path heldOut, MemoryLimit limit, Console console) {
        return fit(recipe, model, heldOut(recipe, heldOut), TextLengths.PUBLISHED, limit, console);
    }

    /// The same of steps that are done again, with which nothing is evaluated.
    public static Fit replaying(Recipe recipe, Path model, MemoryLimit limit, Console console) {
        return fit(recipe, model, 0, TextLengths.PUBLISHED, limit, console);
    }

    /// Planned anew once the data are known, where their texts are longer than the published ones: still before any weight is read.
    ///
    /// @param planned what was found without them
    /// @throws MemoryException if it does not fit after all
    public static Fit training(Fit planned, Recipe recipe, Path model, Path heldOut, TrainingData data, MemoryLimit limit, Console console) {
        return knowing(planned, recipe, model, heldOut(recipe, heldOut), data, limit, console);
    }

    /// As [#training], of steps that are done again.
    public static Fit replaying(Fit planned, Recipe recipe, Path model, TrainingData data, MemoryLimit limit, Console console) {
        return knowing(planned, recipe, model, 0, data, limit, console);
    }

    private static Fit knowing(Fit planned, Recipe recipe, Path model, int heldOut, TrainingData data, MemoryLimit limit, Console console) {
        TextLengths texts = TextLengths.of(recipe, data);
        return texts.exceedPublished(recipe) ? fit(recipe, model, heldOut, texts, limit, console) : planned;
    }

    private static Fit fit(Recipe recipe, Path model, int heldOut, TextLengths texts, MemoryLimit limit, Console console) {
        Fit unplanned = new Fit(false, Evaluator.BATCH);
        // Refused with its own words when the run is opened.
        if (model == null && !recipe.beginsFromNothing()) return unplanned;
        CheckpointInfo info = model == null ? null : info(model);
        ModelOutline outline = info != null ? info.outline()
                : ModelOutline.of(new ModelOutline.Video(TinyLlavaConfig.parse(recipe.origin() + ", model", recipe.model())));
        if (!(outline.architecture() instanceof ModelOutline.Video)) return unplanned;
        MemoryPlans plans = new MemoryPlans(outline, limit.device());
        boolean again = false;
        for (Stage stage : recipe.stages()) {
            MemoryPlans.Trained trained = trained(recipe, stage, info);
            MemoryPlan kept = plan(plans, recipe, stage, texts, trained, false);
            if (kept.bytes() <= limit.bytes()) continue;
            MemoryPlan less = plan(plans, recipe, stage, texts, trained, true).require(limit, advice(recipe, stage));
            if (!again)
                console.line(String.format(Locale.ROOT, "stage %s: all activations would need %s, found %s; the decoder's blocks are computed again "
                        + "in the backward (%s, the same bits)",
                    stage.name(), MemoryPlan.size(kept.bytes()), limit, MemoryPlan.size(less.bytes())));
            again = true;
        }
        int questions = heldOut;
        boolean recompute = again;
        for (Stage stage : questions == 0 ? List.<Stage>of() : recipe.stages()) {
            MemoryPlans.Trained trained = trained(recipe, stage, info);
            questions = together(questions, n -> plans.withEvaluation(plan(plans, recipe, stage, texts, trained, recompute), asked(recipe, n, texts),
                    trained),
                    limit,
                    "Stage " + stage.name() + " of " + recipe.origin()
                            + ": make evaluation.max_new_tokens smaller; --memory SIZE says that there is more.", console);
        }
        return new Fit(again, questions == 0 ? Evaluator.BATCH : questions);
    }

    /// Held-out questions that a run would like to answer together; 0: it has none.
    private static int heldOut(Recipe recipe, Path file) {
        int there = recipe.data().heldOut() != null ? recipe.data().heldOut() : file != null ? Integer.MAX_VALUE : 0;
        int asked = recipe.heldOutAsked() == 0 ? there : Math.min(there, recipe.heldOutAsked());
        return Math.min(asked, Evaluator.BATCH);
    }

    private static MemoryPlans.Evaluating asked(Recipe recipe, int together, TextLengths texts) {
        return new MemoryPlans.Evaluating(together, recipe.data().frames(), texts.asked(),
                Math.max(recipe.evaluation().maxNewTokens(), recipe.evaluation().directTokens()));
    }

    // The most, or half of it, or half of that ...
    private static int together(int most, IntFunction<MemoryPlan> plan, MemoryLimit limit, String advice, Console console) {
        int n = most;
        while (n > 1 && plan.apply(n).bytes() > limit.bytes()) n /= 2;
        MemoryPlan fitting = plan.apply(n).require(limit, advice);
        if (n < most)
            console.line(String.format(Locale.ROOT, "held-out questions: %d together would need %s, found %s; %d are answered together (%s, the "
                    + "same answers)", most,
                MemoryPlan.size(plan.apply(most).bytes()), limit, n, MemoryPlan.size(fitting.bytes())));
        return n;
    }

    static CheckpointInfo info(Path model) { return CheckpointInfo.read(ModelFolder.base(ModelFolder.resolve(model))); }

    private static int bytes(CheckpointInfo info) {
        StoredType type = info.widest();
        return type == null ? 4 : Math.min(4, type.bytes());
    }

    private static MemoryPlans.Trained trained(Recipe recipe, Stage stage, CheckpointInfo info) {
        if (recipe.lora() != null) return new MemoryPlans.Trained(_ -> false, recipe.lora().spec(), info == null ? 4 : bytes(info));
        return MemoryPlans.Trained.model(name -> stage.trainable().stream().anyMatch(p -> p.has(name)));
    }

    private static MemoryPlan plan(MemoryPlans plans, Recipe recipe, Stage stage, TextLengths texts, MemoryPlans.Trained trained,
            boolean recompute) {
        int frames = recipe.data().frames();
        return switch (stage) {
            case Stage.Supervised s -> plans.supervised(new MemoryPlans.Supervised(samples(s), together(s, recipe.data().clipsPerStep()), frames,
                    texts.of(stage), trained, recompute));
            case Stage.Grpo g -> plans.grpo(new MemoryPlans.Grpo(g.prompts(), g.completions(), g.maxNewTokens(), g.microBatch(), frames,
                    texts.of(stage), trained, g.loss().beta() != 0, recompute));
        };
    }

    private static int samples(Stage.Supervised s) { return s.mix().values().stream().mapToInt(Integer::intValue).sum(); }

    // A group may be about a clip of which every kind says something; where a step has fewer clips than examples, more than once.
    static int together(Stage.Supervised s, Integer clipsPerStep) {
        if (s.microBatch() == null) return samples(s);
        long each = s.mix().values().stream().mapToLong(n -> clipsPerStep == null ? 1 : Math.ceilDiv(n, clipsPerStep)).sum();
        return (int) Math.min(samples(s), s.microBatch() * each);
    }

    private static String advice(Recipe recipe, Stage stage) {
        boolean grpo = stage instanceof Stage.Grpo;
        String sizes = grpo ? "micro_batch, completions, max_new_tokens or prompts" : "micro_batch (all of a step where it has none) or mix";
        // The shipped recipe with an adapter has no supervised stage.
        String with = grpo ? "recipe tinyllava-video-r1-lora" : "a recipe of your own with a lora section";
        String adapter = recipe.lora() == null ? ", or train an adapter (" + with + ")" : "";
        return "Stage " + stage.name() + " of " + recipe.origin() + ": make its " + sizes + " smaller" + adapter
                + "; --memory SIZE says that there is more.";
    }
}
