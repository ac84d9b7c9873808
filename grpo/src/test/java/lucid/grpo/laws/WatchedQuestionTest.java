package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.kernels.SimdDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a person who watches a run reads: one held-out question, once, and its answer at every evaluation.
class WatchedQuestionTest {
    @TempDir Path folder;

    private List<String> printed(TrainingData data) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Toy.train(folder, Toy.recipe(Toy.Knobs.PLAIN.writing(100, 1, 0)), () -> new SimdDevice(2), data,
                new Console(new PrintStream(bytes, true, StandardCharsets.UTF_8), false));
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /// The toy never answers rightly, so the first question is the first that it answers wrongly.
    @Test void theQuestionIsShownOnceAndItsAnswerAtEveryEvaluation() throws IOException {
        List<String> lines = printed(Toy.data());
        Prompt asked = Toy.data().heldOut(1, TrainingData.Mode.REASONING).getFirst();
        String[] parts = asked.problem().split("\n");
        List<String> questions = lines.stream().filter(l -> l.contains(parts[0])).toList();
        assertEquals(1, questions.size(), lines::toString);
        for (String option : parts) assertTrue(questions.getFirst().contains(option), questions::toString);
        assertTrue(questions.getFirst().endsWith("Right is " + asked.solution().charAt("<answer>".length()) + "."), questions::toString);
        List<String> answers = lines.stream().filter(l -> l.startsWith("  its answer ")).toList();
        assertTrue(lines.indexOf(questions.getFirst()) < lines.indexOf(answers.getFirst()), "the question comes before its answers");
        assertEquals(marks(), answers.stream().map(l -> l.contains("[right]")).toList(),
                "cold start, two in between, the end: as the run folder has them");
        assertEquals(4, answers.size());
        assertTrue(lines.stream().noneMatch(l -> l.contains("\r") || l.contains("\u001B")), "plain lines where there is no terminal");
    }

    /// Whether the first question was answered right, at every evaluation, from `answers/`.
    private List<Boolean> marks() throws IOException {
        List<Boolean> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder.resolve("answers"))) {
            for (Path file : files.sorted().toList()) {
                JsonNode first = new ObjectMapper().readTree(file.toFile()).get("answers").get(0);
                all.add(first.get("correct").asBoolean());
            }
        }
        return all;
    }

    @Test void withoutHeldOutQuestionsThatIsSaid() throws IOException {
        List<String> lines = printed(Toy.data().withoutHeldOut());
        assertTrue(lines.stream().anyMatch(l -> l.contains("interim_every is 1, but there are no held-out questions")), lines::toString);
        assertTrue(lines.stream().noneMatch(l -> l.contains("its answer")), lines::toString);
        assertFalse(Toy.metrics(folder).stream().anyMatch(l -> l.has("eval/accuracy")));
    }
}
