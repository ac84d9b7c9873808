package lucid.video.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionFilesTest {
    private static final String LINE = "{\"problem_id\": 7, \"problem\": \"What is it?\\nOptions:\\nA. owl.\\nB. a cat.\", \"data_type\": "
            + "\"video\", \"problem_type\": [\"reasoning\"], "
            + "\"solution\": \"<answer>B</answer>\", \"video_filename\": \"./clips/1.mp4\"}\n";
    private static final String SAMPLE = """
            [
                {
                    "id": "12",
                    "conversations": [
                        {"from": "human", "value": "<image>\\n What is it?\\nOptions:\\nA. owl.\\nB. a cat.  Output the thinking process in <think> </think> and final answer (option) in <answer> </answer> tags."},
                        {"from": "gpt", "value": "<think> It is a cat. </think> <answer> B </answer>"}
                    ],
                    "video": "./clips/12.mp4"
                }
            ]
            """;

    @TempDir Path dir;

    private Path file(String name, String text) throws IOException { return Files.writeString(dir.resolve(name), text); }

    @Test void bothPublishedLayoutsAreRead() throws IOException {
        ClipQuestion a = QuestionFiles.read(file("a.jsonl", LINE)).getFirst();
        assertEquals(new ClipQuestion("7", "What is it?\nOptions:\nA. owl.\nB. a cat.", "B", List.of("reasoning"), "./clips/1.mp4", ""), a);
        assertEquals(List.of("owl", "a cat"), a.options());
        assertEquals("a cat", a.answer());
        assertEquals(dir.resolve("clips/1.mp4"), a.clip(dir));
        ClipQuestion b = QuestionFiles.read(file("b.json", SAMPLE)).getFirst();
        assertEquals(new ClipQuestion("12", a.problem(), "B", List.of(), "./clips/12.mp4", "<think> It is a cat. </think> <answer> B </answer>"), b);
    }

    @Test void conversationsWithoutOptionsAreRead() throws IOException {
        String said = SAMPLE.replaceFirst("\\\\nOptions:.*?tags\\.", "").replace("<think> It is a cat. </think> <answer> B </answer>",
                "A cat, asleep.");
        String missing = assertThrows(DataException.class, () -> QuestionFiles.readConversations(file("c.json", said), dir)).getMessage();
        assertTrue(missing.contains("c.json:2: field video: found './clips/12.mp4', but there is no file"), missing);
        Files.createFile(Files.createDirectories(dir.resolve("clips")).resolve("12.mp4"));
        assertEquals(List.of(new ClipConversation("12", "./clips/12.mp4", "What is it?", "A cat, asleep.")),
                QuestionFiles.readConversations(file("c.json", said), dir));
        assertEquals("", QuestionFiles.readConversations(file("d.json", said.replace("\\n What is it?", "")), dir).getFirst().question(),
                "a caption may have no question");
        for (String[] bad : new String[][] {{said.replace("\"gpt\"", "\"human\""), "conversations[1].from: found 'human', wanted 'gpt'"},
                {said.replace("A cat, asleep.", " "), "conversations[1].value: found empty text"},
                {said.replace("\"video\"", "\"film\""), "video: missing"}, {"[]", "no conversations"}, {LINE, "wanted an array"}}) {
            Path file = file("bad.json", bad[0]);
            String message = assertThrows(DataException.class, () -> QuestionFiles.readConversations(file, dir)).getMessage();
            assertTrue(message.startsWith(file + ":") && message.contains(bad[1]), message);
        }
    }

    /// As editors of Windows write files.
    @Test void aByteOrderMarkIsNoPartOfTheText() throws IOException {
        assertEquals(QuestionFiles.read(file("a.jsonl", LINE)), QuestionFiles.read(file("marked.jsonl", "\uFEFF" + LINE)));
        assertEquals(QuestionFiles.read(file("b.json", SAMPLE)), QuestionFiles.read(file("marked.json", "\uFEFF" + SAMPLE)));
        for (Charset other : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            Path file = Files.write(dir.resolve("wide.jsonl"), LINE.getBytes(other));
            String message = assertThrows(DataException.class, () -> QuestionFiles.read(file)).getMessage();
            assertTrue(message.startsWith(file + ":1: found UTF-16 text") && message.contains("wanted UTF-8"), other + ": " + message);
        }
    }

    @Test void aClipThatIsNoFileIsSaidToBeWhatItIs() throws IOException {
        Path file = file("a.jsonl", LINE.replace("./clips/1.mp4", "clips"));
        Path clips = Files.createDirectories(dir.resolve("clips"));
        String message = assertThrows(DataException.class, () -> QuestionFiles.read(file, dir)).getMessage();
        assertEquals(file + ":1: field video_filename: found 'clips', but " + clips + " is a folder; wanted a video there (missing clips: 1 of 1)",
                message);
    }

    @Test void aFolderThatIsAFileIsNamed() throws IOException {
        Path file = file("a.jsonl", LINE);
        String message = assertThrows(DataException.class, () -> QuestionFiles.read(file.resolve("train.jsonl"))).getMessage();
        assertEquals(file.resolve("train.jsonl") + ": cannot be read: " + file + " is a file, wanted a folder", message);
    }

    @Test void whatIsWrittenIsTheSame() throws IOException {
        List<ClipQuestion> lines = QuestionFiles.read(file("a.jsonl", LINE + LINE.replace("owl", "öwl \\\"x\\\"")));
        QuestionFiles.writeLines(dir.resolve("copy.jsonl"), lines);
        assertEquals(lines, QuestionFiles.read(dir.resolve("copy.jsonl")));
        assertTrue(Files.readString(dir.resolve("copy.jsonl")).startsWith(LINE));
        List<ClipQuestion> samples = QuestionFiles.read(file("b.json", SAMPLE));
        QuestionFiles.writeConversations(dir.resolve("copy.json"), samples);
        assertEquals(samples, QuestionFiles.read(dir.resolve("copy.json")));
        assertThrows(IllegalArgumentException.class, () -> QuestionFiles.writeConversations(dir.resolve("none.json"), lines));
    }

    @Test void aClipThatIsMissingIsNamedWithItsPlace() throws IOException {
        Path lines = file("a.jsonl", LINE + LINE.replace("1.mp4", "2.mp4").repeat(2) + LINE.replace("1.mp4", "3.mp4"));
        Path clips = Files.createDirectories(dir.resolve("clips"));
        Files.writeString(clips.resolve("1.mp4"), "not looked into");
        DataException e = assertThrows(DataException.class, () -> QuestionFiles.read(lines, dir));
        assertEquals(lines + ":2: field video_filename: found './clips/2.mp4', but there is no file " + clips.resolve("2.mp4")
                + "; wanted a video there (missing clips: 2 of 3)", e.getMessage());
        for (String name : List.of("2.mp4", "3.mp4")) Files.writeString(clips.resolve(name), "");
        assertEquals(QuestionFiles.read(lines), QuestionFiles.read(lines, dir));
        Path samples = file("b.json", SAMPLE);
        e = assertThrows(DataException.class, () -> QuestionFiles.read(samples, dir));
        assertTrue(e.line() == 2 && e.field().equals("video") && e.getMessage().contains(clips.resolve("12.mp4") + ";"), e.getMessage());
    }

    @Test void bytesThatAreNoUtf8AreNamedWithTheirLine() throws IOException {
        for (int line = 1; line <= 3; line++) {
            byte[] bad = (LINE.repeat(line - 1) + LINE.replace("owl", "\u00e4wl") + LINE).getBytes(StandardCharsets.ISO_8859_1);
            Path file = Files.write(dir.resolve("latin.jsonl"), bad);
            DataException e = assertThrows(DataException.class, () -> QuestionFiles.read(file));
            assertEquals(line, e.line(), e.getMessage());
            assertTrue(e.getMessage().contains("latin.jsonl:" + line + ": found byte 0xE4, wanted UTF-8"), e.getMessage());
        }
    }

    @Test void everyFaultIsNamedWithItsLine() throws IOException {
        refused(LINE + "{\"problem_id\": 2,\n", 2, "", "not JSON");
        // The array is opened in this line, wherever the parser of one line says that it is.
        refused(LINE + LINE + "{\"problem_id\": [2\n", 3, "", "expected close marker for Array; wanted");
        refused(LINE + "\n" + LINE, 2, "", "empty line");
        refused(LINE + LINE + "[1]\n", 3, "", "found ARRAY, wanted one JSON object");
        refused(LINE + LINE.replace("\"problem_id\": 7, ", ""), 2, "problem_id", "missing");
        refused(LINE.replace("\"solution\"", "\"answer\""), 1, "solution", "missing");
        refused(LINE.replace("<answer>B</answer>", "<answer>C</answer>"), 1, "solution", "found answer 'C', wanted a letter of the options, A to B");
        refused(LINE.replace("<answer>B</answer>", "B"), 1, "solution", "wanted '<answer>X</answer>'");
        refused(LINE.replace("./clips/1.mp4", ""), 1, "video_filename", "empty text");
        refused(LINE.replace("\"./clips/1.mp4\"", "5"), 1, "video_filename", "found 5, wanted text");
        refused(LINE.replace("B. a cat", "C. a cat"), 1, "problem", "option line 'C. a cat.'");
        refused(LINE.replace("\\nOptions:", " Options:"), 1, "problem", "no line 'Options:'");
        refused(LINE + LINE.strip() + " x\n", 2, "", "not JSON");
        refused(SAMPLE.replace("<answer> B", "<answer> E"), 2, "conversations[1].value", "found answer 'E'");
        refused(SAMPLE.replace("</think>", ""), 2, "conversations[1].value", "wanted '<think>");
        refused(SAMPLE.replace("\"video\"", "\"film\""), 2, "video", "missing");
        refused(SAMPLE.replace("\"gpt\"", "\"human\""), 2, "conversations[1].from", "found 'human', wanted 'gpt'");
        refused(SAMPLE.replace("    }\n]", "    },\n]"), 10, "", "not JSON");
        for (String[] turns : new String[][] {{"{\"a\": 1, \"b\": 2}", "found OBJECT"}, {"\"none\"", "found STRING"}, {"null", "found NULL"},
                {"[1]", "found 1 turns"}}) {
            refused("[{\"id\": 1, \"video\": \"1.mp4\", \"conversations\": " + turns[0] + "}]", 1, "conversations", turns[1] + ", wanted 2");
        }
        refused(LINE + LINE.strip() + LINE, 2, "", "not JSON: found more behind the object; wanted one object a line");
    }

    /// What JSON can spell and no file or name can hold.
    @Test void textThatIsNoneIsNamedWithItsPlace() throws IOException {
        String half = ", half of a surrogate pair; wanted both";
        refused(LINE + LINE.replace("1.mp4", "1\\u0000.mp4"), 2, "video_filename", "found U+0000 as character 10, wanted text without it");
        refused(LINE.replace("owl", "\\ud83e"), 1, "problem", "found U+D83E as character 25" + half);
        refused(LINE.replace("owl", "\\udd89\\ud83e"), 1, "problem", "found U+DD89 as character 25" + half);
        refused(LINE.replace("reasoning", "\\ud83e"), 1, "problem_type", "found U+D83E as character 1" + half);
        refused(LINE.replace("7,", "\"\\ud83e\","), 1, "problem_id", "found U+D83E as character 1" + half);
        refused(SAMPLE.replace("a cat. </think>", "\\ud83e </think>"), 2, "conversations[1].value", "found U+D83E as character 15" + half);
        refused(SAMPLE.replace("12.mp4", "\\u0000"), 2, "video", "found U+0000 as character 9, wanted");
        assertEquals("What is it?\nOptions:\nA. \ud83e\udd89.\nB. a cat.",
                QuestionFiles.read(file("owl.jsonl", LINE.replace("owl", "\\ud83e\\udd89"))).getFirst().problem());
    }

    /// The folder that a name is relative to may be the one that Lucid was started in.
    @Test void aNameThatLeavesNothingIsAFolder() throws IOException {
        Path file = file("a.jsonl", LINE.replace("./clips/1.mp4", "."));
        String message = assertThrows(DataException.class, () -> QuestionFiles.read(file, Path.of(""))).getMessage();
        assertEquals(file + ":1: field video_filename: found '.', but . is a folder; wanted a video there (missing clips: 1 of 1)", message);
    }

    @Test void longValuesAreShortened() throws IOException {
        Path name = file("a.jsonl", LINE.replace("1.mp4", "x".repeat(100_000)));
        Path option = file("b.jsonl", LINE.replace("B. a cat", "C. a " + "cat".repeat(100_000)));
        Path cut = file("c.jsonl", LINE.replace("<answer>B</answer>", "x".repeat(56) + "\ud83e\udd89" + "x".repeat(100_000)));
        for (Path file : List.of(name, option, cut)) {
            String message = assertThrows(DataException.class, () -> QuestionFiles.read(file, dir)).getMessage();
            assertTrue(message.length() < 500 && message.contains("...'") && message.chars().noneMatch(c -> Character.isSurrogate((char) c)),
                    message);
        }
    }

    @Test void anEmptyFileIsNamed() throws IOException {
        for (String empty : List.of("", "\n \n")) {
            Path file = Files.writeString(dir.resolve("empty.jsonl"), empty);
            assertEquals(file + ": found nothing, wanted one object a line", assertThrows(DataException.class, () -> QuestionFiles.read(file))
                    .getMessage());
        }
    }

    private void refused(String text, int line, String field, String why) throws IOException {
        Path file = file("bad.json", text);
        DataException e = assertThrows(DataException.class, () -> QuestionFiles.read(file), text);
        assertTrue(e.getMessage().startsWith(file + ":" + line + ": ") && e.getMessage().contains(why), e.getMessage());
        assertEquals(field, e.field(), e.getMessage());
    }

    @Test void parquetIsRefusedWithTheLineThatConvertsIt() throws IOException {
        Path file = file("Val.PARQUET", "PAR1");
        String message = assertThrows(DataException.class, () -> QuestionFiles.read(file)).getMessage();
        assertTrue(message.startsWith(file + ":1: of parquet files only a benchmark's annotations are read; ")
                && message.contains("read_parquet('Val.PARQUET').to_json('Val.jsonl', orient='records', lines=True)"), message);
        assertTrue(assertThrows(DataException.class, () -> QuestionFiles.read(dir.resolve("none.parquet"))).getMessage().contains("no such file"));
    }

    @Test void aMissingFileIsNamed() {
        assertTrue(assertThrows(DataException.class, () -> QuestionFiles.read(dir.resolve("none.jsonl"))).getMessage().contains("no such file"));
    }
}
