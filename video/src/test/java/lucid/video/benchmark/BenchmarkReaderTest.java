package lucid.video.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import lucid.video.benchmark.BenchmarkQuestion.Choice;
import lucid.video.benchmark.BenchmarkReader.Place;
import lucid.video.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every shipped benchmark in its published layout, and what is refused.
class BenchmarkReaderTest {
    private static final String HEADER = "video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\n";
    private static final String NEXT = "4010069381,369,640,480,how does the man play,2,6,CH,roll it,\"tap, tap\",\"say \"\"go\"\"\",hit,pat\n";
    private static final String MVBENCH = "[{\"video\": \"a.mp4\", \"question\": \"What happens?\", \"candidates\": [\"It falls.\", \"It rises.\"], "
            + "\"answer\": \"It rises.\", \"start\": 1.5, \"end\": 4}]";

    @TempDir Path root;

    private void file(String name, String text) throws IOException {
        Path f = root.resolve(name);
        Files.createDirectories(f.getParent());
        Files.writeString(f, text);
    }

    private List<BenchmarkQuestion> read(String name) { return BenchmarkReader.read(Benchmark.of(name), Place.of(root)); }

    private void refused(String name, String... parts) {
        RuntimeException e = assertThrows(RuntimeException.class, () -> read(name));
        assertTrue(e instanceof DataException || e instanceof IllegalArgumentException, e.toString());
        for (String part : parts) assertTrue(e.getMessage().contains(part), "wanted '" + part + "' in: " + e.getMessage());
    }

    @ParameterizedTest @ValueSource(strings = {"nextqa", "nextqa-hub", "nextqa-30s", "mvbench", "video-mme", "mlvu", "mmvu"})
    void everyShippedDefinitionIsSound(String name) {
        assertTrue(Benchmark.SHIPPED.contains(name));
        Benchmark b = Benchmark.of(name);
        assertEquals(name, b.name());
        assertFalse(b.source().isBlank());
        assertEquals(switch (name) {
            case "mvbench" -> 20;
            case "mlvu" -> 7;
            default -> 1;
        }, b.files().size());
    }

    @Test void nextQa() throws IOException {
        file("val.csv", HEADER + NEXT);
        file("map_vid_vidorID.json", "{\"4010069381\": \"1006/4010069381\"}");
        Files.createDirectories(root.resolve("NExTVideo"));
        BenchmarkQuestion q = read("nextqa").getFirst();
        assertEquals("4010069381-6", q.id());
        assertEquals("How does the man play?\nOptions:\nA. roll it.\nB. tap, tap.\nC. say \"go\".\nD. hit.\nE. pat.", q.problem());
        assertEquals("C", q.answer());
        assertEquals(Map.of("type", "CH"), q.kinds());
        assertEquals(root.resolve("NExTVideo/1006/4010069381.mp4"), q.video());
        assertEquals(Benchmark.Clip.UNIFORM, q.clip());
    }

    /// Numbers where the csv has text, clips named by their number alone, no table of places.
    @Test void nextQaAsTheHubHasIt() throws IOException {
        file("MC/test-00000-of-00001.jsonl", "{\"video\": 4010069381, \"frame_count\": 369, \"width\": 640, \"height\": 480, \"question\": \"how "
                + "does the man play\", \"answer\": 2, \"qid\": 6, \"type\": \"CH\", "
                + "\"a0\": \"roll it\", \"a1\": \"tap\", \"a2\": \"go\", \"a3\": \"hit\", \"a4\": \"pat\"}\n");
        Files.createDirectories(root.resolve("NExTVideo"));
        BenchmarkQuestion q = read("nextqa-hub").getFirst();
        assertEquals("4010069381-6", q.id());
        assertEquals("How does the man play?\nOptions:\nA. roll it.\nB. tap.\nC. go.\nD. hit.\nE. pat.", q.problem());
        assertEquals("C", q.answer());
        assertEquals(root.resolve("NExTVideo/4010069381.mp4"), q.video());
    }

    @Test void nextQaAsTheTrainingFileHasIt() throws IOException {
        file("nextqa_0-30s.jsonl", "{\"problem_id\": 1, \"problem\": \"Which?\\nOptions:\\nA. Ring.\\nB. Bar.\", \"data_type\": \"video\", "
                + "\"problem_type\": [\"reasoning\"], "
                + "\"solution\": \"<answer>B</answer>\", \"video_filename\": \"./NextQA/NExTVideo/1/2.mp4\"}\n");
        BenchmarkQuestion q = read("nextqa-30s").getFirst();
        assertEquals("Which?\nOptions:\nA. Ring.\nB. Bar.", q.problem());
        assertEquals("B", q.answer());
        assertEquals(List.of(new Choice("A", "Ring"), new Choice("B", "Bar")), q.choices());
        assertEquals(root.resolve("NextQA/NExTVideo/1/2.mp4"), q.video());
    }

    @Test void mvBench() throws IOException {
        for (Benchmark.AnnotationFile f : Benchmark.of("mvbench").files()) file("json/" + f.names().getFirst(), MVBENCH);
        Files.createDirectories(root.resolve("video"));
        List<BenchmarkQuestion> all = read("mvbench");
        assertEquals(20, all.size());
        assertEquals(20, all.stream().map(BenchmarkQuestion::id).distinct().count());
        BenchmarkQuestion pose = all.getFirst();
        assertEquals("What happens?\nOptions:\nA. It falls.\nB. It rises.", pose.problem());
        assertEquals("B", pose.answer());
        assertEquals(Map.of("task", "Fine-grained Pose"), pose.kinds());
        assertEquals(Benchmark.Clip.SEGMENTS, pose.clip());
        assertFalse(pose.bounded());
        BenchmarkQuestion episodes = all.get(1);
        assertEquals(Benchmark.Clip.PICTURES, episodes.clip());
        assertEquals(1.5, episodes.from());
        assertEquals(4, episodes.to());
        assertEquals(root.resolve("video/tvqa/frames_fps3_hq/a.mp4"), episodes.video());
    }

    @Test void videoMme() throws IOException {
        file("videomme.jsonl", "{\"video_id\":\"001\",\"duration\":\"short\",\"domain\":\"Knowledge\",\"sub_category\":\"x\",\"url\":\"u\",\"videoID\":\"fFjv93ACGo8\",\"question_id\":\"001-1\","
                + "\"task_type\":\"Counting Problem\",\"question\":\"When?\",\"options\":[\"A. Now.\",\"B. Then.\",\"C. 1.5 hours ago.\",\"D. "
                        + "Never.\"],\"answer\":\"C\"}\n");
        Files.createDirectories(root.resolve("data"));
        BenchmarkQuestion q = read("video-mme").getFirst();
        assertEquals("When?\nOptions:\nA. Now.\nB. Then.\nC. 1.5 hours ago.\nD. Never.", q.problem());
        assertEquals(new Choice("C", "1.5 hours ago"), q.choices().get(2));
        assertEquals(Map.of("duration", "short", "task", "Counting Problem", "domain", "Knowledge"), q.kinds());
        assertEquals(root.resolve("data/fFjv93ACGo8.mp4"), q.video());
        assertEquals(Benchmark.Clip.DISTINCT, q.clip());
    }

    @Test void mlvu() throws IOException {
        for (Benchmark.AnnotationFile f : Benchmark.of("mlvu").files()) {
            file("json/" + f.names().getFirst(), "[{\"video\": \"1.mp4\", \"duration\": 480.0, \"question\": \"Where?\", \"candidates\": [\"Here\", "
                    + "\"There \"], \"answer\": \"There \", \"question_type\": \"x\"}]");
        }
        Files.createDirectories(root.resolve("video"));
        BenchmarkQuestion q = read("mlvu").getFirst();
        assertEquals("Where?\n(A) Here\n(B) There", q.problem());
        assertEquals("B", q.answer());
        assertEquals(Map.of("task", "count"), q.kinds());
        assertEquals(root.resolve("video/4_count/1.mp4"), q.video());
    }

    @Test void mmvuLeavesOpenQuestionsOut() throws IOException {
        file("validation.json", """
                [
                  {"id": "validation_0", "video": "https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/videos/Art/1.mp4", "question_type": "multiple-choice",
                   "metadata": {"subject": "Art"}, "question": "Which style?", "choices": {"A": "Gothic", "B": "Baroque", "C": "Cubist", "D": "Roman", "E": "None"}, "answer": "B"},
                  {"id": "validation_1", "video": "https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/videos/Art/2.mp4", "question_type": "open-ended",
                   "question": "Why?", "choices": {"A": "", "B": ""}, "answer": "Because."}
                ]""");
        List<BenchmarkQuestion> all = read("mmvu");
        assertEquals(1, all.size());
        assertEquals("Which style?\nA. Gothic\nB. Baroque\nC. Cubist\nD. Roman\nE. None", all.getFirst().problem());
        assertEquals(root.resolve("videos/Art/1.mp4"), all.getFirst().video());
        assertEquals("Art", all.getFirst().kinds().get("subject"));
    }

    /// As a table is written out that has a column for every letter.
    @Test void aLetterWithoutAnOptionIsNone() throws IOException {
        String row = "{\"id\": 1, \"video\": \"1.mp4\", \"question_type\": \"multiple-choice\", \"question\": \"Which?\", "
                + "\"choices\": {\"A\": \"x\", \"B\": \"y\", \"C\": null}, \"answer\": \"B\"}";
        file("validation.json", row);
        assertEquals("Which?\nA. x\nB. y", read("mmvu").getFirst().problem());
        file("validation.json", row.replace("\"B\"}", "\"C\"}"));
        refused("mmvu", "validation.json:1: field answer: found 'C', wanted one of the letters [A, B]");
    }

    // What is refused, with its line

    @Test void nullIsNoOption() throws IOException {
        file("videomme.jsonl", "{\"duration\":\"short\",\"videoID\":\"f\",\"question_id\":\"1\",\"question\":\"When?\",\"options\":[\"A. "
                + "Now.\",null],\"answer\":\"A\"}\n");
        refused("video-mme", "videomme.jsonl:1: field options[1]: found null, wanted text (record 1)");
    }

    private void nextQaRefused(String csv, String... parts) throws IOException {
        file("val.csv", csv);
        file("map_vid_vidorID.json", "{\"4010069381\": \"1006/4010069381\"}");
        refused("nextqa", parts);
    }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "480,how does the man play,2,|480,how does the man play,5,|val.csv:3: field answer: found '5', wanted a number from 0 to 4",
        "480,how does the man play,2,|480,how does the man play,C,|val.csv:3: field answer: found 'C'",
        "480,how does the man play,2,|480,how does the man play,,|val.csv:3: field answer: found empty text",
        ",hit,pat|,hit|val.csv:3: 12 columns, wanted 13",
        "4010069381|77|val.csv:3: field video: '77' is not in map_vid_vidorID.json",
        "\"tap, tap\"|\"tap, tap|val.csv:3: text after a closing quote"})
    void aWrongLine(String from, String to, String message) throws IOException {
        nextQaRefused(HEADER + NEXT.replace(",6,CH", ",7,CH") + NEXT.replace(from, to), message);
    }

    @Test void aQuoteThatDoesNotEnd() throws IOException {
        nextQaRefused(HEADER + NEXT + NEXT.replace(",6,", ",7,").replace(",pat", ",\"pat"), "val.csv:3: a quoted field that does not end");
    }

    @Test void anEmptyLineIsCalledOne() throws IOException {
        nextQaRefused(HEADER + NEXT + "\n" + NEXT.replace(",6,", ",7,"), "val.csv:3: empty line, wanted 13 as in the header: video,");
    }

    /// Line feeds, returns and line feeds, returns alone: none of them is part of a field that is not quoted.
    @ParameterizedTest @ValueSource(strings = {"\n", "\r\n", "\r"})
    void linesEndInAnyWay(String end) throws IOException {
        file("val.csv", (HEADER + NEXT + NEXT.replace(",6,", ",7,")).replace("\n", end));
        file("map_vid_vidorID.json", "{\"4010069381\": \"1006/4010069381\"}");
        List<BenchmarkQuestion> all = read("nextqa");
        assertEquals(List.of("4010069381-6", "4010069381-7"), all.stream().map(BenchmarkQuestion::id).toList());
        assertEquals("pat", all.getLast().choices().getLast().text());
        file("val.csv", (HEADER + NEXT + NEXT.replace(",2,6,", ",9,7,")).replace("\n", end));
        refused("nextqa", "val.csv:3: field answer: found '9'");
    }

    @Test void aFieldOverTwoLinesKeepsTheCount() throws IOException {
        nextQaRefused(HEADER + NEXT.replace("roll it", "\"roll\nit\"") + NEXT.replace(",6,", ",7,").replace(",2,7", ",9,7"),
                "val.csv:4: field answer: found '9'");
    }

    @Test void theSameQuestionTwice() throws IOException { nextQaRefused(HEADER + NEXT + NEXT, "val.csv:3", "4010069381-6", "line 2"); }

    @Test void aHeaderWithoutAColumn() throws IOException {
        nextQaRefused(HEADER.replace(",answer,", ",anwser,") + NEXT, "val.csv:2: field answer: missing");
    }

    @Test void twoSplitsInOneFolder() throws IOException {
        file("test.csv", HEADER + NEXT);
        nextQaRefused(HEADER + NEXT, "test.csv", "val.csv", "--annotations");
        assertNotNull(BenchmarkReader.read(Benchmark.of("nextqa"), new Place(root, root.resolve("test.csv"), null)).getFirst());
    }

    @Test void nothingThere() { refused("mmvu", "found none of [validation.json, validation.jsonl]", "--annotations"); }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "[{\"question\": 1,|validation.json:1: not JSON",
        "[1]|validation.json:1: found NUMBER as record 1",
        "[{\"question_type\": \"multiple-choice\", \"id\": \"a\", \"id\": \"b\"}]|Duplicate field 'id'",
        "{\"question_type\": \"open-ended\"}|none of the records has {question_type=multiple-choice}",
        "{\"question_type\": \"multiple-choice\", \"id\": 1, \"question\": \"Q\", \"choices\": [\"x\"], \"answer\": \"A\"}|validation.json:1: field "
                + "choices: found [\"x\"], wanted an object",
        "{\"question_type\": \"multiple-choice\", \"id\": 1, \"question\": \"Q\", \"choices\": {\"A\": \"x\", \"B\": \"y\"}, \"answer\": \"C\", "
                + "\"video\": \"v\"}|field answer: found 'C', wanted one of the letters [A, B]",
        "{\"question_type\": \"multiple-choice\", \"id\": 1, \"question\": \"Q\", \"choices\": {\"A\": \"x\", \"B\": \"y\"}, \"answer\": \"A\", "
                + "\"video\": \"../../etc/passwd\"}|wanted one inside the clips' folder"})
    void wrongJson(String json, String message) throws IOException {
        file("validation.json", json);
        refused("mmvu", message);
    }

    @Test void aNameThatNoFileHas() throws IOException {
        for (Benchmark.AnnotationFile f : Benchmark.of("mvbench").files())
            file("json/" + f.names().getFirst(), MVBENCH.replace("a.mp4", "a\\u0000.mp4"));
        refused("mvbench", ".json:1: field video: found U+0000 as character 2, wanted text without it (record 1)");
    }

    @Test void lettersThatAreNotInOrder() throws IOException {
        file("videomme.jsonl", "{\"duration\":\"short\",\"videoID\":\"f\",\"question_id\":\"1\",\"question\":\"When?\",\"options\":[\"A. "
                + "Now.\",\"C. Then.\"],\"answer\":\"A\"}\n");
        refused("video-mme", "videomme.jsonl:1: field options[1]", "'B. '");
    }

    @Test void boundsThatAreUpsideDown() throws IOException {
        for (Benchmark.AnnotationFile f : Benchmark.of("mvbench").files()) file(f.names().getFirst(), MVBENCH.replace("\"end\": 4", "\"end\": 1"));
        refused("mvbench", "episodic_reasoning.json:1: field start: found 1.5, wanted at most end = 1.0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{\"1\": \"a\", \"1\": \"b\"}|map_vid_vidorID.json:1: not JSON: ",
            "{\"1\": \"a\"} {}|map_vid_vidorID.json:1: not JSON: ", "{\"1\": [\"a\"]}|map_vid_vidorID.json:1: field 1: found ARRAY, wanted text"})
    void aTableIsOneObjectOfTexts(String table, String message) throws IOException {
        file("val.csv", HEADER + NEXT);
        file("map_vid_vidorID.json", table);
        refused("nextqa", message);
    }

    @Test void definitionsThatAreWrong() throws IOException {
        String good = """
                {"name": "mine", "files": [{"names": ["mine.json"]}], "prompt": {"field": "q", "head": "\\n", "option": "{letter}) {text}"}, "options": {"form": "list", "fields": ["o"]},
                 "answer": {"field": "a", "form": "letter"}, "video": {"pattern": "{v}.mp4"}}""";
        file("mine.json", "[{\"q\": \"Q?\", \"o\": [\"x\", \"y\"], \"a\": \"B\", \"v\": 7}]");
        file("definition.json", good);
        BenchmarkQuestion q = read(root.resolve("definition.json").toString()).getFirst();
        assertEquals("Q?\nA) x\nB) y", q.problem());
        assertEquals("mine.json#1", q.id());
        for (String[] wrong : new String[][] {{"\"head\"", "\"haed\"",
                ": prompt.haed: there is no such field, wanted one of [field, head, option, question, strip_end]"},
            {"\"letter\"", "\"leter\"", ": answer.form: found \"leter\", wanted one of [letter, index, text, tagged]"},
            {"\"letter\"", "{}", ": answer.form: found {}, wanted "},
                    {"[\"mine.json\"]}", "[\"mine.json\"], \"clip\": \"distnct\"}",
                    ": files[0].clip: found \"distnct\", wanted one of [uniform, distinct, "},
            {"[\"mine.json\"]", "\"mine.json\"", ": files[0].names: found \"mine.json\", wanted a list"},
                    {"{\"pattern\": \"{v}.mp4\"}", "7", ": video: found 7, wanted an object"},
            {"\"field\": \"q\"", "\"field\": [\"q\"]", ": prompt.field: found [\"q\"], wanted a string"},
            {"\"pattern\": \"{v}.mp4\"", "\"pattern\": \"{mapped}.mp4\"", ": video.pattern: {mapped} without video.table"},
                    {"\"name\": \"mine\", ", "", ": name: missing"},
            {good, good + good, ": found more behind the object"}, {good, "", ": found nothing"},
                    {good, "[" + good + "]", ": found [{\"name\":\"mine\""}}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> Benchmark.parse("wrong.json", good.replace(wrong[0], wrong[1])));
            assertTrue(e.getMessage().contains("wrong.json, line") && e.getMessage().contains(wrong[2]), e.getMessage());
            assertFalse(e.getMessage().matches("(?s).*(java\\.|lucid\\.|JsonToken|deserializ|construct|FAIL_ON|bound as).*"), e.getMessage());
        }
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Benchmark.of("mvbnech")).getMessage().contains("mvbench"));
    }
}
