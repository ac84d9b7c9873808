package lucid.grpo.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;

import lucid.grpo.recipe.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The cases that decide between the two rules; the published code's own 171 cases are golden.
class TinyLlavaVideoR1RewardTest {
    private static final TinyLlavaVideoR1Reward CODE = TinyLlavaVideoR1Reward.published();
    private static final TinyLlavaVideoR1Reward PAPER = new TinyLlavaVideoR1Reward(TinyLlavaVideoR1Reward.Rule.PAPER, 1200, true);

    @ParameterizedTest
    @CsvSource({"'C. elephant', 1, -2", "'Car', 1, -2", "'The answer is C', -2, -2", "'<answer>C</answer>', 1, -2",
            "'<think></think><answer>C</answer>', 1.5, 1.5", "'<think></think><answer>D</answer>', -0.5, -0.5", "'', -2, -2"})
    void codeAndPaper(String completion, double code, double paper) {
        assertEquals(code, CODE.score(completion, "<answer>C</answer>").total());
        assertEquals(paper, PAPER.score(completion, "<answer>C</answer>").total());
    }

    @Test void longerReasoningEarnsMoreWhenRightAndCostsMoreWhenWrong() {
        String think = "<think>" + "x".repeat(600) + "</think>";
        assertEquals(1.75, CODE.score(think + "<answer> C </answer>", "<answer>C</answer>").total());
        assertEquals(-0.75, CODE.score(think + "<answer> D </answer>", "<answer>C</answer>").total());
    }

    @Test void theConstantsAreTheRecipes() {
        Reward rule = new Stage.RewardSpec("code", 100, true, 0.25, 2, -3).judge();
        String think = "<think>" + "x".repeat(50) + "</think>";
        assertEquals(1 + 0.25 + 1, rule.score(think + "<answer>C</answer>", "<answer>C</answer>").total());
        assertEquals(-0.25 - 1, rule.score(think + "<answer>D</answer>", "<answer>C</answer>").total());
        assertEquals(-3, rule.score("no tags", "<answer>C</answer>").total());
        assertEquals(-3, new Stage.RewardSpec("paper", 100, true, 0.25, 2, -3).judge().score("C", "<answer>C</answer>").total());
        assertEquals(CODE, new Stage.RewardSpec("code", 1200, true).judge());
    }

    @Test void withoutTheLengthPartOnlyTheFormCounts() {
        var rule = new TinyLlavaVideoR1Reward(TinyLlavaVideoR1Reward.Rule.CODE, 1200, false);
        assertEquals(1.5, rule.score("<think>" + "x".repeat(900) + "</think><answer>C</answer>", "<answer>C</answer>").total());
    }
}
