package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import lucid.grpo.console.Console;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import org.junit.jupiter.api.Test;

class WatchedQuestionTest {
    private static final Recipe.EvaluationSpec TWO = new Recipe.EvaluationSpec(0, 2, 4, 0);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private static Evaluation evaluation(boolean... right) {
        List<Evaluation.Answer> answers = IntStream.range(0, right.length).mapToObj(i -> new Evaluation.Answer(i, "words\n\u0011" + i, right[i]))
                .toList();
        return new Evaluation(right.length, 0, Map.of(), 1, 1, null, null, 0, null, answers);
    }

    private List<String> heard(Recipe.EvaluationSpec spec, Evaluation... evaluations) {
        List<Prompt> prompts = List.of("A", "B", "C").stream()
                .map(l -> new Prompt("order", 0, "Which is " + l + "?\nOptions:\nA. x.", "<answer>" + l + "</answer>", new int[0], null, false, null))
                .toList();
        TrainingData data = (TrainingData) Proxy.newProxyInstance(TrainingData.class.getClassLoader(), new Class<?>[] {TrainingData.class},
                (_, _, args) -> prompts.subList(0, (int) args[0] == 0 ? 3 : (int) args[0]));
        WatchedQuestion watched = WatchedQuestion.of(data, spec, new Console(new PrintStream(bytes, true, StandardCharsets.UTF_8), false))
                .orElseThrow();
        for (Evaluation e : evaluations) watched.answer(e);
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test void itIsTheFirstThatIsAnsweredWronglyAndStaysTheSame() {
        assertEquals(List.of("watch this held-out question: Which is B?  Options:  A. x.  Right is B.", "  its answer [wrong] words  ^Q1",
                "  its answer [right] words  ^Q1"),
                heard(TWO, evaluation(true, false, false), evaluation(false, true)));
    }

    /// The third question is not asked on the way.
    @Test void whereAllThatAreAlwaysAskedAreRightItIsTheFirst() {
        assertEquals("watch this held-out question: Which is A?  Options:  A. x.  Right is A.", heard(TWO, evaluation(true, true, false)).getFirst());
    }

    @Test void itIsAskedAtTheEndAsWell() {
        assertEquals("  its answer [right] words  ^Q0", heard(new Recipe.EvaluationSpec(2, 0, 4, 0), evaluation(true, true, false),
                evaluation(true, true)).getLast());
    }
}
