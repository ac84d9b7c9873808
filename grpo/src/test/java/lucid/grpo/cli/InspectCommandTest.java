package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest extends CommandTest {
    @TempDir Path run;

    // Two completions of one prompt; the second token of the first was clipped: ratio e^0.5 > 1.2 with a positive advantage.
    @BeforeEach void aSmallRun() throws IOException {
        Files.writeString(run.resolve("config.json"), """
                {"recipe": {"name": "small", "seed": 7, "stages": [{"name": "base", "kind": "supervised", "steps": 1}, {"name": "rl", "kind": "grpo", "steps": 1,
                 "loss": {"epsilon_low": 0.2, "epsilon_high": 0.2, "beta": 0.5, "kl_clamp": null, "aggregation": "sequence_mean"}}]}}""");
        Files.writeString(run.resolve("metrics.jsonl"), """
                {"step":1,"stage":"base","stage_step":1,"loss":3.5,"hash":"aa"}
                {"step":2,"stage":"rl","stage_step":1,"loss":0.1,"reward":-0.25,"kl":0.0,"entropy":1.5,"grad_norm":2.0,"num_tokens":3,"ratio_exactly_one":2,"hash":"bb"}
                {"step":3,"stage":"rl","sta""");
        Files.createDirectories(run.resolve("rollouts"));
        Files.createDirectories(run.resolve("ledger"));
        String common = "\"step\":2,\"prompt\":0,\"kind\":\"order\",\"clip\":\"a.mp4\",\"question\":\"Which first?\\nOptions:\\nA. "
                + "Ring.\",\"solution\":\"<answer>A</answer>\"";
        Files.writeString(run.resolve("rollouts/step-000002.jsonl"), "{" + common + ",\"completion\":0,\"text\":\"A "
                + "ring\",\"length\":2,\"finished\":true,\"accuracy\":1.0,\"format\":0.5,"
                + "\"reward\":1.5,\"advantage\":0.75}\n{" + common + ",\"completion\":1,\"text\":\"B\",\"length\":1,\"finished\":false,\"accuracy\":0.0,\"format\":0.0,\"reward\":-2.0,\"advantage\":-0.75}\n");
        try (Writer w = new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(run.resolve("ledger/step-000002.jsonl.gz"))),
                StandardCharsets.UTF_8)) {
            double coefficient = 0.25 * 0.5 * (1 - Math.exp(0.1));
            w.write("{\"prompt\":0,\"completion\":0,\"tokens\":[\"A\",\" "
                    + "ring\"],\"ids\":[5,6],\"sampler\":[-1.0,-1.5],\"logprob\":[-1.0,-1.0],\"reference\":[-1.0,-0.9],\"ratio\":[1.0,1.648721],"
                    + "\"kl\":[0.0,0.005171],\"entropy\":[0.5,0.25],\"weight\":[0.25,0.25],\"coefficient\":[-0.1875," + coefficient
                            + "],\"after\":[-0.5,-1.0]}\n"
                    + "{\"prompt\":0,\"completion\":1,\"tokens\":[\"B\"],\"ids\":[7],\"sampler\":[-2.0],\"logprob\":[-2.0],\"reference\":[-2.0],\"ratio\":[1.0],\"kl\":[0.0],\"entropy\":[1.0],"
                    + "\"weight\":[0.5],\"coefficient\":[0.375]}\n");
        }
    }

    @Test void theRun() {
        Outcome o = lucid("inspect", run).ok();
        String out = o.out();
        assertEquals(run.resolve("metrics.jsonl") + ", line 3: half a line, left out (the run is writing it, or was stopped while it did)\n",
                o.err());
        assertTrue(out.contains("recipe small, seed 7, not complete") && out.contains("completions of steps 2 .. 2"), out);
        assertTrue(out.contains("rl                1  2..2"), "the half line of a killed run is left out: " + out);
    }

    @Test void replayedStepsAreNoUnfinishedRun() throws IOException {
        Path config = run.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"replay_of\": \"/runs/first\", "));
        String text = lucid("inspect", run).ok().out();
        assertTrue(text.contains("seed 7, steps replayed of /runs/first\n") && !text.contains("complete"), text);
        assertEquals("/runs/first", new ObjectMapper().readTree(lucid("inspect", run, "--json").ok().out()).get("replay_of").asText());
    }

    @Test void aStepAndAGroup() {
        String step = lucid("inspect", run, "--step", 2).ok().out();
        assertTrue(step.contains("ratio exactly 1 for 2 of 3 tokens") && step.contains("1/2") && step.contains("Which first?")
                && step.contains("0 of 1 groups have no spread"), step);
        String group = lucid("inspect", run, "--step", 2, "--prompt", 0).ok().out();
        assertTrue(group.contains("A ring") && group.contains("B [cut off]") && group.contains("+0.7500"), group);
    }

    @Test void everyTokenOfACompletion() throws IOException {
        JsonNode c = new ObjectMapper().readTree(lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0, "--json").ok().out());
        JsonNode first = c.get("tokens").get(0);
        JsonNode second = c.get("tokens").get(1);
        assertEquals(Math.exp(-1), first.get("before").asDouble(), 1e-12);
        assertEquals(Math.exp(-0.5), first.get("after").asDouble(), 1e-12);
        assertEquals("NONE", first.get("clip").asText());
        assertEquals("HIGH", second.get("clip").asText());
        for (JsonNode t : c.get("tokens")) assertEquals(t.get("coefficient").asDouble(), t.get("recomputed").asDouble(), 1e-9);
        String unmeasured = lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 1, "--json").ok().out();
        assertTrue(!unmeasured.contains("NaN") && !unmeasured.contains("\"after\""), "what was not measured has no key: " + unmeasured);
        String text = lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 1).ok().out();
        assertTrue(text.contains("0.13534         -   0.13534  1.000000  -"), "what was not measured is a dash: " + text);
    }

    @Test void whatAModelSaidIsSeenAndNotObeyed() throws IOException {
        Path rollouts = run.resolve("rollouts/step-000002.jsonl");
        Files.writeString(rollouts, Files.readString(rollouts).replace("A ring", "A\\u001b[2J\\nring"));
        for (Outcome o : List.of(lucid("inspect", run, "--step", 2, "--prompt", 0),
                lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0))) {
            assertTrue(o.ok().out().contains("A^[[2J⏎ring") && !o.out().contains("\u001B"), o.out());
        }
    }

    @Test void oneTokenInFull() {
        String out = lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0, "--token", 1).ok().out();
        assertTrue(out.contains("'␣ring' (id 6)") && out.contains("clip                            high (epsilon_low 0.2")
                && out.contains("likelier"), out);
    }

    @Test void aRunOfAnOlderVersionSaysWhatItDidNotWriteDown() throws IOException {
        Path config = run.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"kind\": \"grpo\"", "\"kind\": \"grpo\", \"iterations\": 3"));
        String wanted = "of the 3 updates after this rollout an older version of Lucid wrote down the first alone";
        String all = lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0).ok().out();
        assertTrue(all.contains(wanted), all);
        String token = lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0, "--token", 0).ok().out();
        assertTrue(token.contains(wanted) && token.contains("learning rate of the update     -"), token);
    }

    @Test void whatIsNotThere() {
        lucid("inspect", run.resolve("no")).failedWith("no such folder", "wanted a run's folder");
        lucid("inspect", run, "--step", 9).failedWith(run + " has no step 9. The run has 2 steps: 1 base (supervised), 2 rl (GRPO). With "
                + "completions: 2");
        lucid("inspect", run, "--step", 1).failedWith(run + ": step 1 has no completions: its stage base is supervised, and only GRPO steps draw "
                + "any (what it measured is in metrics.jsonl)", "With completions: 2");
        lucid("inspect", run, "--step", 2, "--prompt", 1).failedWith("no prompt 1", "0 .. 0");
        lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 2).failedWith("no completion 2", "0 .. 1");
        lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0, "--token", 5).failedWith("no token 5", "0 .. 1");
        assertEquals(2, lucid("inspect", run, "--prompt", 1).status());
        lucid("report", run.resolve("no")).failedWith("no such folder", "wanted a run's folder");
    }

    @Test void aBrokenFileIsNamedWithItsLine() throws IOException {
        Files.writeString(run.resolve("rollouts/step-000002.jsonl"), "{}\nnot json\n{}\n");
        lucid("inspect", run, "--step", 2).failedWith("step-000002.jsonl, line 2: not JSON");
        for (String bad : List.of("oops", "", "3")) {
            Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":1}\n" + bad + "\n");
            lucid("inspect", run).failedWith("metrics.jsonl, line 2: ", "JSON");
            lucid("report", run).failedWith("metrics.jsonl, line 2: ", "JSON");
        }
        Files.writeString(run.resolve("config.json"), "{");
        lucid("report", run).failedWith(run.resolve("config.json") + ": not sound JSON");
    }

    /// Neither is the parser's own advice.
    @Test void whatIsWrongWithALineIsSaidInWordsOfItsOwn() throws IOException {
        for (String bad : List.of("{\"step\":1,\"loss\":", "{\"step\":1,\"loss\":NaN}", "{\"step\":1")) {
            Files.writeString(run.resolve("metrics.jsonl"), bad + "\n");
            Outcome o = lucid("inspect", run);
            o.failedWith("metrics.jsonl, line 1: not JSON: ");
            assertTrue(!o.err().contains("REDACTED") && !o.err().contains("Feature"), o.err());
        }
    }

    /// An emptied or foreign config.json is no run's, whatever else is in the folder.
    @Test void aConfigOrSummaryThatIsNoRuns() throws IOException {
        Path config = run.resolve("config.json");
        String sound = Files.readString(config);
        for (String[] bad : new String[][] {{"", ": found nothing, wanted a JSON object"}, {"[1]", ": found array, wanted a JSON object"},
                {"{\"model_type\": \"qwen2\"}", ", recipe: found nothing, wanted one object"},
                {"{\"recipe\": {}}", ", recipe.name: found nothing, wanted one string"},
                        {sound.replace(": 7", ": \"7\""), ", recipe.seed: found string, wanted one number"},
                {"{\"recipe\": {\"name\": \"a\", \"seed\": 1, \"stages\": [7]}}", ", recipe.stages[0]: found number, wanted one object"}}) {
            Files.writeString(config, bad[0]);
            for (String command : List.of("inspect", "report")) lucid(command, run).failedWith("lucid " + command + ": " + config + bad[1]);
        }
        Files.writeString(config, sound);
        Path summary = run.resolve("summary.json");
        String head = "{\"final_hash\": \"aa\", \"seconds\": 1.5, \"stages\": ";
        String stage = "{\"name\": \"base\", \"accuracy\": 0.5, \"format\": 1, \"mean_length\": 9.5, \"questions\": 4}";
        for (String[] bad : new String[][] {{"", ": found nothing, wanted a JSON object"},
                {"{\"stages\":[{}]}", ", final_hash: found nothing, wanted one string"}, {head + "{}}", ", stages: found object, wanted one array"},
                {head + "[" + stage + ", {}]}", ", stages[1].name: found nothing, wanted one string"},
                        {head + "[" + stage.replace("0.5", "null") + "]}", ", stages[0].accuracy: found null, wanted one number"},
                {head + "[], \"controls\": [1]}", ", controls[0]: found number, wanted one object"}}) {
            Files.writeString(summary, bad[0]);
            for (String command : List.of("inspect", "report")) lucid(command, run).failedWith("lucid " + command + ": " + summary + bad[1]);
        }
        Files.writeString(summary, head + "[" + stage + "]}");
        assertTrue(lucid("inspect", run).ok().out().contains("after base        accuracy 0.500"));
    }

    @Test void theReportOfAKilledRunLeavesHalfALineAndMissingClipsOut() throws IOException {
        Outcome o = lucid("report", run).ok();
        assertTrue(o.err().contains("metrics.jsonl, line 3: half a line, left out") && o.err().contains("clip a.mp4 is not in"), o.err());
        assertEquals(run.resolve("report.html") + System.lineSeparator(), o.out());
        String page = Files.readString(run.resolve("report.html"));
        assertTrue(page.contains("\"stage_step\":1,\"loss\":0.1") && page.contains("Which first?") && page.contains("\"frames\":[]"),
                "all the rest is there");
        lucid("report", run, "--data", run).failedWith("clip a.mp4 is not in " + run, "--data");
    }

    @Test void filesThatAreGoneAreNamed() throws IOException {
        Path ledger = run.resolve("ledger/step-000002.jsonl.gz");
        byte[] bytes = Files.readAllBytes(ledger);
        Files.write(ledger, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        for (Outcome o : List.of(lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0), lucid("report", run)))
            o.failedWith(ledger + ": could not be read");
        Files.delete(ledger);
        lucid("inspect", run, "--step", 2, "--prompt", 0, "--completion", 0)
                .failedWith(ledger + ": no such file, though step 2 is one of the GRPO stage rl. The run has 2 steps: ",
                "None has a ledger; lucid replay " + run + " --step 2 --out DIR makes it again, for lucid inspect DIR --step 2");
        assertTrue(lucid("report", run).ok().err().contains("rollouts or ledger of 1 of 1 steps are not there (the first is step 2)"));
        Files.delete(run.resolve("metrics.jsonl"));
        Outcome o = lucid("inspect", run, "--step", 2).ok();
        assertTrue(o.out().contains("step 2: metrics.jsonl has no line of it") && o.err().contains("metrics.jsonl: no such file"), o.out() + o.err());
        Files.delete(run.resolve("rollouts/step-000002.jsonl"));
        lucid("inspect", run, "--step", 2).failedWith(run + " has no step 2. The run has no line of any step in metrics.jsonl. None has completions");
        assertTrue(lucid("report", run).ok().err().contains("metrics.jsonl: no such file"));
    }
}
