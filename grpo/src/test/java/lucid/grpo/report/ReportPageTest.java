package lucid.grpo.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import lucid.grpo.run.RunReader;
import org.htmlunit.html.DomElement;
import org.htmlunit.html.HtmlElement;
import org.htmlunit.html.HtmlPage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the report's script makes of a run.
class ReportPageTest {
    private static final String SUMMARY = """
            {"seconds": 125.6, "final_hash": "beef", "expected_hash": "beef", "stages": [
            {"name": "base", "stage": "talk", "questions": 10, "accuracy": 0.5, "accuracy_by_kind": {"order": 0.25}, "format": 1.0, "mean_length": 3.0, "seconds": 100},
            {"name": "grpo", "stage": "reason", "questions": 1000, "accuracy": 0.9, "accuracy_by_kind": {"order": 0.75}, "format": 1.0, "mean_length": 40.25, "evidence": 0.5, "seconds": 25}],
            "controls": [{"control": "BLANK", "name": "blank", "questions": 10, "accuracy": 0.2, "order_questions": 0, "note": "a grey clip"}]}""";

    private final Browser browser = new Browser();

    @TempDir Path run;

    @AfterEach void close() { browser.close(); }

    @Test void aFinishedRun() throws IOException {
        steps("A", "B");
        Files.writeString(run.resolve("summary.json"), SUMMARY);
        HtmlPage page = page();
        assertEquals("Lucid: small, seed 7", page.getTitleText());
        assertEquals(List.of("Stages", "Learning from rewards", "Base training and cold start", "Inside the groups", "Recipe"),
                Browser.texts(page, "h2"));
        assertEquals(List.of("50.0 %", "90.0 %", "2:06 min"), Browser.texts(page, ".big"));
        assertTrue(page.getBody().getTextContent().contains("as expected: the same bits as everybody else’s run"));
        // Wilson's intervals of 5 of 10 and 900 of 1000, as in his paper's formula.
        assertEquals(List.of("base", "50.0 % [23.7, 76.3]", "100.0 %", "3.0", "–", "25.0 %", "100"),
                Browser.texts(page, "section:nth-of-type(1) table:first-of-type tbody tr:nth-child(1) > *").subList(0, 7));
        assertTrue(page.getBody().getTextContent().contains("90.0 % [88.0, 91.7]"));
        List<String> charts = Browser.attributes(page, "svg[role=img]", "aria-label");
        assertTrue(charts.contains("Reward, first and last. smoothed: 1 at step 1, 1.28 at step 3; per step: 1 at step 1, 2 at step 3"),
                charts.toString());
        assertTrue(charts.contains("Accuracy, first and last. rollouts, smoothed: 0.25 at step 1, 0.25 at step 3; rollouts, per step: 0.25 at step "
                + "1, 0.25 at step 3; held out, greedy: 0.9 at step 3, 0.9 at step 3"), charts.toString());
        assertTrue(charts.contains("talk: loss per token, first and last. loss: 7 at step 1, 7 at step 1"), charts.toString());
    }

    /// Axes have round values, a number of digits that tells them apart, and a power of ten where they are small or large.
    @Test void axes() throws IOException {
        steps("A");
        HtmlPage page = page();
        assertEquals("0.0 0.2 0.4 0.6 0.8 1.0", page.executeJavaScript("scale(0, 1).texts.join(' ')").getJavaScriptResult());
        assertEquals("-2.0 -1.5 -1.0 -0.5 0.0", page.executeJavaScript("scale(-2, -0.1).texts.join(' ')").getJavaScriptResult());
        assertEquals("0.0 0.5 1.0 1.5 2.0 -5", page.executeJavaScript("(s => s.texts.join(' ') + ' ' + s.exponent)(scale(0, 2e-5))")
                .getJavaScriptResult());
        assertEquals("3.6 3.8 4.0 4.2 4.4", page.executeJavaScript("scale(4, 4).texts.join(' ')").getJavaScriptResult());
        assertEquals("59:59 min 1:00:01 h", page.executeJavaScript("clock(3599) + ' ' + clock(3600.6)").getJavaScriptResult());
    }

    /// One stop of the tab key for a completion, the arrow keys from token to token, Escape closes the numbers.
    @Test void tokensByKeyboard() throws IOException {
        steps("A", "B", "C");
        HtmlPage page = page();
        assertEquals(List.of("0", "-1", "-1", "0", "-1", "-1"), Browser.attributes(page, ".tokens span", "tabindex"));
        HtmlElement first = page.querySelector(".tokens span");
        DomElement tip = page.getElementById("tip");
        first.focus();
        assertTrue(tip.getTextContent().startsWith("\"A\"\nprobability     36.79 %\n"), tip.getTextContent());
        assertTrue(tip.getTextContent().endsWith("gradient coeff. -2.00e-3, pushed up"), tip.getTextContent());
        assertEquals("tip", first.getAttribute("aria-describedby"));
        press(page, "End");
        HtmlElement last = (HtmlElement) page.getFocusedElement();
        assertEquals("C", last.getTextContent());
        assertEquals(DomElement.ATTRIBUTE_NOT_DEFINED, first.getAttribute("aria-describedby"));
        press(page, "ArrowLeft");
        HtmlElement middle = (HtmlElement) page.getFocusedElement();
        assertEquals("B", middle.getTextContent());
        assertTrue(tip.getTextContent().endsWith("1.00e-3, pushed down"), tip.getTextContent());
        assertEquals(List.of("-1", "0", "-1"), Browser.attributes(page, ".tokens span", "tabindex").subList(0, 3));
        press(page, "Escape");
        assertTrue(tip.hasAttribute("hidden"));
    }

    /// Words are shown as they are: no element, no turn of what follows them, and nothing that cannot be seen.
    @Test void wordsOfAllKinds() throws IOException {
        steps("<b>x</b>", "\\u202eabc", "\\u0000", "\\n", "👩\\u200d👧");
        HtmlPage page = page();
        assertEquals(List.of("<b>x</b>", "\\u202eabc", "^@", "⏎\n", "👩\u200d👧"), Browser.texts(page, ".tokens span").subList(0, 5));
        assertNull(page.querySelector(".tokens b"));
        HtmlElement second = (HtmlElement) page.querySelectorAll(".tokens span").get(1);
        second.mouseOver();
        assertTrue(page.getElementById("tip").getTextContent().startsWith("\"\\u202eabc\"\n"));
        assertEquals(List.of("step 2 (reason 1): Which?", "step 3 (reason 2): Which?", "step 4 (reason 3): Which?"), Browser.texts(page, "option"));
    }

    /// Numbers that are none (in JSON they are words) leave gaps in curves, and stop nothing.
    @Test void numbersThatAreNone() throws IOException {
        steps("A");
        Path metrics = run.resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics).replaceFirst("\"reward\":1.0", "\"reward\":\"NaN\""));
        ledger(4, "[\"A\"]", "[\"NaN\"]");
        HtmlPage page = page();
        assertTrue(Browser.attributes(page, "svg[role=img]", "aria-label")
                .contains("Reward, first and last. smoothed: 2 at step 2, 2 at step 3; per step: 2 at step 2, 2 at step 3"));
        HtmlElement token = page.querySelector(".tokens span");
        token.mouseOver();
        assertTrue(page.getElementById("tip").getTextContent().endsWith("gradient coeff. NaN"));
    }

    @Test void aRunThatHasOnlyBegun() throws IOException {
        HtmlPage page = page();
        assertEquals(List.of("Recipe"), Browser.texts(page, "h2"));
        assertTrue(page.getBody().getTextContent().contains("not finished yet"));
        assertFalse(page.querySelectorAll("svg").size() > 0);
    }

    // HtmlUnit's own keys have no names.
    private static void press(HtmlPage page, String key) {
        page.executeJavaScript("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '" + key
                + "', bubbles: true, cancelable: true}))");
    }

    // One supervised step, then three of rewards with a prompt of two completions.
    private void steps(String... tokens) throws IOException {
        StringBuilder metrics = new StringBuilder("{\"step\":1,\"stage\":\"talk\",\"stage_step\":1,\"loss\":7}\n");
        Files.createDirectories(run.resolve("rollouts"));
        Files.createDirectories(run.resolve("ledger"));
        for (int i = 1; i <= 3; i++) {
            metrics.append(String.format(Locale.ROOT,
                    "{\"step\":%d,\"stage\":\"reason\",\"stage_step\":%d,\"reward\":%.1f,\"rewards/accuracy_reward/mean\":0.25,\"kl\":0}%n", i + 1, i,
                    i == 1 ? 1.0 : 2.0));
            StringBuilder rollouts = new StringBuilder();
            for (int c = 0; c < 2; c++) {
                rollouts.append("{\"step\":").append(i + 1).append(",\"prompt\":0,\"completion\":").append(c)
                        .append(",\"clip\":\"a.mp4\",\"question\":\"Which?\\nOptions\",\"solution\":\"<answer>A</answer>\",\"accuracy\":1,\"format\":1,\"reward\":").append(c).append(",\"advantage\":1}\n");
            }
            Files.writeString(run.resolve(String.format(Locale.ROOT, "rollouts/step-%06d.jsonl", i + 1)), rollouts);
            StringBuilder coefficients = new StringBuilder();
            for (int t = 0; t < tokens.length; t++) coefficients.append(t == 0 ? "-0.002" : ",0.001");
            ledger(i + 1, "[\"" + String.join("\",\"", tokens) + "\"]", "[" + coefficients + "]");
        }
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
    }

    private void ledger(int step, String tokens, String coefficients) throws IOException {
        String ones = coefficients.replaceAll("[^\\[\\],]+", "1");
        Path file = run.resolve(String.format(Locale.ROOT, "ledger/step-%06d.jsonl.gz", step));
        try (Writer w = new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(file)), StandardCharsets.UTF_8)) {
            for (int c = 0; c < 2; c++) {
                w.append(String.format(Locale.ROOT,
                        "{\"prompt\":0,\"completion\":%d,\"tokens\":%s,\"logprob\":%s,\"ratio\":%s,\"entropy\":%s,\"coefficient\":%s}%n", c, tokens,
                        ones.replace("1", "-1"), ones, ones, coefficients));
            }
        }
    }

    private HtmlPage page() throws IOException {
        Files.writeString(run.resolve("config.json"), """
                {"recipe": {"name": "small", "seed": 7, "description": "", "evaluation": {"interim": 0},
                "stages": [{"name": "talk", "phase": "base", "kind": "supervised", "steps": 1}, {"name": "reason", "phase": "grpo", "kind": "grpo", "steps": 3}]}}""");
        return browser.open(new Report(new RunReader(run, _ -> {}), _ -> List.of("data:,"), _ -> {}).write());
    }
}
