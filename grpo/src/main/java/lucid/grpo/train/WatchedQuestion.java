package lucid.grpo.train;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import lucid.grpo.console.Console;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;

/// A held-out question for a person who watches a run: the first one that the model reasons wrongly about. It is shown once, and its answer at every
/// evaluation from then on, so that one sees it change as the model learns.
final class WatchedQuestion {
    private final List<Prompt> asked;
    private final Console console;
    private int chosen = -1;

    private WatchedQuestion(List<Prompt> asked, Console console) {
        this.asked = asked;
        this.console = console;
    }

    /// None where the data has no held-out questions.
    ///
    /// @param evaluation how many questions are asked on the way and at the end: it is one of those that always are
    static Optional<WatchedQuestion> of(TrainingData data, Recipe.EvaluationSpec evaluation, Console console) {
        int onTheWay = evaluation.interim();
        int atTheEnd = evaluation.questions();
        // 0 is all of them.
        List<Prompt> asked = data.heldOut(onTheWay == 0 || atTheEnd == 0 ? Math.max(onTheWay, atTheEnd) : Math.min(onTheWay, atTheEnd),
                TrainingData.Mode.REASONING);
        return asked.isEmpty() ? Optional.empty() : Optional.of(new WatchedQuestion(asked, console));
    }

    /// @param e an evaluation of reasoning that asked these questions first
    void answer(Evaluation e) {
        if (chosen < 0) {
            chosen = IntStream.range(0, Math.min(asked.size(), e.answers().size())).filter(i -> !e.answers().get(i).correct()).findFirst().orElse(0);
            Prompt p = asked.get(chosen);
            console.line("watch this held-out question: " + oneLine(p.problem()) + "  Right is " + p.solution().replaceAll("<.*?>", "") + ".");
        }
        Evaluation.Answer a = e.answers().get(chosen);
        console.line("  its answer " + (a.correct() ? "[right] " : "[wrong] ") + oneLine(a.text()));
    }

    private static String oneLine(String text) { return Console.visible(text.strip().replaceAll("\\s*\n\\s*", "  ")); }
}
