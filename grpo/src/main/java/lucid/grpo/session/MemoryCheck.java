package lucid.grpo.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.train.Evaluator;
import lucid.nn.checkpoint.CheckpointInfo;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.memory.MemoryException;
import lucid.nn.memory.MemoryPlan;
import lucid.nn.memory.MemoryPlans;

/// Holds work against the memory there is, before any weight is read.
public final class MemoryCheck {
    /// Tokens of a supervised answer; the published chains of thought have at most 163.
    private static final int ANSWER_TOKENS = 163;

    private MemoryCheck() {}

    /// Whether a model can be asked.
    ///
    /// @param frames null: as published
    /// @throws MemoryException with a table of what needs what, if it does not fit
    public static void answering(Path model, Integer frames, int newTokens, long limit) {
        CheckpointInfo info = info(model);
        if (info.outline().architecture() instanceof ModelOutline.Vision) return;
        int seen = info.outline().architecture() instanceof ModelOutline.Video(var c) ? frames != null ? frames : c.resampler().group() : 0;
        new MemoryPlans(info.outline()).answering(new MemoryPlans.Answering(seen, MemoryPlans.PROMPT_TOKENS, newTokens, bytes(info)))
                .require(limit, "Take fewer --frames or --max-tokens, or a narrower type (lucid convert --dtype bf16); --memory SIZE says that there is more.");
    }

    /// Whether a recipe's held-out questions can be asked, some at a time ([Evaluator#BATCH]).
    ///
    /// @param questions at most; 0: all
    /// @throws MemoryException with a table, if it does not fit
    public static void evaluating(Recipe recipe, Path model, int questions, long limit) {
        CheckpointInfo info = info(model);
        if (!(info.outline().architecture() instanceof ModelOutline.Video)) return;
        int together = questions == 0 ? Evaluator.BATCH : Math.min(questions, Evaluator.BATCH);
        new MemoryPlans(info.outline()).evaluating(new MemoryPlans.Evaluating(together, recipe.data().frames(), MemoryPlans.PROMPT_TOKENS, recipe.evaluation().maxNewTokens()))
                .require(limit, "Ask fewer questions (--limit), or make evaluation.max_new_tokens of recipe " + recipe.name() + " smaller; --memory SIZE says that there is more.");
    }

    /// Whether all stages of a recipe can be run. Where the activations do not fit, blocks are to be computed again in the backward.
    ///
    /// @param model null: the recipe's own
    /// @return true if that is needed
    /// @throws MemoryException if not even that fits
    public static boolean training(Recipe recipe, Path model, long limit, Console console) {
        // Refused with its own words when the run is opened.
        if (model == null && (recipe.model() == null || recipe.tokenizer() == null || recipe.lora() != null)) return false;
        CheckpointInfo info = model == null ? null : info(model);
        ModelOutline outline = info != null ? info.outline() : ModelOutline.of(new ModelOutline.Video(TinyLlavaConfig.parse("recipe " + recipe.name() + ", model", recipe.model())));
        if (!(outline.architecture() instanceof ModelOutline.Video)) return false;
        MemoryPlans plans = new MemoryPlans(outline);
        boolean again = false;
        for (Stage stage : recipe.stages()) {
            MemoryPlans.Trained trained = trained(recipe, stage, info);
            MemoryPlan kept = plan(plans, recipe, stage, trained, false);
            if (kept.bytes() <= limit) continue;
            MemoryPlan less = plan(plans, recipe, stage, trained, true).require(limit, advice(recipe, stage));
            if (!again) console.line(String.format(Locale.ROOT, "stage %s: all activations would need %s of %s; the decoder's blocks are computed again in the backward (%s, the same bits)",
                    stage.name(), MemoryPlan.size(kept.bytes()), MemoryPlan.size(limit), MemoryPlan.size(less.bytes())));
            again = true;
        }
        return again;
    }

    private static CheckpointInfo info(Path model) { return CheckpointInfo.read(ModelFolder.base(ModelFolder.resolve(model))); }

    private static int bytes(CheckpointInfo info) {
        StoredType type = info.widest();
        return type == null ? 4 : Math.min(4, type.bytes());
    }

    private static MemoryPlans.Trained trained(Recipe recipe, Stage stage, CheckpointInfo info) {
        if (recipe.lora() != null) return new MemoryPlans.Trained(_ -> false, recipe.lora().spec(), info == null ? 4 : bytes(info));
        List<String> prefixes = stage.trainable().stream().map(p -> p.name().toLowerCase(Locale.ROOT) + ".").toList();
        return MemoryPlans.Trained.model(name -> prefixes.stream().anyMatch(name::startsWith));
    }

    private static MemoryPlan plan(MemoryPlans plans, Recipe recipe, Stage stage, MemoryPlans.Trained trained, boolean recompute) {
        int frames = recipe.data().frames();
        return switch (stage) {
            case Stage.Supervised s -> plans.supervised(new MemoryPlans.Supervised(s.mix().values().stream().mapToInt(Integer::intValue).sum(), frames, MemoryPlans.PROMPT_TOKENS + ANSWER_TOKENS, trained, recompute));
            case Stage.Grpo g -> plans.grpo(new MemoryPlans.Grpo(g.prompts(), g.completions(), g.maxNewTokens(), g.microBatch(), frames, MemoryPlans.PROMPT_TOKENS, trained, g.loss().beta() != 0, recompute));
        };
    }

    private static String advice(Recipe recipe, Stage stage) {
        String sizes = stage instanceof Stage.Grpo ? "micro_batch, completions, max_new_tokens or prompts" : "mix";
        String adapter = recipe.lora() == null ? ", or train an adapter (recipe tinyllava-video-r1-lora)" : "";
        return "Stage " + stage.name() + " of recipe " + recipe.name() + ": make its " + sizes + " smaller" + adapter + "; --memory SIZE says that there is more.";
    }
}
