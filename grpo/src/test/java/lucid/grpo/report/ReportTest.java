package lucid.grpo.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.zip.GZIPOutputStream;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final int STEPS = 100;
    private static final String UNCHANGED = ",\"after\":[-1.0,-0.5]";
    private static final String CHANGED = ",\"after\":[-1.0,-0.25]";

    private final List<String> notices = new ArrayList<>();
    private String raw;

    @TempDir Path run;

    @Test void theSampledStepsAreThoseWithProbabilitiesBeforeAndAfter() throws IOException {
        // As in the demo: every tenth step is measured, and the first has learning rate 0.
        rewardedSteps(step -> step % 10 != 1 ? "" : step == 1 ? UNCHANGED : CHANGED);
        JsonNode samples = report().get("samples");
        assertEquals(List.of(11, 21, 31, 41, 61, 71, 81, 91), steps(samples), "8 of the 9 that were measured and changed, spread");
        for (JsonNode s : samples) for (JsonNode c : s.get("completions")) assertEquals(-0.25, c.get("after").get(1).asDouble());
    }

    @Test void whatEveryUpdateSawIsInThePage() throws IOException {
        rewardedSteps(_ -> ",\"later_updates\":[{\"ratio\":[1.0,1.5],\"clip\":[\"none\",\"high\"]}]");
        for (JsonNode s : report().get("samples"))
            for (JsonNode c : s.get("completions")) assertEquals("high", c.get("later_updates").get(0).get("clip").get(1).asText());
    }

    @Test void whereNothingChangedItIsShownAllTheSame() throws IOException {
        rewardedSteps(step -> step == 1 || step == 51 ? UNCHANGED : "");
        assertEquals(List.of(1, 51), steps(report().get("samples")));
    }

    @Test void withoutMeasurementsTheStepsAreSpread() throws IOException {
        rewardedSteps(_ -> "");
        assertEquals(List.of(1, 15, 29, 43, 58, 72, 86, 100), steps(report().get("samples")));
    }

    @Test void aStageLearnsFromRewardsByItsKindWhateverItsName() throws IOException {
        JsonNode rewarded = report().get("rewarded");
        assertEquals(1, rewarded.size(), rewarded.toString());
        assertEquals("reason", rewarded.get(0).asText(), "a supervised stage that is called 'grpo' is none");
    }

    @Test void stepsThatLackAFileAreLeftOutAndCounted() throws IOException {
        rewardedSteps(_ -> "");
        Files.delete(run.resolve("rollouts/step-000015.jsonl"));
        Files.delete(run.resolve("ledger/step-000072.jsonl.gz"));
        StringBuilder metrics = new StringBuilder();
        for (int step = 1; step <= STEPS + 1; step++) metrics.append("{\"step\":").append(step).append(",\"stage\":\"reason\"}\n");
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
        List<Integer> shown = steps(report().get("samples"));
        assertTrue(shown.size() == 8 && !shown.contains(15) && !shown.contains(72), shown.toString());
        assertEquals(List.of(run + ": rollouts or ledger of 3 of 101 steps are not there (the first is step 15): the report leaves these steps out"),
                notices);
    }

    @Test void completionsAndLedgerOfDifferentLengthAreRefused() throws IOException {
        rewardedSteps(_ -> "");
        for (int step = 1; step <= STEPS; step++) {
            Path file = run.resolve(String.format(Locale.ROOT, "rollouts/step-%06d.jsonl", step));
            Files.writeString(file, Files.readString(file).repeat(2));
        }
        assertTrue(assertThrows(RunException.class, this::report).getMessage().contains("step 1 has 4 completions but 2 ledger lines"));
    }

    @Test void heldOutAnswersAreSaidToBeDrawnAsTheRecipeSays() throws IOException {
        assertEquals("greedy", report().get("reasoned_answers").asText());
        assertEquals("greedy", report(", \"evaluation\": {\"sampling\": null}").get("reasoned_answers").asText());
        assertEquals("sampled (temperature 1, top-k 50)", report(", \"evaluation\": {\"sampling\": {\"temperature\": 1.0, \"top_k\": 50, \"top_p\": "
                + "1.0, \"min_p\": 0.0}}").get("reasoned_answers").asText());
        assertEquals("sampled (temperature 0.1, top-p 0.95, min-p 0.05)",
                report(", \"evaluation\": {\"sampling\": {\"temperature\": 0.1, \"top_k\": 0, \"top_p\": 0.95, \"min_p\": 0.05}}")
                .get("reasoned_answers").asText());
    }

    /// Runs of older versions have a 0 where nobody looked for evidence.
    @Test void evidenceIsShownWhereItWasMeasured() throws IOException {
        Files.writeString(run.resolve("summary.json"), """
                {"final_hash": "aa", "seconds": 1, "stages": [{"name": "base", "evidence": 0.0, %1$s}, {"name": "grpo", "evidence": 0.0, %1$s}], "controls": [{"name": "none", "evidence": 0.0}]}"""
                .formatted("\"accuracy\": 0.5, \"format\": 1, \"mean_length\": 9, \"questions\": 4"));
        JsonNode drift = report(", \"data\": {\"kind\": \"drift\"}").get("summary");
        assertFalse(drift.at("/stages/0").has("evidence"), "a letter alone names nothing");
        assertEquals(0, drift.at("/stages/1/evidence").asDouble(-1));
        assertEquals(0, drift.at("/controls/0/evidence").asDouble(-1));
        assertEquals(List.of(), report(", \"data\": {\"kind\": \"nextqa\"}").findValues("evidence"),
                "of a question file's clips nobody knows what is in them");
    }

    /// What a parser of HTML could take for the end of the data, or for a comment in which their end does not count.
    @Test void dataDoNotEndTheirElement() throws IOException {
        String description = "</script> <!-- <script> & -->";
        JsonNode data = report(", \"description\": \"" + description + "\"");
        assertEquals(description, data.get("description").asText());
        assertEquals(-1, raw.indexOf('<'), raw);
    }

    private static List<Integer> steps(JsonNode samples) {
        List<Integer> steps = new ArrayList<>();
        samples.forEach(s -> steps.add(s.get("step").asInt()));
        return steps;
    }

    // A run folder with one prompt of two completions a step.
    private void rewardedSteps(IntFunction<String> after) throws IOException {
        Files.createDirectories(run.resolve("rollouts"));
        Files.createDirectories(run.resolve("ledger"));
        for (int step = 1; step <= STEPS; step++) {
            StringBuilder rollouts = new StringBuilder();
            StringBuilder ledger = new StringBuilder();
            for (int c = 0; c < 2; c++) {
                rollouts.append("{\"step\":").append(step).append(",\"prompt\":0,\"completion\":").append(c)
                        .append(",\"clip\":\"a.mp4\",\"question\":\"Which?\",\"solution\":\"<answer>A</answer>\",\"accuracy\":1,\"format\":1,\"reward\":").append(c).append(",\"advantage\":1}\n");
                ledger.append("{\"prompt\":0,\"completion\":").append(c).append(",\"tokens\":[\"A\",\".\"],\"logprob\":[-1.0,-0.5]")
                        .append(after.apply(step)).append("}\n");
            }
            String name = String.format(Locale.ROOT, "step-%06d.jsonl", step);
            Files.writeString(run.resolve("rollouts").resolve(name), rollouts);
            try (Writer w = new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(run.resolve("ledger").resolve(name + ".gz"))),
                    StandardCharsets.UTF_8)) {
                w.append(ledger);
            }
        }
    }

    // The data that the page shows.
    private JsonNode report() throws IOException { return report(""); }

    private JsonNode report(String more) throws IOException {
        Files.writeString(run.resolve("config.json"), """
                {"recipe": {"name": "small", "seed": 7, "stages": [{"name": "grpo", "kind": "supervised"}, {"name": "reason", "kind": "grpo"}]%s}}""".formatted(more));
        String page = Files.readString(new Report(new RunReader(run, notices::add), _ -> List.of(), notices::add).write());
        String open = "<script id=\"data\" type=\"application/json\">";
        assertTrue(page.contains(open), "the page carries its data");
        int from = page.indexOf(open) + open.length();
        raw = page.substring(from, page.indexOf("</script>\n<script>", from));
        return new ObjectMapper().readTree(raw);
    }
}
