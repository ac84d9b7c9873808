package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import lucid.grpo.data.Control;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunException;
import lucid.grpo.train.Evaluation;
import lucid.grpo.train.Evaluator;
import lucid.grpo.train.Policy;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Sampling;
import org.junit.jupiter.api.Test;

/// Answers to held-out questions do not depend on how many are answered together, so a memory plan may choose.
class EvaluationLawTest {
    @Test void anyDivisionGivesTheSameAnswers() {
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device))) {
            for (Sampling.Rule rule : new Sampling.Rule[] {Sampling.Rule.GREEDY, Sampling.Rule.temperature(1f)}) {
                for (Control control : new Control[] {Control.NONE, Control.OTHER, Control.SHUFFLED}) {
                    Evaluation together = run(policy, Evaluator.BATCH, rule, control);
                    assertEquals(5, together.answers().size());
                    for (int n : new int[] {1, 2, 4})
                        assertEquals(together, run(policy, n, rule, control), n + " together, " + rule + ", " + control);
                }
            }
            assertTrue(run(policy, 2, Sampling.Rule.temperature(1f), Control.NONE).answers().stream().map(Evaluation.Answer::text).distinct()
                    .count() > 1, "different questions are drawn differently");
            assertThrows(IllegalArgumentException.class, () -> policy.questionsTogether(0));
        }
    }

    @Test void theFormatOfDirectAnswersIsMeasured() {
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device))) {
            Evaluation e = new Evaluator(policy, Toy.data(), Toy.TOKENIZER, new Recipe.EvaluationSpec(0, 0, 12, 0))
                    .run(TrainingData.Mode.DIRECT, 0, Control.NONE, Sampling.Rule.temperature(1f), 7, () -> false, _ -> {});
            long letters = e.answers().stream().filter(a -> a.text().matches("(?s).*[A-D]")).count();
            assertEquals(letters / 5.0, e.format(), () -> e.answers().toString());
            assertTrue(e.format() < 1, "an untrained model hardly ever says a letter of the options: " + e.answers());
        }
    }

    @Test void oneThatIsStoppedIsOfTheQuestionsThatWereAsked() {
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device))) {
            policy.questionsTogether(2);
            Evaluator evaluator = new Evaluator(policy, Toy.data(), Toy.TOKENIZER, new Recipe.EvaluationSpec(0, 0, 12, 0));
            Evaluation two = evaluator.run(TrainingData.Mode.REASONING, 2, Control.NONE, Sampling.Rule.GREEDY, 7, () -> false, _ -> {});
            long[] done = {0};
            assertEquals(two, evaluator.run(TrainingData.Mode.REASONING, 0, Control.NONE, Sampling.Rule.GREEDY, 7, () -> done[0] == 2,
                    n -> done[0] = n));
            assertEquals(0, evaluator.run(TrainingData.Mode.REASONING, 0, Control.NONE, Sampling.Rule.GREEDY, 7, () -> true, _ -> {}).questions());
        }
    }

    @Test void theRecipeSaysHowAnswersAreDrawn() {
        var sampled = new Recipe.EvaluationSpec(0, 0, 12, 0, 3, new Stage.SamplingSpec(1, 0, 1, 0));
        try (Device device = new SimdDevice(2); Policy policy = new Policy(Toy.model(device))) {
            Evaluator evaluator = new Evaluator(policy, Toy.data(), Toy.TOKENIZER, sampled);
            Evaluation reasoning = evaluator.run(TrainingData.Mode.REASONING, 0, Control.NONE, 7, () -> false, _ -> {}).orElseThrow();
            assertEquals(run(policy, Evaluator.BATCH, Sampling.Rule.temperature(1f), Control.NONE), reasoning);
            assertNotEquals(reasoning, evaluator.run(TrainingData.Mode.REASONING, 0, Control.NONE, 8, () -> false, _ -> {}).orElseThrow(),
                    "another seed draws others");
            Evaluation direct = evaluator.run(TrainingData.Mode.DIRECT, 0, Control.NONE, 7, () -> false, _ -> {}).orElseThrow();
            assertEquals(evaluator.run(TrainingData.Mode.DIRECT, 0, Control.NONE, Sampling.Rule.GREEDY, 7, () -> false, _ -> {}), direct);
            assertTrue(direct.meanLength() <= 3 && reasoning.meanLength() > 3, direct.meanLength() + " and " + reasoning.meanLength() + " tokens");
        }
    }

    /// Files have several questions about a clip, one after the other: the question half the list away may be about the same one.
    @Test void theClipOfAnotherQuestionIsAnotherClip() {
        List<Integer> shown = new ArrayList<>();
        ToyData data = Toy.data().heldOut(all -> IntStream.range(0, all.size()).mapToObj(i -> about(all.get(i), all.get(i < 3 ? 0 : 4).clip()))
                .toList()).atClip(shown::add);
        ToyData one = Toy.data().heldOut(all -> all.stream().map(p -> about(p, all.getFirst().clip())).toList());
        try (Device device = new SimdDevice(1); Policy policy = new Policy(Toy.model(device))) {
            policy.questionsTogether(1);
            List<Integer> own = data.heldOut(0, TrainingData.Mode.REASONING).stream().map(Prompt::clip).toList();
            other(policy, data);
            int a = own.getFirst();
            int b = own.getLast();
            // Of every question its own, then the one that is shown.
            assertEquals(List.of(a, b, a, b, a, b, b, a, b, a), shown);
            String message = assertThrows(RunException.class, () -> other(policy, one)).getMessage();
            assertTrue(message.startsWith("control other: found one clip only, " + one.clipName(a)) && message.contains("wanted at least two"),
                    message);
        }
    }

    private static Prompt about(Prompt p, int clip) {
        return new Prompt(p.kind(), clip, p.problem(), p.solution(), p.ids(), p.evidence(), p.orderDependent(), p.reversedSolution());
    }

    private static void other(Policy policy, ToyData data) {
        new Evaluator(policy, data, Toy.TOKENIZER, new Recipe.EvaluationSpec(0, 0, 2, 0))
                .run(TrainingData.Mode.REASONING, 0, Control.OTHER, Sampling.Rule.GREEDY, 7, () -> false, _ -> {});
    }

    private static Evaluation run(Policy policy, int together, Sampling.Rule rule, Control control) {
        policy.questionsTogether(together);
        return new Evaluator(policy, Toy.data(), Toy.TOKENIZER, new Recipe.EvaluationSpec(0, 0, 12, 0))
                .run(TrainingData.Mode.REASONING, 0, control, rule, 7, () -> false, _ -> {});
    }
}
