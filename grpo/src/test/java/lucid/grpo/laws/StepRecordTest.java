package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import lucid.grpo.data.Example;
import lucid.grpo.data.Prompt;
import lucid.grpo.inspect.Inspection;
import lucid.grpo.inspect.InspectionText;
import lucid.grpo.inspect.TokenRow;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolderText;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a GRPO step writes down is what happened in it: metrics, ledger, and what `inspect` and the report make of them.
class StepRecordTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LETTERS = 10;
    private static final double EPSILON = 0.02;
    private static final Stage.Grpo THREE_UPDATES = Toy.grpo(Toy.Knobs.PLAIN.steps(2).iterations(3, EPSILON).writing(100, 1, 1));
    private static final Stage.Grpo ONE_UPDATE = withoutKl(Toy.grpo(Toy.Knobs.PLAIN.steps(2)));

    @TempDir static Path folder;
    private static Path three;
    private static Path one;

    @BeforeAll static void train() throws IOException {
        three = train(THREE_UPDATES, "three");
        one = train(ONE_UPDATE, "one");
    }

    private static Stage.Grpo withoutKl(Stage.Grpo g) {
        return new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), g.microBatch(), g.maxNewTokens(),
                g.sampling(), g.reward(), g.advantage(),
                g.loss().withoutKl(), g.optimizer(), g.trainable(), g.saveEvery(),
                        g.interimEvery(), g.rescoreEvery());
    }

    /// Letters, then the stage.
    private static Path train(Stage.Grpo stage, String name) throws IOException {
        Path run = folder.resolve(name);
        Recipe recipe = Toy.recipe(Toy.letters(LETTERS, 100), stage);
        Toy.train(run, recipe, 2);
        // The command line keeps the recipe beside what it was applied to.
        Files.writeString(run.resolve("config.json"), "{\"recipe\": " + RecipeReader.write(recipe) + "}");
        return run;
    }

    private static List<JsonNode> ledger(Path run, int step) throws IOException {
        Path file = run.resolve(String.format(Locale.ROOT, "ledger/step-%06d.jsonl.gz", step));
        List<JsonNode> lines = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static Set<String> keys(JsonNode node) {
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @Test void everyUpdateAfterARolloutIsInTheLedger() throws IOException {
        List<JsonNode> metrics = Toy.metrics(three);
        int held = 0;
        for (int step = LETTERS + 1; step <= LETTERS + 2; step++) {
            int tokens = 0;
            int low = 0;
            int high = 0;
            boolean moved = false;
            for (JsonNode c : ledger(three, step)) {
                int n = c.get("ids").size();
                tokens += n;
                for (JsonNode ratio : c.get("ratio")) assertEquals(1.0, ratio.asDouble(), 0, "the first update sees the sampler's numbers");
                assertEquals(2, c.get("later_updates").size());
                for (JsonNode u : c.get("later_updates")) {
                    assertEquals(Set.of("logprob", "ratio", "clip", "kl", "entropy", "coefficient"), keys(u));
                    for (JsonNode column : u) assertEquals(n, column.size());
                    for (int t = 0; t < n; t++) {
                        assertEquals(Math.exp(u.get("logprob").get(t).asDouble() - c.get("sampler").get(t).asDouble()),
                                u.get("ratio").get(t).asDouble(), 1e-5);
                        moved |= u.get("ratio").get(t).asDouble() != 1;
                        if (u.get("clip").get(t).asText().equals("low")) low++;
                        if (u.get("clip").get(t).asText().equals("high")) high++;
                    }
                }
            }
            JsonNode line = metrics.get(step - 1);
            assertTrue(moved, "three updates at this rate move the ratios");
            assertEquals(line.get("clip_ratio/low_mean").asDouble(), low / (3.0 * tokens), 1e-12);
            assertEquals(line.get("clip_ratio/high_mean").asDouble(), high / (3.0 * tokens), 1e-12);
            held += low + high;
        }
        assertTrue(held > 0, "epsilon should be small enough to hold some tokens");
    }

    @Test void everyUpdateIsShown() throws IOException {
        Inspection inspection = new Inspection(three, Assertions::fail);
        boolean held = false;
        for (int completion = 0; completion < 4; completion++) {
            for (TokenRow row : inspection.tokens(LETTERS + 2, 0, completion)) {
                assertEquals(3, row.updates().size());
                assertEquals(1, row.updates().getFirst().ratio(), 0);
                assertEquals(PolicyLoss.Clip.NONE, row.updates().getFirst().clip());
                for (TokenRow.Update u : row.updates()) {
                    assertEquals(u.recomputed(), u.coefficient(), 1e-4 * Math.abs(u.recomputed()) + 1e-8);
                    PolicyLoss.Clip side = row.advantage() < 0 && u.ratio() < 1 - EPSILON ? PolicyLoss.Clip.LOW : row.advantage() > 0 && u.ratio() > 1
                            + EPSILON ? PolicyLoss.Clip.HIGH
                            : PolicyLoss.Clip.NONE;
                    assertEquals(side, u.clip());
                    held |= side != PolicyLoss.Clip.NONE;
                }
                JsonNode json = inspection.completion(LETTERS + 2, 0, completion).get("tokens").get(row.index());
                assertEquals(row.last().ratio(), json.get("ratio").asDouble(), "the flat fields are the last update's");
                assertEquals(3, json.get("updates").size());
                List<String> text = InspectionText.token(inspection, LETTERS + 2, 0, completion, row.index());
                for (int u = 0; u < 3; u++) {
                    String wanted = String.format(Locale.ROOT, "  %6d  %10.8f  %-4s", u + 1, row.updates().get(u).ratio(),
                            row.updates().get(u).clip().name().toLowerCase(Locale.ROOT));
                    assertTrue(text.stream().anyMatch(l -> l.startsWith(wanted)), wanted + " in " + text);
                }
            }
        }
        assertTrue(held, "the clip should hold some tokens of this group");
    }

    /// Where one of several kinds is a list of samples, and not made anew every time.
    @Test void howOftenSamplesWereLearnedFrom() throws IOException {
        Stage.Supervised letters = Toy.letters(2, 100);
        Map<String, Integer> mix = new LinkedHashMap<>(Map.of("early_document", 2));
        mix.put("cold_start", 4);
        Path run = folder.resolve("samples");
        Toy.train(run, Toy.recipe(new Stage.Supervised("mixed", "cold_start", 2, mix, letters.optimizer(), letters.trainable(), 100)), 1);
        List<JsonNode> lines = Toy.metrics(run);
        for (int step = 0; step < 2; step++) {
            assertEquals((step + 1) * 4.0 / 16, lines.get(step).get("epoch/cold_start").asDouble());
            assertFalse(lines.get(step).has("epoch") || lines.get(step).has("epoch/early_document"));
        }
    }

    /// Of every other loss: coefficients by the formula, what is held, the step's loss, and its metrics.
    @ParameterizedTest @MethodSource("lucid.grpo.laws.Toy#losses")
    void otherLosses(String name, Stage.AdvantageSpec advantage, Stage.LossSpec spec) throws IOException {
        Path run = train(Toy.with(THREE_UPDATES, advantage, spec), name);
        Inspection inspection = new Inspection(run, Assertions::fail);
        PolicyLoss loss = spec.policyLoss();
        int held = 0;
        int masked = 0;
        for (int step = LETTERS + 1; step <= LETTERS + 2; step++) {
            double total = 0;
            for (int i = 0; i < 16; i++) {
                JsonNode c = inspection.completion(step, i / 4, i % 4);
                double centred = c.get("reward").asDouble() - c.get("reward_mean").asDouble();
                double scaled = centred / (c.get("reward_std").asDouble() + 1e-4) + 0.02 * c.path("normal").asDouble();
                assertEquals(c.get("advantage").asDouble(), advantage.divideByStd() ? scaled : centred, 1e-9);
                boolean out = spec.maskTruncated() && !c.get("finished").asBoolean();
                if (out) masked++;
                for (TokenRow row : inspection.tokens(step, i / 4, i % 4)) {
                    assertEquals(out, row.weight() == 0);
                    for (TokenRow.Update u : row.updates()) {
                        assertEquals(u.recomputed(), u.coefficient(), 1e-4 * Math.abs(u.recomputed()) + 1e-8);
                        assertEquals(loss.clip((float) u.ratio(), row.advantage()), u.clip());
                        total += row.weight() * u.loss() / 3;
                        if (u.clip() != PolicyLoss.Clip.NONE) held++;
                    }
                }
            }
            JsonNode metrics = inspection.step(step).get("metrics");
            assertEquals(metrics.get("loss").asDouble(), total, 1e-6);
            assertEquals(spec.surrogate().equals("cispo"), metrics.has("cispo_clip_ratio"));
            assertEquals(!spec.surrogate().equals("cispo"), metrics.has("clip_ratio/region_mean"));
            assertEquals(spec.delta() != null, metrics.has("clip_ratio/delta_mean"));
            assertEquals((step - LETTERS) / (double) (Toy.data().questions() / 4), metrics.get("epoch").asDouble(), 1e-12);
        }
        if (!name.equals("times")) assertTrue(held > 0, "some tokens should be held");
        if (spec.maskTruncated()) assertTrue(masked > 0, "some completions should be cut off");
        List<String> text = InspectionText.token(inspection, LETTERS + 2, 0, 0, 0);
        String shown = switch (name) {
            case "times" -> ", KL times ratio, beta";
            case "sequence" -> ", ratio of the sequence, beta";
            case "fixed" -> ", delta 1.02, beta";
            default -> ", surrogate cispo, KL times ratio, beta";
        };
        assertTrue(text.stream().anyMatch(l -> l.contains(shown)), text.toString());
    }

    @Test void withOneUpdateAndNoReferenceNothingIsWrittenThatWasNotMeasured() throws IOException {
        List<JsonNode> metrics = Toy.metrics(one);
        assertFalse(metrics.getLast().has("kl"), metrics.getLast().toString());
        for (JsonNode c : ledger(one, LETTERS + 1)) {
            assertEquals(new TreeSet<>(List.of("prompt", "completion", "tokens", "ids", "sampler", "logprob", "ratio", "entropy", "weight",
                    "coefficient")), keys(c));
        }
        Inspection inspection = new Inspection(one, Assertions::fail);
        assertTrue(InspectionText.step(inspection, LETTERS + 1).getFirst().contains("kl -,"), InspectionText.step(inspection, LETTERS + 1)
                .getFirst());
        List<String> token = InspectionText.token(inspection, LETTERS + 1, 0, 0, 0);
        assertTrue(token.contains("  kl to the reference             - (beta 0.0)"), token.toString());
        assertTrue(token.contains("  the rate of this update is 0 (warm-up): nothing moves"), token.toString());
        List<String> moving = InspectionText.token(inspection, LETTERS + 2, 0, 0, 0);
        assertTrue(moving.stream().anyMatch(l -> l.contains("so gradient descent makes it")) && moving.stream()
                .anyMatch(l -> l.contains("learning rate of the update     2.5")), moving.toString());
    }

    @Test void namesOfTrlMeanWhatTheyMeanThere() throws IOException {
        List<JsonNode> metrics = Toy.metrics(one);
        long seen = 0;
        boolean differ = false;
        for (int step = 0; step < 2; step++) {
            JsonNode line = metrics.get(LETTERS + step);
            List<Double> rewards = new ArrayList<>();
            long completions = 0;
            for (String c : Files.readAllLines(one.resolve(String.format(Locale.ROOT, "rollouts/step-%06d.jsonl", LETTERS + step + 1)))) {
                rewards.add(JSON.readTree(c).get("reward").asDouble());
                completions += JSON.readTree(c).get("length").asLong();
            }
            double[] all = rewards.stream().mapToDouble(Double::doubleValue).toArray();
            double groups = 0;
            for (int g = 0; g < 4; g++) groups += Advantages.std(Arrays.copyOfRange(all, 4 * g, 4 * g + 4)) / 4;
            assertEquals(Advantages.std(all), line.get("reward_std").asDouble(), 1e-12);
            assertEquals(groups, line.get("reward_group_std").asDouble(), 1e-12);
            differ |= Math.abs(groups - Advantages.std(all)) > 1e-6;
            long prompts = 0;
            for (Prompt p : Toy.data().prompts(Toy.recipe().seed(), "grpo", step, 4)) {
                long ids = Arrays.stream(p.ids()).filter(id -> id != Example.PLACEHOLDER).count();
                prompts += 4 * (ids + Toy.config().resampler().tokens());
            }
            assertEquals(prompts, line.get("prompts/tokens").asLong());
            assertEquals(completions, line.get("completions/tokens").asLong());
            seen += prompts + completions;
            assertEquals(seen, line.get("num_tokens").asLong(), "cumulative, prompts included");
        }
        assertTrue(differ, "with rewards that differ the two deviations are two numbers");
    }

    /// With the formulas of the README and nothing else: no field of Lucid's own records is looked at.
    @Test void whatIsPrintedOfACompletionIsEnoughToComputeItAgain() throws IOException {
        for (Path run : List.of(three, one)) {
            Inspection inspection = new Inspection(run, Assertions::fail);
            for (int step = LETTERS + 1; step <= LETTERS + 2; step++) {
                JsonNode metrics = JSON.readTree(inspection.step(step).toString()).get("metrics");
                double loss = 0;
                double kl = 0;
                int terms = 0;
                for (int i = 0; i < 16; i++) {
                    JsonNode c = JSON.readTree(inspection.completion(step, i / 4, i % 4).toString());
                    assertFalse(c.toString().contains("NaN"), c.toString());
                    assertEquals(c.get("advantage").asDouble(), advantage(c), 1e-9);
                    String line = InspectionText.completion(inspection, step, i / 4, i % 4).get(1);
                    assertTrue(line.startsWith("advantage = (reward - mean of the group) / (standard deviation + eps) + noise · n = (")
                            && line.endsWith(String.format(Locale.ROOT, " + 0.02 · %.6f = %+.6f", c.get("normal").asDouble(),
                                    c.get("advantage").asDouble())), line);
                    double own = 0;
                    for (JsonNode t : c.get("tokens")) {
                        assertEquals(1.0 / c.get("length").asInt() / 16, t.get("weight").asDouble(), 1e-8);
                        for (JsonNode u : t.has("updates") ? t.get("updates") : List.of(t)) {
                            double ratio = Math.exp(u.get("logprob").asDouble() - t.get("sampler").asDouble());
                            assertEquals(ratio, u.get("ratio").asDouble(), 1e-5);
                            double k = t.has("reference") ? kl(u.get("logprob").asDouble() - t.get("reference").asDouble(),
                                    c.at("/stage/loss/kl_clamp").asDouble()) : 0;
                            assertEquals(k, u.path("kl").asDouble(), 1e-5);
                            double l = loss(ratio, c.get("advantage").asDouble(), k, c.at("/stage/loss"));
                            assertEquals(l, u.get("loss").asDouble(), 1e-9);
                            own = u.equals(last(t)) ? own + t.get("weight").asDouble() * l : own;
                            loss += t.get("weight").asDouble() * l;
                            kl += k;
                            terms++;
                        }
                    }
                    assertEquals(own, c.get("loss").asDouble(), 1e-9);
                }
                assertEquals(metrics.get("loss").asDouble(), loss / (run == three ? 3 : 1), 1e-6,
                        "the loss of the step is the mean over its updates");
                assertEquals(metrics.path("kl").asDouble(), kl / terms, 1e-6);
            }
        }
    }

    private static JsonNode last(JsonNode token) { return token.has("updates") ? token.get("updates").get(2) : token; }

    private static double advantage(JsonNode c) {
        double[] rewards = c.get("rewards").valueStream().mapToDouble(JsonNode::asDouble).toArray();
        double mean = Arrays.stream(rewards).sum() / rewards.length;
        double std = Math.sqrt(Arrays.stream(rewards).map(r -> (r - mean) * (r - mean)).sum() / (rewards.length - 1));
        JsonNode s = c.at("/stage/advantage");
        assertEquals(mean, c.get("reward_mean").asDouble(), 1e-12);
        assertEquals(std, c.get("reward_std").asDouble(), 1e-12);
        return (c.get("reward").asDouble() - mean) / (std + s.get("eps").asDouble()) + s.get("noise").asDouble() * c.get("normal").asDouble();
    }

    private static double kl(double above, double clamp) { return Math.min(Math.exp(-above) + above - 1, clamp); }

    private static double loss(double ratio, double advantage, double kl, JsonNode settings) {
        double low = settings.get("epsilon_low").isNull() ? 0 : 1 - settings.get("epsilon_low").asDouble();
        double high = settings.get("epsilon_high").isNull() ? Double.POSITIVE_INFINITY : 1 + settings.get("epsilon_high").asDouble();
        return -Math.min(ratio * advantage, Math.clamp(ratio, low, high) * advantage) + settings.get("beta").asDouble() * kl;
    }

    @Test void everyKeyThatInspectPrintsIsInTheTable() throws IOException {
        Inspection inspection = new Inspection(three, Assertions::fail);
        ObjectNode step = inspection.step(LETTERS + 1);
        ObjectNode group = inspection.prompt(LETTERS + 1, 0);
        ObjectNode completion = inspection.completion(LETTERS + 1, 0, 0);
        JsonNode token = completion.get("tokens").get(0);
        Set<String> printed = new TreeSet<>();
        for (JsonNode o : List.of(step, step.get("groups").get(0), group, group.get("completions").get(0), completion,
                completion.get("updates").get(0), token, token.get("updates").get(0))) printed.addAll(keys(o));
        assertEquals(RunFolderText.table("inspect prints"), printed);
        assertEquals(keys(token).size() + 1, keys(inspection.token(LETTERS + 1, 0, 0, 0)).size(), "a token alone has its stage beside it");
    }

    /// `RUN-FOLDER.md` has every key that is written, and none that is not.
    @Test void everyKeyIsInTheTable() throws IOException {
        Set<String> table = RunFolderText.table("A line of metrics.jsonl");
        Set<String> unused = new HashSet<>(table);
        // Of losses, and of data, that this run does not have; tests of those look for them.
        unused.removeAll(Set.of("cispo_clip_ratio", "clip_ratio/delta_mean", "epoch/KIND"));
        for (String line : Files.readAllLines(three.resolve("metrics.jsonl"))) {
            for (String key : keys(JSON.readTree(line))) {
                String name = table.contains(key) ? key : key.replaceFirst("/[^/]+$", "/KIND");
                assertTrue(table.contains(name), "RUN-FOLDER.md lacks " + key);
                unused.remove(name);
            }
        }
        assertEquals(Set.of(), unused, "RUN-FOLDER.md has keys that nothing writes");
    }
}
