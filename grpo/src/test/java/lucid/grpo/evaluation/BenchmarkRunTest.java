package lucid.grpo.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import lucid.grpo.console.Console;
import lucid.grpo.data.Control;
import lucid.grpo.evaluation.BenchmarkRun.Missing;
import lucid.grpo.evaluation.Protocol.Mode;
import lucid.grpo.report.Browser;
import lucid.grpo.run.Forced;
import lucid.grpo.run.RunException;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.benchmark.Benchmark;
import lucid.video.benchmark.BenchmarkQuestion;
import lucid.video.benchmark.BenchmarkReader;
import lucid.video.file.VideoWriter;
import org.htmlunit.html.HtmlPage;
import org.htmlunit.html.HtmlSelect;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Interruption, resumption, missing clips and figures, with a scripted model.
class BenchmarkRunTest {
    private static final int QUESTIONS = 12;
    private static final Benchmark BENCHMARK = Benchmark.parse("test", """
            {"name": "test", "files": [{"names": ["q.jsonl"]}], "id": ["id"], "prompt": {"field": "q", "head": "\\n", "option": "{letter}. {text}"}, "options": {"form": "list", "fields": ["o"]},
             "answer": {"field": "a", "form": "letter"}, "kinds": {"sort": "k"}, "video": {"pattern": "{v}.mp4"}, "average": {"over": "sort"}}""");

    @TempDir Path root;
    private Path out;
    private List<BenchmarkQuestion> questions;
    private String arithmetic = "exact";

    @BeforeEach void questionsAndClips() throws IOException {
        out = root.resolve("out");
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < QUESTIONS; i++) {
            s.append("{\"id\": \"q").append(i).append("\", \"q\": \"Number ").append(i).append("?\", \"o\": [\"x\", \"y\"], \"a\": \"")
                    .append(i % 2 == 0 ? "A" : "B").append("\", \"k\": \"")
                    .append(i < 9 ? "many" : "few").append("\", \"v\": ").append(i % 3).append("}\n");
        }
        Files.writeString(root.resolve("q.jsonl"), s);
        for (int i = 0; i < 3; i++) {
            byte[] rgb = new byte[4 * 16 * 16 * 3];
            java.util.Arrays.fill(rgb, (byte) (60 * i + 20));
            VideoWriter.write(root.resolve(i + ".mp4"), Frames.of(4, 16, 16, rgb, 10));
        }
        questions = BenchmarkReader.read(BENCHMARK, BenchmarkReader.Place.of(root));
    }

    private static Protocol protocol(Mode mode, long seed) {
        return new Protocol(mode, false, new FrameSampling.Uniform(2), 8, seed, false, Control.NONE);
    }

    private BenchmarkEvaluation evaluation(Protocol p, Missing missing) {
        return new BenchmarkEvaluation(BENCHMARK, questions, 0, p, missing, "model", "tokenizer", arithmetic);
    }

    /// Says A to everything and remembers what it was asked.
    private static final class Scripted implements Asker {
        private final List<Integer> asked = new ArrayList<>();
        private int dieAt = -1;
        private String says = "<answer>A</answer>";

        @Override public Reply ask(int number, String user, Frames frames, Protocol protocol) {
            if (asked.size() == dieAt) throw new IllegalStateException("the power went out");
            asked.add(number);
            assertTrue(user.startsWith("Number " + number + "?\nA. x\nB. y\nOutput the thinking process"), user);
            return new Reply(says, 3, true);
        }
    }

    private Scores run(Scripted model, Protocol p, boolean resume) {
        return evaluation(p, Missing.LEAVE_OUT).run(out, resume, model, 8, Console.silent(), () -> false).orElseThrow();
    }

    @Test void anInterruptedRunLosesNoAnswerAndAsksNothingTwice() throws IOException {
        Scripted model = new Scripted();
        model.dieAt = 5;
        Protocol p = protocol(Mode.GREEDY, 1);
        assertThrows(IllegalStateException.class, () -> run(model, p, false));
        Path answers = out.resolve("answers.jsonl");
        assertEquals(5, Files.readAllLines(answers).size());
        // What a killed process leaves: half a line.
        Files.writeString(answers, "{\"question\":\"q5\",\"tru", StandardOpenOption.APPEND);
        model.dieAt = -1;
        Scores s = run(model, p, true);
        assertEquals(List.of(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11), model.asked, "clip by clip");
        assertEquals(new Score(12, 6), s.all());
        assertEquals(12, Files.readAllLines(answers).size());

        Path other = root.resolve("other");
        Scripted uninterrupted = new Scripted();
        Scores whole = evaluation(p, Missing.LEAVE_OUT).run(other, false, uninterrupted, 8, Console.silent(), () -> false).orElseThrow();
        assertEquals(whole.kinds(), s.kinds());
        page();
        run(model, p, true);
        assertEquals(12, model.asked.size(), "a complete evaluation asks nothing");
    }

    @Test void answersWithoutALetterAreSaidInWords() throws IOException {
        Scripted mute = new Scripted();
        mute.says = "A";
        String text = run(mute, protocol(Mode.GREEDY, 1), false).toText();
        assertTrue(text.contains("no letter found in 12 answers (100.0 %): 12 without answer tags; 0 guessed"), text);
        text = evaluation(protocol(Mode.GREEDY, 1), Missing.LEAVE_OUT).run(root.resolve("all"), false, new Scripted(), 8, Console.silent(),
                () -> false).orElseThrow().toText();
        assertTrue(text.contains("no letter found in 0 answers (0.0 %); 0 guessed"), text);
    }

    // All answers, and the half of them that is wrong.
    private void page() throws IOException {
        try (Browser browser = new Browser()) {
            HtmlPage page = browser.open(out.resolve("report.html"));
            assertTrue(Browser.texts(page, "h2").containsAll(List.of("Answers", "Settings")), Browser.texts(page, "h2").toString());
            assertEquals(12, page.querySelectorAll(".completion").size());
            assertTrue(page.getBody().getTextContent().contains("Number 3?"));
            page.<HtmlSelect>querySelector("select").setSelectedAttribute("wrong", true);
            assertEquals(6, page.querySelectorAll(".completion.bad").size());
            assertEquals(0, page.querySelectorAll(".completion.good").size());
        }
    }

    @Test void oneThatIsStoppedKeepsItsAnswersAndSaysHowToGoOn() throws IOException {
        Scripted model = new Scripted();
        Protocol p = protocol(Mode.GREEDY, 1);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Console console = new Console(new PrintStream(said, true, StandardCharsets.UTF_8), false);
        assertEquals(Optional.empty(), evaluation(p, Missing.LEAVE_OUT).run(out, false, model, 8, console, () -> model.asked.size() == 5));
        assertEquals(5, Files.readAllLines(out.resolve("answers.jsonl")).size());
        assertTrue(said.toString(StandardCharsets.UTF_8).contains("stopped after 5 of 12 questions; the same command with --resume --out " + out
                + " goes on from there"), said.toString(StandardCharsets.UTF_8));
        assertFalse(Files.exists(out.resolve("results.json")) || Files.exists(out.resolve("report.html")), "no figures of half a benchmark");
        assertEquals(new Score(12, 6), run(model, p, true).all());
        assertEquals(12, model.asked.size(), "none is asked twice");
    }

    @Test void halfALineIsAnnounced() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        Files.writeString(out.resolve("answers.jsonl"), "{\"que", StandardOpenOption.APPEND);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        evaluation(protocol(Mode.GREEDY, 1), Missing.LEAVE_OUT)
                .run(out, true, new Scripted(), 8, new Console(new PrintStream(said, true, StandardCharsets.UTF_8), false), () -> false)
                .orElseThrow();
        assertTrue(said.toString(StandardCharsets.UTF_8).contains("the last 5 bytes are half an answer"), said.toString(StandardCharsets.UTF_8));
    }

    @Test void otherSettingsAreRefusedWithTheirDifference() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        byte[] before = Files.readAllBytes(out.resolve("answers.jsonl"));
        assertTrue(refused(protocol(Mode.GREEDY, 1), false).contains("--resume"));
        String message = refused(protocol(Mode.PUBLISHED, 2), true);
        assertTrue(message.contains("protocol.mode: \"greedy\" -> \"published\"") && message.contains("protocol.seed: 1 -> 2")
                && message.contains("protocol.top_k: 0 -> 50"), message);
        questions = questions.subList(0, 4);
        assertTrue(refused(protocol(Mode.GREEDY, 1), true).contains("questions: 12 -> 4"));
        assertEquals(new String(before, StandardCharsets.UTF_8), Files.readString(out.resolve("answers.jsonl")));
    }

    @Test void whatElseLiesInAFolderStays() throws IOException {
        Path page = Files.writeString(Files.createDirectories(out).resolve("report.html"), "a run's");
        Files.writeString(out.resolve("config.json"), "{}");
        String message = refused(protocol(Mode.GREEDY, 1), false);
        assertEquals(out + " is not empty and holds no evaluation (no settings.json, which says what was asked): found config.json, report.html; "
                + "nothing was changed. "
                + "Wanted a new or empty folder, or an evaluation's; use another --out", message);
        assertEquals("a run's", Files.readString(page));
        assertEquals(List.of("config.json", "report.html"), Files.list(out).map(p -> p.getFileName().toString()).sorted().toList());
        Files.delete(page);
        Files.move(out.resolve("config.json"), out.resolve(".hidden"));
        assertEquals(12, run(new Scripted(), protocol(Mode.GREEDY, 1), false).asked());
    }

    @Test void damagedSettingsAreNamed() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        Path settings = out.resolve("settings.json");
        Files.writeString(settings, "{\"benchmark\": \"te");
        assertTrue(refused(protocol(Mode.GREEDY, 1), true).startsWith(settings + ": not sound JSON: "), refused(protocol(Mode.GREEDY, 1), true));
        Files.writeString(settings, "[]");
        assertEquals(settings + ": found array, wanted an evaluation's settings (a JSON object); nothing was changed. Put back the settings that it "
                + "began with, or use another --out",
                refused(protocol(Mode.GREEDY, 1), true));
    }

    @Test void anEvaluationOfBeforeTheTokenizersHashIsResumed() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        Path settings = out.resolve("settings.json");
        String whole = Files.readString(settings);
        Files.writeString(settings, whole.replaceFirst("  \"tokenizer_sha256\" : \"tokenizer\",\n", ""));
        assertNotEquals(whole, Files.readString(settings));
        Scripted again = new Scripted();
        assertEquals(new Score(12, 6), run(again, protocol(Mode.GREEDY, 1), true).all());
        assertEquals(List.of(), again.asked);
        assertTrue(refused(protocol(Mode.GREEDY, 2), true).contains("protocol.seed: 1 -> 2"));
        Files.writeString(settings, whole.replace("\"tokenizer\"", "\"another\""));
        assertTrue(refused(protocol(Mode.GREEDY, 1), true).contains("tokenizer_sha256: \"another\" -> \"tokenizer\""));
    }

    @Test void answersOfAnotherArithmeticAreNotMixedIn() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        Path settings = out.resolve("settings.json");
        String whole = Files.readString(settings);
        String older = whole.replaceFirst("  \"arithmetic\" : \"exact\",\n", "");
        assertNotEquals(whole, older);
        for (String there : List.of(whole, older)) {
            Files.writeString(settings, there);
            arithmetic = "exact";
            run(new Scripted(), protocol(Mode.GREEDY, 1), true);
            arithmetic = "reference";
            assertTrue(refused(protocol(Mode.GREEDY, 1), true).contains("arithmetic: \"exact\" -> \"reference\""));
        }
    }

    /// An answer is on the disk only if its file's name is.
    @Test void theNameOfTheAnswersIsForced() throws IOException {
        ObjectNode settings = evaluation(protocol(Mode.GREEDY, 1), Missing.STOP).settings();
        assertEquals(List.of(root, out, out), Forced.folders(() -> AnswerLog.open(out, settings, false, _ -> {}).close()),
                "the folder, settings.json, answers.jsonl");
    }

    @Test void whatAKilledEvaluationWasWritingIsSweptAway() throws IOException {
        Path left = Files.writeString(Files.createDirectories(out).resolve(".results.json.7-1.partial"), "half");
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        assertFalse(Files.exists(left));
    }

    private String refused(Protocol p, boolean resume) { return assertThrows(RunException.class, () -> run(new Scripted(), p, resume)).getMessage(); }

    @Test void answersThatWereTamperedWith() throws IOException {
        run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        Path answers = out.resolve("answers.jsonl");
        List<String> lines = Files.readAllLines(answers);
        Files.writeString(answers, lines.get(0) + "\noops\n");
        assertTrue(refused(protocol(Mode.GREEDY, 1), true).contains("answers.jsonl, line 2: not an answer"));
        Files.writeString(answers, lines.get(0) + "\n" + lines.get(0) + "\n");
        assertTrue(refused(protocol(Mode.GREEDY, 1), true).contains("line 2: a second answer to question q0"));
    }

    @Test void missingClipsAreCountedAndNamed() throws IOException {
        Files.delete(root.resolve("1.mp4"));
        Files.writeString(root.resolve("2.mp4"), "no video");
        Scripted model = new Scripted();
        Scores left = run(model, protocol(Mode.GREEDY, 1), false);
        assertEquals(List.of(0, 3, 6, 9), model.asked);
        assertEquals(4, left.all().questions());
        assertEquals(8, left.notShown().size());
        assertTrue(left.toText().contains("8 questions about clips that could not be shown, not part of these figures") && left.toText()
                .contains("1.mp4: no such file"), left.toText());

        Scores wrong = evaluation(protocol(Mode.GREEDY, 1), Missing.WRONG).run(out, true, model, 8, Console.silent(), () -> false).orElseThrow();
        assertEquals(new Score(12, left.all().right()), wrong.all());
        assertEquals(4, model.asked.size());
        JsonNode results = new ObjectMapper().readTree(Files.readString(out.resolve("results.json")));
        assertEquals(8, results.at("/not_shown/questions").asInt());
        assertEquals("wrong", results.at("/not_shown/treated").asText());
        assertTrue(results.at("/not_shown/reasons/q1").asText().endsWith("1.mp4: no such file"));

        String stop = assertThrows(RunException.class, () -> evaluation(protocol(Mode.GREEDY, 1), Missing.STOP)
                .run(root.resolve("stop"), false, model, 8, Console.silent(), () -> false).orElseThrow()).getMessage();
        assertTrue(stop.contains("4 of 12 questions") && stop.contains("1.mp4"), stop);
        Files.copy(root.resolve("0.mp4"), root.resolve("1.mp4"));
        stop = assertThrows(RunException.class, () -> evaluation(protocol(Mode.GREEDY, 1), Missing.STOP)
                .run(root.resolve("stop"), false, model, 8, Console.silent(), () -> false).orElseThrow()).getMessage();
        assertTrue(stop.startsWith("question q2: " + root.resolve("2.mp4") + ": not a video") && stop.contains("--missing leave_out"), stop);
        assertFalse(Files.exists(root.resolve("stop")));
    }

    @Test void anotherQuestionsClipNeedsASecondClip() throws IOException {
        Protocol other = new Protocol(Mode.GREEDY, false, new FrameSampling.Uniform(2), 8, 1, false, Control.OTHER);
        assertEquals(12, run(new Scripted(), other, false).all().questions());
        out = root.resolve("one");
        List<BenchmarkQuestion> all = questions;
        questions = all.stream().filter(q -> q.number() % 3 == 0).toList();
        assertEquals(4, run(new Scripted(), protocol(Mode.GREEDY, 1), false).all().questions(), "one clip is enough without the control");
        out = root.resolve("refused");
        String message = refused(other, false);
        assertTrue(message.startsWith("control other: found one clip only") && message.contains("0.mp4") && message.contains("wanted at least two"),
                message);
        // The others' clips are not there: again one is left.
        questions = all;
        Files.delete(root.resolve("1.mp4"));
        Files.delete(root.resolve("2.mp4"));
        assertEquals(message, refused(other, false));
        assertFalse(Files.exists(out), "nothing was run");
    }

    @Test void publishedGuessesAreSeededAndCounted() {
        Scripted model = new Scripted();
        model.says = "I do not know";
        Protocol p = protocol(Mode.PUBLISHED, 7);
        Scores s = run(model, p, false);
        assertEquals(12, s.guessed());
        assertEquals(1.0, s.parseFailureRate());
        assertTrue(s.all().right() > 0 && s.all().right() < 12, "guesses are right by chance: " + s.all());
        Scores again = evaluation(p, Missing.LEAVE_OUT).run(root.resolve("again"), false, model, 8, Console.silent(), () -> false).orElseThrow();
        assertEquals(s.all(), again.all());
        Scores greedy = evaluation(protocol(Mode.GREEDY, 7), Missing.LEAVE_OUT).run(root.resolve("greedy"), false, model, 8, Console.silent(),
                () -> false).orElseThrow();
        assertEquals(new Score(12, 0), greedy.all());
        assertEquals(0, greedy.guessed());
        model.says = "<answer> </answer>";
        Scores empty = evaluation(p, Missing.LEAVE_OUT).run(root.resolve("empty"), false, model, 8, Console.silent(), () -> false).orElseThrow();
        assertEquals(new Score(12, 0), empty.all(), "empty tags are wrong, not guessed");
    }

    @Test void theMeanOverKindsIsNotTheAccuracy() {
        questions = questions.stream().filter(q -> q.number() != 10).toList();
        Scores s = run(new Scripted(), protocol(Mode.GREEDY, 1), false);
        assertEquals(new Score(9, 5), s.kinds().get("sort").get("many"));
        assertEquals(new Score(2, 0), s.kinds().get("sort").get("few"));
        assertEquals((5.0 / 9 + 0) / 2, s.headline(), 1e-12);
        assertEquals(5.0 / 11, s.all().accuracy(), 1e-12);
        assertEquals(0.5, s.chance(), 1e-12);
    }

    @Test void someQuestionsAreAlwaysTheSameOnes() {
        List<BenchmarkQuestion> five = BenchmarkRun.some(questions, 5);
        assertEquals(5, five.size());
        assertEquals(five, BenchmarkRun.some(questions, 5));
        assertTrue(BenchmarkRun.some(questions, 8).containsAll(five), "more questions are those and others");
        assertEquals(questions, BenchmarkRun.some(questions, 0));
        assertEquals(questions, BenchmarkRun.some(questions, 99));
    }

    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    @Test void wilsonIntervals() {
        assertInterval(0.2553, 0.3662, new Score(263, 81));
        assertInterval(0.0624, 0.1605, new Score(148, 15));
        assertInterval(0, 0.1611, new Score(20, 0));
        assertInterval(0.0061, 0.1718, new Score(29, 1));
        for (int n = 0; n < 300; n++) {
            assertEquals(0.0, new Score(n, 0).low(), "none of " + n);
            assertEquals(1.0, new Score(n, n).high(), "all of " + n);
        }
    }

    private static void assertInterval(double low, double high, Score s) {
        assertEquals(low, s.low(), 5e-5);
        assertEquals(high, s.high(), 5e-5);
    }
}
