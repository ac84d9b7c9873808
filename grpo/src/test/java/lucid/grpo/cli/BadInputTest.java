package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import lucid.grpo.data.DriftData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.session.ModelFolder;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What goes wrong at a user's: status 1, one message that names file, field, what was found and what was wanted, and nothing on disk is changed.
/// A toy model is first trained for a step, through the command line as well.
class BadInputTest extends CommandTest {
    @TempDir static Path root;
    private static Path recipe;
    private static Path data;
    private static Path run;
    private static Path clip;

    @TempDir Path temp;

    @BeforeAll static void trainAToy() throws IOException {
        recipe = root.resolve("toy.json");
        data = root.resolve("data");
        run = root.resolve("run");
        Files.writeString(recipe, RecipeReader.write(toy(0.01)));
        lucid("sft", "--recipe", recipe, "--data", data, "--out", run, "--threads", 2).ok();
        try (Stream<Path> files = Files.walk(data)) {
            clip = files.filter(f -> f.toString().endsWith(".mp4")).sorted().findFirst().orElseThrow();
        }
    }

    static Recipe toy(double lr) {
        DriftPlan plan = new DriftPlan(3, 64, 5);
        Tokenizer tokenizer = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(plan, 30)).tokenizer();
        Qwen2Config text = new Qwen2Config(tokenizer.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, tokenizer.eosId());
        TinyLlavaConfig model = TinyLlavaConfig.of(text, new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f),
                new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512, tokenizer.eosId());
        var adamW = new Stage.OptimizerSpec(lr, 0.9, 0.999, 1e-8, 0.01, "constant", 0, 0.1, 1.0);
        var stage = new Stage.Supervised("talk", "base", 2, Map.of("document", 2), adamW, List.of(Stage.Part.LANGUAGE_MODEL), 1);
        return new Recipe("toy", "", "", List.of(), 5, model.toJson(), new Recipe.TokenizerSpec(420, 30),
                new Recipe.DataSpec("drift", 4, 16, 64, 5, 3L, null, null), List.of(stage), new Recipe.EvaluationSpec(5, 2, 4, 0));
    }

    /// Names and contents of every file under a folder.
    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                all.put(folder.relativize(f).toString(), new String(Files.readAllBytes(f), StandardCharsets.ISO_8859_1));
            }
        }
        return all;
    }

    private static Outcome ask(Object model, Object video, Object... more) {
        Object[] fixed = {"generate", "--model", model, "--video", video, "--question", "Which first?", "--direct", "--max-new-tokens", 2,
                "--threads", 1};
        return lucid(Stream.concat(Arrays.stream(fixed), Arrays.stream(more)).toArray());
    }

    @Test void theToyItselfIsSound() {
        ask(run, clip).ok();
        assertTrue(lucid("inspect", run).ok().out().contains("recipe toy, seed 5, complete"));
    }

    /// 64 clips, of which those with two things have five questions each.
    @Test void aStepThatWantsMoreQuestionsThanThereAre() throws IOException {
        Recipe rewarded = toy(0.01).withStages(List.of(RecipeReader.read("demo").stage("grpo")));
        Path file = Files.writeString(temp.resolve("many.json"), RecipeReader.write(rewarded).replace("\"prompts\" : 16", "\"prompts\" : 321"));
        lucid("train", "--recipe", file, "--model", run, "--data", temp.resolve("clips"), "--out", temp.resolve("many"), "--threads", 1)
                .failedWith(file + ", stage grpo, prompts: found 321, wanted at most ", ": the data have no more questions");
        assertFalse(Files.exists(temp.resolve("many")) || Files.exists(temp.resolve("clips")), "no clip is made before");
    }

    // Videos

    @Test void aClipThatIsMissing() { ask(run, temp.resolve("gone.mp4")).failedWith("gone.mp4: no such file, wanted a video"); }

    @Test void aTextThatIsNamedMp4() throws IOException {
        Path text = Files.writeString(temp.resolve("letter.mp4"), "Dear reader, this is no video.\n".repeat(50));
        ask(run, text).failedWith("letter.mp4: not a video that FFmpeg can read (1550 bytes): ", "; wanted a whole clip or picture");
    }

    @Test void anEmptyClip() throws IOException {
        ask(run, Files.createFile(temp.resolve("empty.mp4"))).failedWith("empty.mp4: not a video that FFmpeg can read (0 bytes): ",
                "; wanted a whole clip or picture");
    }

    /// In its first headers, in its frames, in the table behind them.
    @ParameterizedTest(name = "{0} % of the file") @CsvSource({"1", "3", "50", "97"})
    void aClipThatWasCutOff(int percent) throws IOException {
        byte[] whole = Files.readAllBytes(clip);
        int found = whole.length * percent / 100;
        ask(run, Files.write(temp.resolve("cut.mp4"), Arrays.copyOf(whole, found)))
                .failedWith("cut.mp4: cut off: found " + found + " bytes, wanted the ", " that its headers announce; copy the file again");
    }

    @Test void soundWithoutPictures() throws IOException {
        int samples = 8000;
        ByteBuffer wav = ByteBuffer.allocate(44 + 2 * samples).order(ByteOrder.LITTLE_ENDIAN);
        wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples).put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16)
                .putShort((short) 1).putShort((short) 1)
                .putInt(8000).putInt(16000).putShort((short) 2).putShort((short) 16).put("data".getBytes(StandardCharsets.US_ASCII))
                        .putInt(2 * samples);
        ask(run, Files.write(temp.resolve("sound.mp4"), wav.array())).failedWith("sound.mp4: has no video stream (1 streams of other kinds), wanted "
                + "one");
    }

    @Test void aVideoStreamWithoutFrames() throws IOException {
        ask(run, Files.writeString(temp.resolve("none.mp4"), "YUV4MPEG2 W16 H16 F25:1\n"))
                .failedWith("none.mp4: its video stream has no frames, wanted at least one");
    }

    @Test void cudnnOfTheEmulator() {
        ask(run, clip, "--patch-embedding", "cudnn", "--device", "emulated").misusedWith("--patch-embedding CUDNN with --device EMULATED",
                "wanted --device CUDA");
    }

    @Test void tensorCoresOfAProcessor() { ask(run, clip, "--matmul", "tensor").misusedWith("--matmul TENSOR", "--device CUDA or EMULATED"); }

    @Test void noFramesWanted() { ask(run, clip, "--frames", 0).misusedWith("--frames: found 0"); }

    // Recipes and options

    @Test void anUnknownKeyOfARecipe() throws IOException {
        Path bad = Files.writeString(temp.resolve("bad.json"), Files.readString(recipe).replace("\"warmup\"", "\"warmpu\""));
        lucid("sft", "--recipe", bad, "--data", data, "--out", temp.resolve("out"))
                .failedWith("bad.json", "line ", "unknown key 'warmpu'", "did you mean 'warmup'?");
        assertFalse(Files.exists(temp.resolve("out")), "nothing may be written for a recipe that cannot be read");
    }

    @Test void aValueOfARecipeThatCannotBe() throws IOException {
        Path bad = Files.writeString(temp.resolve("bad.json"), Files.readString(recipe).replaceFirst("\"save_every\" : \\d+", "\"save_every\" : 0"));
        for (String command : List.of("sft", "demo")) {
            lucid(command, "--recipe", bad, "--data", data, "--out", temp.resolve("out"), "--threads", 1)
                    .failedWith("bad.json, stage talk, save_every: found 0, wanted a whole number, at least 1");
        }
        assertFalse(Files.exists(temp.resolve("out")), "nothing may be written for a recipe that cannot be used");
    }

    @Test void anUnknownRecipe() {
        lucid("train", "--recipe", "tinyllava-vidoe-r1").failedWith("no such file", "did you mean 'tinyllava-video-r1'?");
    }

    @ParameterizedTest @CsvSource({"--threads, 0", "--threads, -1", "--threads, many", "--threads, 1025", "--memory, foo", "--memory, 0G"})
    void anOptionThatCannotBe(String option, String value) {
        Object clips = temp.resolve("clips");
        for (Outcome o : List.of(lucid("demo", "--data", clips, option, value),
                lucid("generate", "--model", run, "--video", clip, "--question", "Which?", option, value))) {
            assertEquals(2, o.status(), o.err());
            assertTrue(o.err().contains("option '" + option + "'") && o.err().contains(value) && o.err().contains("wanted"), o.err());
        }
        if (option.equals("--threads")) {
            assertEquals(2, lucid("data", "drift", "--data", clips, option, value).status());
            assertEquals(2, lucid("init", "--config", "demo", "--out", temp.resolve("model"), option, value).status());
        }
        assertFalse(Files.exists((Path) clips));
    }

    @Test void anUnknownOption() {
        Outcome o = lucid("demo", "--sed", 3);
        assertEquals(2, o.status());
        assertTrue(o.err().contains("--sed") && o.err().contains("--seed"), o.err());
    }

    // Weights

    private Path model() throws IOException {
        Path copy = ParityCommandTest.copy(ModelFolder.resolve(run), temp.resolve("model"));
        Files.copy(run.resolve("tokenizer.json"), copy.resolve("tokenizer.json"));
        return copy;
    }

    /// Rewrites the header of a weight file and leaves the data as it is.
    private static void header(Path file, String from, String to) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int n = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        String old = new String(all, 8, n, StandardCharsets.UTF_8);
        String changed = old.replaceFirst(from, to);
        assertFalse(old.equals(changed), "nothing to replace in " + old.substring(0, 200));
        byte[] json = changed.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(8 + json.length + all.length - 8 - n).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, out.putLong(json.length).put(json).put(all, 8 + n, all.length - 8 - n).array());
    }

    @Test void offsetsBeyondTheFile() throws IOException {
        Path model = model();
        header(model.resolve("model.safetensors"), "\"data_offsets\" ?: ?\\[ ?0, ?\\d+", "\"data_offsets\":[0,99999999999");
        ask(model, clip).failedWith("model.safetensors", "data_offsets", "99999999999");
    }

    @Test void tensorsThatOverlap() throws IOException {
        Path model = model();
        Path file = model.resolve("model.safetensors");
        byte[] all = Files.readAllBytes(file);
        String json = new String(all, 8, (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong(0), StandardCharsets.UTF_8);
        var m = java.util.regex.Pattern.compile("\"data_offsets\" ?: ?\\[ ?(\\d+), ?(\\d+)").matcher(json);
        assertTrue(m.find() && m.find(), json);
        long from = Long.parseLong(m.group(1));
        long to = Long.parseLong(m.group(2));
        header(file, java.util.regex.Pattern.quote(m.group()), "\"data_offsets\":[" + (from - 4) + "," + (to - 4));
        ask(model, clip).failedWith("model.safetensors", "overlaps", "wanted byte " + from);
    }

    @Test void weightsThatWereCutOff() throws IOException {
        Path model = model();
        byte[] all = Files.readAllBytes(model.resolve("model.safetensors"));
        Files.write(model.resolve("model.safetensors"), Arrays.copyOf(all, all.length / 2));
        ask(model, clip).failedWith("model.safetensors", "truncated");
    }

    @Test void aConfigOfOtherSizes() throws IOException {
        Path model = model();
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\"intermediate_size\" ?: ?37", "\"intermediate_size\": 41"));
        ask(model, clip).failedWith("model.safetensors", "mlp.", "37", "41");
    }

    // Question files

    private static final String GOOD = "{\"problem_id\": 1, \"problem\": \"Which?\\nOptions:\\nA. Ring.\\nB. Bar.\", \"data_type\": \"video\", "
            + "\"problem_type\": [\"order\"], "
            + "\"solution\": \"<answer>A</answer>\", \"video_filename\": \"a.mp4\"}";

    private void questions(String secondLine, String... parts) throws IOException {
        Files.writeString(temp.resolve("nextqa_0-30s.jsonl"), GOOD + "\n" + secondLine + "\n");
        lucid("train", "--recipe", "tinyllava-video-r1", "--model", run, "--data", temp, "--out", temp.resolve("out"), "--threads", 1)
                .failedWith(parts);
        assertFalse(Files.exists(temp.resolve("out")));
    }

    @Test void aLineThatIsNotJson() throws IOException { questions("{\"problem_id\": 2,", "nextqa_0-30s.jsonl", "2", "not JSON"); }

    @Test void aLineWithoutAField() throws IOException {
        questions(GOOD.replace("\"solution\"", "\"sulotion\""), "nextqa_0-30s.jsonl", "solution", "missing");
    }

    @Test void anAnswerThatIsNoOption() throws IOException {
        questions(GOOD.replace("<answer>A", "<answer>E"), "nextqa_0-30s.jsonl", "solution", "'E'", "A to B");
    }

    // Run folders

    @Test void aRunOfAnotherConfig() throws IOException {
        Map<String, String> before = contents(run);
        Path other = Files.writeString(temp.resolve("other.json"), RecipeReader.write(toy(0.02)));
        lucid("sft", "--recipe", other, "--data", data, "--out", run, "--threads", 1, "--resume")
                .failedWith("another config", "recipe.stages[0].optimizer.lr: 0.01 -> 0.02");
        lucid("sft", "--recipe", recipe, "--data", data, "--out", run, "--threads", 1).failedWith("holds a run already", "--resume");
        ObjectNode none = (ObjectNode) new ObjectMapper().readTree(Files.readString(recipe));
        Path without = Files.writeString(temp.resolve("without.json"), none.putNull("model").putNull("initialization").toString());
        Outcome o = lucid("sft", "--recipe", without, "--model", run, "--data", data, "--out", run, "--threads", 1, "--resume");
        o.failedWith("recipe.model: an object of ", " more -> null", "base_fingerprint: null -> \"",
                "Use another --out for a new run, or go on with what this one began with: its recipe (the field recipe of "
                + run.resolve("config.json") + "; --recipe takes it as a file of its own), the model that it began from (--model, or none if it "
                        + "began from nothing)");
        assertFalse(o.err().contains("hidden_size"), "a model's whole config is no difference that one could read: " + o.err());
        assertEquals(before, contents(run));
    }

    /// Minutes of clips are not made for a run that is refused anyway.
    @Test void aRunOfAnotherConfigIsRefusedBeforeClipsAreMade() throws IOException {
        Path other = Files.writeString(temp.resolve("other.json"), RecipeReader.write(toy(0.02)));
        Path nowhere = temp.resolve("clips");
        lucid("sft", "--recipe", other, "--data", nowhere, "--out", run, "--threads", 1, "--resume")
                .failedWith("another config", "recipe.stages[0].optimizer.lr: 0.01 -> 0.02");
        lucid("demo", "--recipe", other, "--data", nowhere, "--out", run, "--threads", 1, "--resume")
                .failedWith("another config", "recipe.stages[0].optimizer.lr: 0.01 -> 0.02");
        lucid("sft", "--recipe", recipe, "--data", nowhere, "--out", run, "--threads", 1).failedWith("holds a run already", "--resume");
        assertFalse(Files.exists(nowhere));
    }

    @Test void aRunOfAnotherArithmetic() throws IOException {
        Map<String, String> before = contents(run);
        lucid("sft", "--recipe", recipe, "--data", data, "--out", run, "--resume", "--device", "reference")
                .failedWith("another config", "arithmetic: \"exact\" -> \"reference\"", "its arithmetic (--device, ");
        lucid("replay", run, "--step", 1, "--device", "reference").failedWith("another config", "arithmetic: \"exact\" -> \"reference\"",
                "its arithmetic (--device, ");
        assertEquals(before, contents(run));
    }

    /// Its ratios of a fresh rollout are not 1: the first step would fail, of the demo after hours.
    @Test void rewardsOnADeviceThatDoesNotKeepTheRowLaw() {
        Path out = temp.resolve("out");
        Path clips = temp.resolve("clips");
        String wanted = "wanted --device AUTO or SIMD, or CUDA or EMULATED with --matmul EXACT or TENSOR";
        lucid("demo", "--data", clips, "--out", out, "--device", "reference")
                .misusedWith("--device REFERENCE: stage grpo of recipe demo learns from rewards", wanted);
        lucid("train", "--recipe", "demo", "--model", run, "--data", clips, "--out", out, "--device", "reference")
                .misusedWith("--device REFERENCE: stage grpo", wanted);
        lucid("train", "--recipe", "demo", "--model", run, "--data", clips, "--out", out, "--device", "cuda", "--matmul", "cublas")
                .misusedWith("--matmul CUBLAS: stage grpo", wanted);
        assertFalse(Files.exists(out) || Files.exists(clips));
        lucid("sft", "--recipe", recipe, "--data", data, "--out", out, "--device", "reference").ok();
    }

    @Test void nothingToResume() throws IOException {
        Path out = temp.resolve("typo");
        Object[] words = {"sft", "--recipe", recipe, "--data", data, "--out", out, "--threads", 2, "--resume"};
        String said = "nothing to resume in " + out + " (no checkpoint is there): the run begins at its first step";
        assertTrue(lucid(Map.of(), words).ok().err().contains(said));
        assertFalse(lucid(Map.of(), words).ok().err().contains(said));
    }

    @Test void aFolderThatHoldsSomethingElse() throws IOException {
        Path out = Files.createDirectories(temp.resolve("mine"));
        Path clips = temp.resolve("clips");
        for (String name : List.of("metrics.jsonl", "report.html", "tokenizer.json")) Files.writeString(out.resolve(name), "mine");
        for (String name : List.of("a", "b", "c")) Files.writeString(out.resolve(name), "mine");
        Map<String, String> before = contents(temp);
        for (String command : List.of("sft", "demo")) {
            lucid(command, "--recipe", recipe, "--data", clips, "--out", out, "--threads", 1)
                    .failedWith(out + " is not empty and holds no run", "a, b, c, metrics.jsonl, report.html and 1 more", "--out");
        }
        lucid("train", "--recipe", "demo", "--model", run, "--data", clips, "--out", out, "--threads", 1, "--resume")
                .failedWith(out + " is not empty and holds no run");
        assertEquals(before, contents(temp));
        Path config = Files.writeString(out.resolve("config.json"), "{\"model_type\": \"qwen2\"}");
        lucid("sft", "--recipe", recipe, "--data", clips, "--out", out, "--threads", 1, "--resume")
                .failedWith(config + " is no run's", "recipe", "--out");
        Files.delete(config);
        assertEquals(before, contents(temp));
    }

    @Test void aFolderThatHoldsNothingButTheClips() throws IOException {
        Path out = Files.createDirectories(temp.resolve("out"));
        Files.writeString(out.resolve(".lock"), "");
        Files.createDirectories(out.resolve("data/clips"));
        lucid("sft", "--recipe", recipe, "--data", out.resolve("data/clips"), "--out", out, "--threads", 2).ok();
    }

    @Test void aRunFolderThatCannotBeMade() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "I was here first");
        lucid("sft", "--recipe", recipe, "--data", data, "--out", file.resolve("run"), "--threads", 1)
                .failedWith("file", "wanted a folder that can be written");
        assertEquals("I was here first", Files.readString(file));
    }

    /// /proc refuses new folders even to the superuser, as a read-only disk does.
    @Test void aReadOnlyPlace() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "no /proc on this system");
        lucid("sft", "--recipe", recipe, "--data", data, "--out", "/proc/lucid-run", "--threads", 1)
                .failedWith("/proc/lucid-run", "wanted a folder that can be written");
        lucid("tokenizer", "convert", "--tokenizer", run, "--out", "/proc/lucid-words")
                .failedWith("--out /proc/lucid-words: ", "wanted a folder that can be written");
    }

    /// /dev/full is a disk without room.
    @Test void aFullDisk() throws IOException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full on this system");
        // As a run is that was stopped before its first step.
        Path out = Files.createDirectories(temp.resolve("full"));
        Files.copy(run.resolve("config.json"), out.resolve("config.json"));
        Files.createSymbolicLink(out.resolve("metrics.jsonl"), Path.of("/dev/full"));
        lucid("sft", "--recipe", recipe, "--data", data, "--out", out, "--threads", 1, "--resume")
                .failedWith("metrics.jsonl", "No space left on device");
        Files.delete(out.resolve("metrics.jsonl"));
    }
}
