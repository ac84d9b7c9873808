package lucid.grpo.train;

import java.util.Optional;
import lucid.grpo.console.Console;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;

/// The first held-out question, for a person who watches a run: it is shown once, and its answer at every evaluation, so that one sees it change as the model learns.
final class WatchedQuestion {
    private final Prompt prompt;
    private final Console console;
    private boolean shown;

    private WatchedQuestion(Prompt prompt, Console console) {
        this.prompt = prompt;
        this.console = console;
    }

    /// None where the data has no held-out questions.
    static Optional<WatchedQuestion> of(TrainingData data, Console console) {
        return data.heldOut(1, TrainingData.Mode.REASONING).stream().findFirst().map(p -> new WatchedQuestion(p, console));
    }

    /// The question with its options and the right letter; said once.
    void show() {
        if (!shown) console.line("watch this held-out question: " + oneLine(prompt.problem()) + "  Right is " + prompt.solution().replaceAll("<.*?>", "") + ".");
        shown = true;
    }

    /// @param e an evaluation that asked this question first
    void answer(Evaluation e) {
        show();
        Evaluation.Answer a = e.answers().getFirst();
        console.line("  its answer " + (a.correct() ? "[right] " : "[wrong] ") + oneLine(a.text()));
    }

    private static String oneLine(String text) { return text.strip().replaceAll("\\s*\n\\s*", "  "); }
}
