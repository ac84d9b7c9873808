package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.grpo.data.DriftData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.video.Frames;
import lucid.video.data.ClipQuestion;
import lucid.video.data.QuestionFiles;
import lucid.video.drift.DriftPlan;
import lucid.video.file.VideoWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A benchmark from the command line, asked of a toy with random weights.
class EvalCommandTest extends CommandTest {
    @TempDir static Path root;
    private static Path model;
    private static Path data;

    @TempDir Path temp;

    @BeforeAll static void aToyAndABenchmark() throws IOException {
        Tokenizer tokenizer = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(3, 64, 5), 30)).tokenizer();
        Qwen2Config text = new Qwen2Config(tokenizer.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, tokenizer.eosId());
        TinyLlavaConfig config = TinyLlavaConfig.of(text, new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f),
                new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512, tokenizer.eosId());
        model = Files.createDirectory(root.resolve("toy"));
        try (Device d = new SimdDevice(1); TinyLlavaVideo toy = TinyLlavaVideo.random(d, config, 4, Initialization.fanIn(2, 3))) {
            toy.save(model, StoredType.F32);
        }
        TokenizerJson.write(tokenizer, model.resolve("tokenizer.json"));
        data = Files.createDirectories(root.resolve("nextqa"));
        StringBuilder csv = new StringBuilder("video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\n");
        for (int i = 0; i < 6; i++)
            csv.append(i % 3).append(",9,16,16,what happens,").append(i % 5).append(',').append(i).append(i < 3 ? ",CW" : ",TN")
                    .append(",one,two,three,four,five\n");
        Files.writeString(data.resolve("val.csv"), csv);
        Files.writeString(data.resolve("map_vid_vidorID.json"), "{\"0\": \"a/0\", \"1\": \"a/1\", \"2\": \"b/2\"}");
        for (int i = 0; i < 2; i++) {
            byte[] rgb = new byte[9 * 16 * 16 * 3];
            java.util.Arrays.fill(rgb, (byte) (90 * i + 30));
            Path file = data.resolve("NExTVideo/a/" + i + ".mp4");
            Files.createDirectories(file.getParent());
            VideoWriter.write(file, Frames.of(9, 16, 16, rgb, 10));
        }
    }

    private Outcome eval(Object... more) {
        Object[] fixed = {"eval", "--model", model, "--benchmark", "nextqa", "--data", data, "--out", temp.resolve("out"), "--max-new-tokens", 6,
                "--threads", 1};
        Object[] all = java.util.stream.Stream.concat(java.util.Arrays.stream(fixed), java.util.Arrays.stream(more)).toArray();
        return lucid(all);
    }

    private JsonNode answers() throws IOException {
        return new ObjectMapper().readTree("[" + String.join(",", Files.readAllLines(temp.resolve("out/answers.jsonl"))) + "]");
    }

    @Test void aBenchmarkIsAskedAndResumed() throws IOException {
        JsonNode results = new ObjectMapper().readTree(eval("--mode", "published", "--json").ok().out());
        assertEquals(4, results.get("asked").asInt());
        assertEquals(2, results.at("/not_shown/questions").asInt(), "clip 2 is not there");
        assertEquals(0.2, results.get("chance").asDouble(), 1e-12);
        assertEquals(50, results.at("/settings/protocol/top_k").asInt());
        JsonNode first = answers();
        assertEquals(4, first.size());

        // The last two answers are lost with half a line; the resumed run gives the very same ones.
        List<String> lines = Files.readAllLines(temp.resolve("out/answers.jsonl"));
        Files.writeString(temp.resolve("out/answers.jsonl"), lines.get(0) + "\n" + lines.get(1) + "\n" + lines.get(2).substring(0, 20));
        assertTrue(eval("--mode", "published", "--resume").ok().out().contains("by type"));
        JsonNode again = answers();
        for (int i = 0; i < 4; i++)
            for (String field : List.of("question", "text", "letter", "tokens")) assertEquals(first.get(i).get(field), again.get(i).get(field));

        eval("--mode", "greedy", "--resume").failedWith("other settings", "protocol.mode: \"published\" -> \"greedy\"", "protocol.top_k: 50 -> 0");
        eval("--mode", "published").failedWith("holds an evaluation already", "--resume");
    }

    /// --annotations names another file.
    @Test void theTableOfClipsIsNamedWhereItIsMissing() throws IOException {
        Path other = Files.createDirectories(temp.resolve("other/nextqa")).getParent();
        Path csv = Files.copy(data.resolve("val.csv"), other.resolve("val.csv"));
        for (Object[] more : new Object[][] {{"--data", other}, {"--data", other, "--annotations", csv}}) {
            Object[] fixed = {"eval", "--model", model, "--benchmark", "nextqa", "--out", temp.resolve("out"), "--threads", 1};
            Outcome o = lucid(java.util.stream.Stream.concat(java.util.Arrays.stream(fixed), java.util.Arrays.stream(more)).toArray());
            o.failedWith("found none of [map_vid_vidorID.json] in [" + other, other.resolve("nextqa") + "", "it says where the clips lie");
            assertFalse(o.err().contains("--annotations"), o.err());
        }
    }

    @Test void anotherDevicesAnswersAreAnotherEvaluation() {
        eval().ok();
        eval("--device", "reference", "--resume").failedWith("other settings", "arithmetic: \"exact\" -> \"reference\"");
        eval("--device", "simd", "--resume").ok();
    }

    /// It may lie elsewhere, where the model's fingerprint does not see it.
    @Test void anotherTokenizerIsAnotherEvaluation() throws IOException {
        Tokenizer other = new BpeTrainer(400, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(4, 64, 5), 30)).tokenizer();
        Path file = temp.resolve("words/tokenizer.json");
        Files.createDirectories(file.getParent());
        Files.copy(model.resolve("tokenizer.json"), file);
        eval("--tokenizer", file).ok();
        eval("--resume").ok();
        TokenizerJson.write(other, file);
        eval("--tokenizer", file, "--resume").failedWith("other settings", "tokenizer_sha256: ");
    }

    @Test void theControlsReachTheClip() throws IOException {
        for (String control : List.of("blank", "other", "reversed")) {
            String text = lucid("eval", "--model", model, "--benchmark", "nextqa", "--data", data, "--out", temp.resolve(control), "--direct",
                    "--control", control, "--limit", 3,
                    "--max-new-tokens", 2, "--threads", 1).ok().out();
            assertTrue(text.contains("NExT-QA") && text.contains("report.html"), text);
            assertTrue(text.contains("asked with \"Answer with the option's letter from the given choices directly.\", answers greedy"), text);
        }
    }

    @Test void oneFrameASecond() throws IOException {
        JsonNode settings = new ObjectMapper().readTree(eval("--frames", "1fps", "--max-frames", 5, "--json").ok().out()).get("settings");
        assertEquals("1fps-max5", settings.at("/protocol/frames").asText());
        eval("--frames", 1, "--resume").failedWith("other settings", "protocol.frames: \"1fps-max5\" -> 1");
        eval("--frames", "1fps", "--memory", "100M").failedWith("answering (64 frames", "--max-frames");
    }

    /// Which copy of the weights is read is no setting: answers are the same. A damaged packed file stops those that would read it.
    @Test void theWeightsAreReadAsAsked() throws IOException {
        Path copy = ParityCommandTest.copy(model, temp.resolve("toy"));
        Object[] line = {"eval", "--model", copy, "--benchmark", "nextqa", "--data", data, "--out", temp.resolve("out"), "--max-new-tokens", 6,
                "--threads", 1, "--weights", "mapped"};
        lucid(line).ok();
        JsonNode mapped = answers();
        lucid("model", "pack", copy).ok();
        for (String weights : List.of("ready", "packed")) {
            line[line.length - 1] = weights;
            Files.writeString(temp.resolve("out/answers.jsonl"), "");
            lucid(Stream.concat(Stream.of(line), Stream.of("--resume")).toArray()).ok();
            for (int i = 0; i < 4; i++) assertEquals(mapped.get(i).get("text"), answers().get(i).get("text"), weights);
        }
        Files.write(copy.resolve("lucid.packed"), new byte[100]);
        for (String weights : List.of("ready", "packed", "mapped")) {
            line[line.length - 1] = weights;
            Outcome o = lucid(Stream.concat(Stream.of(line), Stream.of("--resume")).toArray());
            if (weights.equals("mapped")) o.ok();
            else o.failedWith("lucid.packed", "header length");
        }
    }

    private Outcome videoMme(Path videoMme) {
        return lucid("eval", "--model", model, "--benchmark", "video-mme", "--data", videoMme, "--out", temp.resolve("out"), "--direct",
                "--max-new-tokens", 2, "--threads", 1, "--json");
    }

    @Test void videoMmeIsAskedAsItLiesOnTheHub() throws IOException {
        Path tables = Path.of("../video/src/test/resources/parquet");
        Path table = Files.createDirectories(temp.resolve("mme/videomme")).resolve("test-00000-of-00001.parquet");
        Files.copy(tables.resolve("snappy.parquet"), table);
        Files.createDirectories(temp.resolve("mme/data"));
        for (String clip : List.of("one", "two")) Files.copy(data.resolve("NExTVideo/a/0.mp4"), temp.resolve("mme/data/" + clip + ".mp4"));
        JsonNode results = new ObjectMapper().readTree(videoMme(temp.resolve("mme")).ok().out());
        assertEquals(3, results.get("asked").asInt());
        assertEquals(3, answers().size());

        Files.write(table, java.util.Arrays.copyOf(Files.readAllBytes(table), 1000));
        videoMme(temp.resolve("mme")).failedWith(table + ": no whole Parquet table", "copy the file again");
        Files.copy(tables.resolve("answer-e.parquet"), table, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        videoMme(temp.resolve("mme")).failedWith(table + ": field answer: found 'E', wanted one of the letters [A, B, C, D] (row 2)");
    }

    @Test void whatDoesNotFitIsRefusedFirst() {
        eval("--memory", "100M").failedWith("answering (3 frames", "found 104.9 MB of memory", "--memory SIZE");
        assertFalse(Files.exists(temp.resolve("out")));
        lucid("eval", "--model", model, "--data", temp, "--memory", "100M")
                .failedWith("evaluation (1 question at a time", "evaluation.max_new_tokens", "weights");
        lucid("demo", "--data", temp.resolve("data"), "--out", temp.resolve("run"), "--memory", "100M")
                .failedWith("recipe demo", "moments", "--memory SIZE");
        assertFalse(Files.exists(temp.resolve("data")) || Files.exists(temp.resolve("run")));
    }

    /// In the middle of a benchmark it would end every run that comes to it.
    @Test void aQuestionThatIsTooLongIsRefusedBeforeAnyIsAsked() throws IOException {
        Path all = ParityCommandTest.copy(data, temp.resolve("all"));
        Path csv = all.resolve("val.csv");
        Files.writeString(csv, Files.readString(csv).replaceFirst("\\n1,9,16,16,what happens,", "\n1,9,16,16," + "why ".repeat(600) + ","));
        Object[] asked = {"eval", "--model", model, "--benchmark", "nextqa", "--data", all, "--out", temp.resolve("out"), "--max-new-tokens", 6,
                "--threads", 1};
        lucid(asked).failedWith("question 1-1 takes ", " positions with its clip, wanted at most 511 of the model's (max_position_embeddings 512",
                "shorten it in the annotations");
        assertFalse(Files.exists(temp.resolve("out")));
    }

    @Test void theHelpSaysWhatABenchmarkIsAskedWith() throws IOException {
        String help = lucid("eval", "--help").ok().out().replaceAll("\\s+", " ");
        for (String shown : List.of("GREEDY (default: greedy)", "Longest answer (default: 1024)", "(default: leave_out)"))
            assertTrue(help.contains(shown), shown + " in " + help);
        assertFalse(help.contains("null"), help);
        Path out = temp.resolve("as-shown");
        JsonNode settings = new ObjectMapper().readTree(lucid("eval", "--model", model, "--benchmark", "nextqa", "--data", data, "--out", out,
                "--limit", 3, "--direct", "--threads", 1, "--json").ok().out()).get("settings");
        assertEquals("greedy", settings.at("/protocol/mode").asText(), settings.toString());
        assertEquals(1024, settings.at("/protocol/max_new_tokens").asInt(), settings.toString());
    }

    @Test void aTextNamedMp4StopsBeforeAnyQuestionIsAsked() throws IOException {
        Path all = ParityCommandTest.copy(data, temp.resolve("all"));
        Files.createDirectories(all.resolve("NExTVideo/b"));
        Path bad = Files.writeString(all.resolve("NExTVideo/b/2.mp4"), "no video");
        lucid("eval", "--model", model, "--benchmark", "nextqa", "--data", all, "--out", temp.resolve("out"), "--threads", 1, "--missing", "stop")
                .failedWith("question ", bad + ": not a video", "--missing leave_out");
        assertFalse(Files.exists(temp.resolve("out")));
    }

    /// Stopped when something is seen to be done.
    ///
    /// @return what it said
    private String stopped(Callable<Boolean> begun, Object... words) throws Exception {
        Path err = temp.resolve("err");
        Process process = start(err, words);
        try {
            await(process, err, begun);
            assertEquals(interrupt(process), process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertFalse(text(err).contains("Exception"), text(err));
        return text(err);
    }

    @Test void aBenchmarkThatIsStoppedKeepsItsAnswers() throws Exception {
        Path many = ParityCommandTest.copy(data, temp.resolve("many"));
        List<String> rows = new ArrayList<>(List.of("video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4"));
        for (int i = 0; i < 20_000; i++) rows.add(i % 2 + ",9,16,16,what happens,0," + i + ",CW,one,two,three,four,five");
        Files.write(many.resolve("val.csv"), rows);
        Path out = temp.resolve("out");
        Path answers = out.resolve("answers.jsonl");
        String said = stopped(() -> !text(answers).isEmpty(), "eval", "--model", model, "--benchmark", "nextqa", "--data", many, "--out", out,
                "--max-new-tokens", 6, "--threads", 1);
        assertTrue(said.contains("stopping after this question ... (Ctrl-C again ends at once)"), said);
        assertTrue(said.contains("stopped after " + text(answers).lines().count() + " of 20000 questions; the same command with --resume --out " + out
                + " goes on from there"), said);
        assertEquals("", text(temp.resolve("printed")));
    }

    @Test void heldOutQuestionsThatAreStoppedShowTheFiguresSoFar() throws Exception {
        Path clips = data.resolve("NExTVideo/a");
        Path questions = temp.resolve("many.jsonl");
        QuestionFiles.writeLines(questions, IntStream.range(0, 5000).mapToObj(i -> new ClipQuestion("" + i, "What happens?\nOptions:\nA. This.\nB. "
                + "That.", "A", List.of("kind"), "./" + i % 2 + ".mp4", "")).toList());
        Stage.Supervised talk = (Stage.Supervised) BadInputTest.toy(0.01).stages().getFirst();
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("cold_start", 2), talk.optimizer(), talk.trainable(), 1);
        Recipe recipe = new Recipe("questions", "", "", List.of(), 5, null, null,
                new Recipe.DataSpec("nextqa", 4, 16, null, null, null, "train.jsonl", "coldstart-16.json"), List.of(coldStart),
                new Recipe.EvaluationSpec(0, 0, 20, 0));
        Path file = Files.writeString(temp.resolve("recipe.json"), RecipeReader.write(recipe));
        String said = stopped(() -> text(temp.resolve("err")).contains("asking 128/5000"), "eval", "--model", model, "--eval-questions", questions,
                "--data", clips, "--recipe", file, "--threads", 1);
        assertTrue(said.contains("stopping after the questions in progress ... (Ctrl-C again ends at once)"), said);
        Matcher m = Pattern.compile("stopped after (\\d+) of 5000 questions, which the figures are of; the same command asks all of them from the "
                + "first on").matcher(said);
        assertTrue(m.find() && Integer.parseInt(m.group(1)) < 5000, said);
        String printed = text(temp.resolve("printed"));
        assertTrue(printed.startsWith("accuracy ") && printed.contains(" of " + m.group(1) + " questions, format "), printed);
    }

    @Test void wrongUse() {
        assertEquals(2, eval("--temperature", 1).status());
        assertEquals(2, eval("--limit", -1).status());
        assertEquals(2, lucid("eval", "--model", model, "--mode", "greedy").status());
        lucid("eval", "--model", model, "--benchmark", "nextqu", "--data", data).failedWith("nextqu", "mvbench");
        lucid("eval", "--model", model, "--benchmark", "mmvu", "--data", data).failedWith("validation.json");
        lucid("eval", "--model", model, "--benchmark", "nextqa", "--data", data.resolve("no")).failedWith("no such folder", "--data");
        eval("--missing", "stop").failedWith("2 of 6 questions", "2.mp4", "--missing");
        eval("--frames", 0).misusedWith("--frames: found 0");
        eval("--tokenizer", data).failedWith("tokenizer");
    }
}
