package lucid.grpo.train;

import java.util.List;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;

/// The identity of a run: what decides its bits and nothing else. Settings that only change speed or what is written down are left out, so that runs
/// which differ in them end on the same hash.
final class RecipeHash {
    private RecipeHash() {}

    static String of(Recipe recipe, TrainingData data) {
        List<Stage> stages = recipe.stages().stream().map(RecipeHash::essential).toList();
        Recipe.EvaluationSpec nothing = new Recipe.EvaluationSpec(0, 0, 0, 0);
        Recipe core = new Recipe("", "", "", List.of(), recipe.seed(), recipe.model(), recipe.initialization(), recipe.tokenizer(), recipe.data(),
                stages, nothing, recipe.lora(), null);
        return RecipeReader.writeShortest(core) + data.contentHash();
    }

    private static Stage essential(Stage stage) {
        return switch (stage) {
            case Stage.Supervised s -> new Stage.Supervised(s.name(), s.phase(), s.steps(), s.mix(), null, s.optimizer(), s.trainable(), 0);
            case Stage.Grpo g -> new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), 0, g.maxNewTokens(),
                    g.sampling(), g.reward(),
                    g.advantage(), g.loss(), g.optimizer(), g.trainable(), 0, 0, 0);
        };
    }
}
