package lucid.grpo.session;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeException;
import lucid.grpo.recipe.Stage;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.config.TinyLlavaConfig;
import lucid.video.data.DataText;

/// Holds a recipe and the questions against the model that they are for, before a run's folder is made: a completion that has no place in the model
/// would end the run only when it is asked for, which may be after all of the training.
///
/// @param config the model's
record ModelCheck(Recipe recipe, TinyLlavaConfig config) {
    /// Before any clip is decoded or weight is read.
    ///
    /// @param model null: the recipe's own
    /// @throws RecipeException frames of another size than the model sees
    static void image(Recipe recipe, Path model) {
        if (model == null) new ModelCheck(recipe, TinyLlavaConfig.parse(recipe.origin() + ", model", recipe.model())).image();
        // What sees no clips is refused with its own words when it is opened.
        else if (MemoryCheck.info(model).outline().architecture() instanceof ModelOutline.Video(var config)) new ModelCheck(recipe, config).image();
    }

    private void image() {
        int size = config.vision().imageSize();
        if (recipe.data().image() != size) throw recipe.fault("data.image", recipe.data().image(), size + ": the model's vision_config.image_size");
    }

    /// What the recipe's stages and the evaluations between and after them ask.
    ///
    /// @throws RecipeException a question, or a question with the longest completion, has no place in the model
    void run(TrainingData data) {
        List<Stage.Grpo> rewarded = recipe.stages().stream().filter(Stage.Grpo.class::isInstance).map(Stage.Grpo.class::cast).toList();
        if (!rewarded.isEmpty()) {
            // All questions as one step: every one of them has its turn.
            Prompt longest = longest(data.prompts(recipe.seed(), rewarded.getFirst().name(), 0, data.questions()));
            for (Stage.Grpo g : rewarded) fits("stage " + g.name() + ", max_new_tokens", g.maxNewTokens(), longest, "question");
            for (Stage.Grpo g : rewarded) isOneTensor(g);
        }
        for (Stage stage : recipe.stages()) if (stage instanceof Stage.Supervised s) samples(s, data);
        boolean base = recipe.stages().stream().anyMatch(s -> s.phase().equals("base"));
        boolean other = recipe.stages().stream().anyMatch(s -> !s.phase().equals("base"));
        if (base) heldOut(data, TrainingData.Mode.DIRECT, recipe.heldOutAsked());
        if (other || !rewarded.isEmpty()) heldOut(data, TrainingData.Mode.REASONING, recipe.heldOutAsked());
    }

    // What a step has of all its clips, and of all its completions' first tokens, is held in one tensor each.
    private void isOneTensor(Stage.Grpo g) {
        long clip = (long) recipe.data().frames() * config.tokensPerFrame() * config.vision().hiddenSize();
        long prompts = Math.min(Integer.MAX_VALUE / clip, Integer.MAX_VALUE / config.text().vocabSize() / g.completions());
        if (g.prompts() > prompts) {
            throw recipe.fault("stage " + g.name() + ", prompts", g.prompts(), "at most " + prompts + ": a step's clips are a tensor of prompts x "
                    + recipe.data().frames() + " frames x " + config.tokensPerFrame() + " patches x "
                    + config.vision().hiddenSize() + ", its first tokens' logits one of prompts x " + g.completions() + " completions x "
                            + config.text().vocabSize() + ", of at most 2^31 - 1 numbers");
        }
    }

    private void samples(Stage.Supervised stage, TrainingData data) {
        int positions = config.text().maxPositions();
        // The clip's rows stand in the place of one token, as below.
        int room = positions + 1 - config.resampler().tokens();
        for (String kind : stage.mix().keySet()) {
            Optional<String> sample = data.longerThan(kind, room);
            if (sample.isPresent()) {
                throw new RecipeException("stage " + stage.name() + ": the model has no positions for the sample of kind " + kind + " " + sample.get()
                        + "; wanted at most " + room + " tokens: it has max_position_embeddings "
                        + positions + ", of which the clip takes " + config.resampler().tokens());
            }
        }
    }

    /// The held-out questions, asked in one way; none are fine.
    ///
    /// @param questions at most; 0: all
    /// @throws RecipeException as of [#run]
    void heldOut(TrainingData data, TrainingData.Mode mode, int questions) {
        List<Prompt> asked = data.heldOut(questions, mode);
        if (asked.isEmpty()) return;
        boolean direct = mode == TrainingData.Mode.DIRECT;
        fits(direct ? "evaluation.direct_tokens" : "evaluation.max_new_tokens", direct ? recipe.evaluation().directTokens() : recipe.evaluation()
                .maxNewTokens(), longest(asked), "held-out question");
    }

    private static Prompt longest(List<Prompt> prompts) { return prompts.stream().max(Comparator.comparingInt(p -> p.ids().length)).orElseThrow(); }

    private void fits(String field, int newTokens, Prompt longest, String what) {
        int positions = config.text().maxPositions();
        // The clip's rows stand in the place of one token.
        int taken = longest.ids().length - 1 + config.resampler().tokens();
        int room = Math.min(config.maxLength(), positions - 1);
        if (taken > room) {
            throw new RecipeException("the longest " + what + " takes " + taken + " positions with its clip, wanted at most " + room
                    + ": the model has max_position_embeddings " + positions
                    + " and tokenizer_model_max_length " + config.maxLength() + "; it is '"
                            + DataText.shortened(longest.problem().strip().lines().findFirst().orElse("")) + "'");
        }
        if (newTokens > positions - taken) {
            throw recipe.fault(field, newTokens, "at most " + (positions - taken) + ": the model has " + positions
                    + " positions (max_position_embeddings), the longest " + what + " takes " + taken + " with its clip");
        }
    }
}
