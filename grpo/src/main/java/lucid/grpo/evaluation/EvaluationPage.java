package lucid.grpo.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import lucid.grpo.report.Page;
import lucid.grpo.run.Disk;
import lucid.nn.disk.IoReason;
import lucid.video.benchmark.BenchmarkQuestion;

/// An evaluation as one self-contained page: figures with their intervals, and answers to look at.
final class EvaluationPage {
    // Enough to read through, few enough for the page to open at once; all of them are in answers.jsonl.
    private static final int SHOWN = 200;
    private static final ObjectMapper JSON = new ObjectMapper();

    private EvaluationPage() {}

    static Path write(Path folder, ObjectNode results, List<BenchmarkQuestion> questions, BenchmarkRun.Outcome outcome) {
        ObjectNode data = JSON.createObjectNode();
        String title = "Lucid: " + results.path("title").asText();
        data.put("title", title).set("results", results);
        ArrayNode answers = data.putArray("answers");
        for (BenchmarkQuestion q : BenchmarkRun.some(questions.stream().filter(q -> outcome.answers().containsKey(q.id())).toList(), SHOWN)) {
            ObjectNode a = JSON.valueToTree(outcome.answers().get(q.id()));
            a.put("problem", q.problem()).put("clip", q.video().getFileName().toString()).set("kinds", JSON.valueToTree(q.kinds()));
            answers.add(a);
        }
        Path file = folder.resolve("report.html");
        try {
            Disk.text(file, Page.of("report/report", List.of("report/page", "report/evaluation"), title, data));
        } catch (IOException e) {
            throw new UncheckedIOException("report of " + folder + ": " + IoReason.named(e), e);
        }
        return file;
    }
}
