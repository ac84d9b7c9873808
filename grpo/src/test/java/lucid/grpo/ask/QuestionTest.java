package lucid.grpo.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.video.benchmark.BenchmarkQuestion.Choice;
import org.junit.jupiter.api.Test;

class QuestionTest {
    @Test void thePublishedPrompt() {
        Question q = new Question("What animal is shown in the video?", Question.options(List.of("A=owl", "B=sheeps.")), Question.Style.REASON);
        assertEquals("What animal is shown in the video?\nOptions:\nA. owl.\nB. sheeps. Output the thinking process in <think> </think> and final "
                + "answer (option) in <answer> </answer> tags.", q.prompt());
        assertEquals("Why?\nAnswer with the option's letter from the given choices directly.",
                new Question("Why?", List.of(), Question.Style.DIRECT).prompt());
        assertEquals("Why?", new Question("Why?", List.of(), Question.Style.PLAIN).prompt());
        assertEquals(List.of(new Choice("A", "owl"), new Choice("B", "sheeps.")), q.choices());
    }

    @Test void optionsComeInOrder() {
        refused("B=owl", "the letter 'B', wanted A=");
        refused("a=owl", "the letter 'a', wanted A=");
        refused("owl", "no '='");
        refused("A= ", "empty");
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Question.options(List.of("A=x", "A=y"))).getMessage().contains("wanted B="));
    }

    private static void refused(String option, String part) {
        String message = assertThrows(IllegalArgumentException.class, () -> Question.options(List.of(option))).getMessage();
        assertTrue(message.contains(part), message);
    }
}
