package lucid.grpo.session;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.nn.memory.MemoryPlans;

/// How many tokens the texts have that memory is planned for. Until the data are read the published ones' lengths stand for them; others may be many
/// times as long, captions for one, and what a text leaves behind in every layer is what fills the memory.
///
/// @param byStage of a stage's text, where the data say it: the mean of the longest that go through the model together
/// @param asked   of the longest held-out question
record TextLengths(Map<String, Integer> byStage, int asked) {
    /// As in the published data.
    static final TextLengths PUBLISHED = new TextLengths(Map.of(), MemoryPlans.PROMPT_TOKENS);

    /// As the data have them, and never below the published ones.
    static TextLengths of(Recipe recipe, TrainingData data) {
        Map<String, Integer> stages = new HashMap<>();
        for (Stage stage : recipe.stages()) stages.put(stage.name(), Math.max(published(stage), longest(recipe, data, stage)));
        List<Prompt> heldOut = data.heldOut(0, TrainingData.Mode.REASONING);
        return new TextLengths(stages, Math.max(MemoryPlans.PROMPT_TOKENS, mean(tokens(heldOut), 1)));
    }

    private static int published(Stage stage) {
        return MemoryPlans.PROMPT_TOKENS + (stage instanceof Stage.Supervised ? MemoryPlans.ANSWER_TOKENS : 0);
    }

    private static int longest(Recipe recipe, TrainingData data, Stage stage) {
        return switch (stage) {
            case Stage.Supervised s -> {
                int together = MemoryCheck.together(s, recipe.data().clipsPerStep());
                yield mean(s.mix().keySet().stream().flatMapToInt(kind -> IntStream.of(data.longest(kind, together))), together);
            }
            // All questions as one step: every one of them has its turn.
            case Stage.Grpo g -> mean(tokens(data.prompts(recipe.seed(), g.name(), 0, data.questions())), g.microBatch());
        };
    }

    private static IntStream tokens(List<Prompt> prompts) { return prompts.stream().mapToInt(p -> p.ids().length); }

    // Of the longest, rounded up; 0 of none.
    private static int mean(IntStream lengths, int most) {
        int[] sorted = lengths.sorted().toArray();
        int n = Math.min(most, sorted.length);
        return n == 0 ? 0 : (int) Math.ceilDiv(Arrays.stream(sorted, sorted.length - n, sorted.length).asLongStream().sum(), n);
    }

    /// Of a stage's text: a sample with its answer, or a question.
    int of(Stage stage) { return byStage.getOrDefault(stage.name(), published(stage)); }

    /// Whether more memory may be needed than for the published texts.
    boolean exceedPublished(Recipe recipe) {
        return asked > MemoryPlans.PROMPT_TOKENS || recipe.stages().stream().anyMatch(s -> of(s) > published(s));
    }
}
