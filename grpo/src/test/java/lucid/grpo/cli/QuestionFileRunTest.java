package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunFolder;
import lucid.video.data.ClipQuestion;
import lucid.video.data.QuestionFiles;
import lucid.video.drift.Draw;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs on question files whose clips are missing, or are exchanged under the same name.
class QuestionFileRunTest extends CommandTest {
    private static final String SAMPLES = "coldstart-16.json";

    @TempDir static Path root;
    private static Path model;
    private static Path drift;

    @TempDir Path temp;
    private Path data;
    private Path recipe;
    private Path run;

    @BeforeAll static void trainAToy() throws IOException {
        model = root.resolve("model");
        lucid("sft", "--recipe", Files.writeString(root.resolve("toy.json"), RecipeReader.write(BadInputTest.toy(0.01))), "--data",
                root.resolve("data"), "--out", model, "--threads", 2).ok();
        drift = root.resolve("data/drift-3-64-5");
    }

    /// Drift's files, read as anybody's.
    @BeforeEach void aDataSet() throws IOException {
        data = ParityCommandTest.copy(drift, temp.resolve("data"));
        recipe = recipe();
        run = temp.resolve("run");
    }

    private Path recipe() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        var talk = (Stage.Supervised) toy.stages().getFirst();
        var stage = new Stage.Supervised("cold_start", "cold_start", 2, Map.of("cold_start", 2), talk.optimizer(), talk.trainable(), 1);
        Recipe made = new Recipe("questions", "", "", List.of(), 5, null, null,
                new Recipe.DataSpec("nextqa", 4, 16, null, null, null, "train.jsonl", SAMPLES), List.of(stage),
                new Recipe.EvaluationSpec(0, 0, 4, 0));
        return Files.writeString(temp.resolve("questions.json"), RecipeReader.write(made));
    }

    private Object[] command(Object... more) {
        return Stream.concat(Stream.of("sft", "--recipe", recipe, "--model", model, "--data", data, "--out", run, "--threads", 1), Stream.of(more))
                .toArray();
    }

    private Outcome train(Object... more) { return lucid(command(more)); }

    /// The clips that the samples name, in their order.
    private List<Path> clips() { return QuestionFiles.read(data.resolve(SAMPLES)).stream().map(q -> q.clip(data)).distinct().toList(); }

    @Test void aClipThatWasExchangedIsNamedAtResume() throws IOException {
        train().ok();
        train("--resume").ok();
        List<Path> clips = clips();
        Path changed = clips.get(1);
        byte[] before = Files.readAllBytes(changed);
        byte[] other = before.clone();
        other[other.length - 1] ^= 1;
        FileTime time = Files.getLastModifiedTime(changed);
        // Neither name nor length nor date tells.
        Files.setLastModifiedTime(Files.write(changed, other), time);
        String config = Files.readString(run.resolve("config.json"));
        train("--resume").failedWith("clip ./" + data.relativize(changed), run.resolve("clips.sha256") + " says ",
                "changed clips: 1 of " + clips.size(), "--out");
        Object[] replay = {"replay", run, "--step", 2, "--model", model, "--threads", 1};
        lucid(replay).failedWith("clip ./" + data.relativize(changed), run.resolve("clips.sha256") + " says ");
        // Without the list the run is still another one.
        Files.delete(run.resolve("clips.sha256"));
        train("--resume").failedWith("another config", "data_sha256: ");
        lucid(replay).failedWith("another config", "data_sha256: ");
        assertEquals(config, Files.readString(run.resolve("config.json")));
        Files.write(changed, before);
        lucid(replay).ok();
        train("--resume").ok();
    }

    @Test void aCheckpointThatTheDiskHasChangedIsNotTrainedOn() throws IOException {
        train().ok();
        Path model = RunFolder.checkpoints(run).getLast().resolve("model.safetensors");
        byte[] weights = Files.readAllBytes(model);
        weights[weights.length - 3] ^= 1;
        Files.write(model, weights);
        train("--resume").failedWith(model + " is not what the run wrote", "checksums.sha256");
    }

    /// What a model is asked after its training is no part of what it learns.
    @Test void heldOutQuestionsChangeNoHashButAreNotExchangedUnderARun() throws IOException {
        train().ok();
        String without = lastHash();
        run = temp.resolve("asked");
        Path questions = data.resolve("heldout.jsonl");
        train("--eval-questions", questions).ok();
        assertEquals(without, lastHash());
        train("--resume").failedWith("another config", "held_out_sha256: ");
        lucid("replay", run, "--step", 1, "--model", model, "--threads", 1).ok();
        Files.writeString(questions, Files.readAllLines(questions).getFirst() + "\n");
        train("--resume", "--eval-questions", questions).failedWith("another config", "held_out_sha256: ");
    }

    /// Published cold-start samples lie among the questions, so it is said and not refused.
    @Test void heldOutQuestionsAboutClipsThatAreTrainedOnAreCounted() throws IOException {
        ClipQuestion sample = QuestionFiles.read(data.resolve(SAMPLES)).getFirst();
        String trained = Files.readAllLines(data.resolve("train.jsonl")).stream()
                .filter(line -> line.contains(Path.of(sample.video()).getFileName().toString())).findFirst().orElseThrow();
        List<String> held = Files.readAllLines(data.resolve("heldout.jsonl"));
        Path mixed = Files.write(temp.resolve("mixed.jsonl"), List.of(held.get(0), trained, held.get(1)));
        String notice = "1 of 3 held-out questions are about clips that are trained on";
        Outcome seen = lucid(Map.of(), command("--eval-questions", mixed)).ok();
        assertEquals(1, seen.err().lines().filter(line -> line.startsWith(notice)).count(), seen.err());
        // Under another name it is the same clip.
        Files.copy(sample.clip(data), data.resolve("copy.mp4"));
        Files.write(mixed, List.of(held.get(0), trained.replaceFirst("\"[^\"]*[.]mp4\"", "\"./copy.mp4\""), held.get(1)));
        run = temp.resolve("copy");
        seen = lucid(Map.of(), command("--eval-questions", mixed)).ok();
        assertEquals(1, seen.err().lines().filter(line -> line.startsWith(notice)).count(), seen.err());
        run = temp.resolve("held");
        assertFalse(lucid(Map.of(), command("--eval-questions", data.resolve("heldout.jsonl"))).ok().err().contains("that are trained on"));
    }

    /// Five questions where the recipe asks for a hundred; then two about one clip.
    @Test void controlsAreOfTheQuestionsThatThereAre() throws IOException {
        Files.writeString(recipe, Files.readString(recipe).replaceFirst("\"controls\" : 0", "\"controls\" : 100"));
        Path held = data.resolve("heldout.jsonl");
        String all = lucid(Map.of(), command("--eval-questions", held)).ok().err();
        for (String control : List.of("none", "other", "repeated")) assertTrue(all.contains("control " + control + " 5/5"), all);
        String first = Files.readAllLines(held).getFirst();
        run = temp.resolve("one");
        String one = lucid(Map.of(), command("--eval-questions", Files.write(temp.resolve("one.jsonl"), List.of(first, first)))).ok().err();
        assertTrue(one.contains("control other is left out: the held-out questions are all about one clip, ") && one.contains("control repeated 2/2")
                && !one.contains("control other 2/2"), one);
    }

    private String lastHash() throws IOException {
        return new ObjectMapper().readTree(Files.readAllLines(run.resolve("metrics.jsonl")).getLast()).get("hash").asText();
    }

    /// TRL's numbers of a supervised step; two of sixteen samples a step.
    @Test void whatIsWrittenOfASupervisedStep() throws IOException {
        train().ok();
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
        long tokens = 0;
        for (int step = 0; step < 2; step++) {
            JsonNode line = new ObjectMapper().readTree(lines.get(step));
            assertEquals((step + 1) / 8.0, line.get("epoch").asDouble());
            tokens += line.get("examples/tokens").asLong();
            assertEquals(tokens, line.get("num_tokens").asLong());
            assertTrue(line.get("entropy").asDouble() > 0 && line.get("mean_token_accuracy").asDouble() >= 0
                    && line.get("mean_token_accuracy").asDouble() <= 1, line.toString());
        }
        assertTrue(tokens > 0);
    }

    @Test void aClipThatIsMissingIsNamedBeforeAnythingIsMade() throws IOException {
        List<Path> clips = clips();
        Files.delete(clips.get(2));
        Files.delete(clips.get(3));
        train().failedWith(data.resolve(SAMPLES) + ":", ": field video: found './" + data.relativize(clips.get(2)) + "', but there is no file "
                + clips.get(2), "missing clips: 2 of " + clips.size());
        assertFalse(Files.exists(run));
    }

    /// Whatever step would draw it.
    @Test void aTextNamedMp4IsNamedBeforeAnythingIsMade() throws IOException {
        Path bad = clips().get(2);
        byte[] video = Files.readAllBytes(bad);
        Files.writeString(bad, "Dear reader, this is no video.\n".repeat(50));
        String found = "found './" + data.relativize(bad) + "', which cannot be used (" + bad + ": not a video that FFmpeg can read (1550 bytes)";
        train().failedWith(data.resolve(SAMPLES) + ":", ": field video: " + found, "); wanted a video");
        Files.write(bad, video);

        for (String file : List.of("train.jsonl", "heldout.jsonl")) {
            List<ClipQuestion> questions = QuestionFiles.read(data.resolve(file));
            Path clip = questions.get(questions.size() / 2).clip(data);
            int line = 1 + questions.stream().map(q -> q.clip(data)).toList().indexOf(clip);
            byte[] whole = Files.readAllBytes(clip);
            Files.writeString(clip, "no video");
            String place = data.resolve(file) + ":" + line + ": field video_filename: found ";
            if (file.equals("train.jsonl"))
                lucid("train", "--recipe", rewarded(), "--model", model, "--data", data, "--out", run, "--threads", 1)
                        .failedWith(place, "not a video");
            else train("--eval-questions", data.resolve(file)).failedWith(place, "not a video");
            Files.write(clip, whole);
        }
        assertFalse(Files.exists(run) || Files.exists(data.resolve("cache")));
    }

    private Path rewarded() throws IOException {
        Recipe published = RecipeReader.read("tinyllava-video-r1");
        Recipe made = new Recipe("rewarded", "", "", List.of(), 5, null, null,
                new Recipe.DataSpec("nextqa", 4, 16, null, null, null, "train.jsonl", null), published.stages(),
                new Recipe.EvaluationSpec(0, 0, 4, 0));
        return Files.writeString(temp.resolve("rewarded.json"), RecipeReader.write(made));
    }

    @Test void moreQuestionsThanThereAreAreRefusedBeforeAClipIsRead() throws IOException {
        Path file = rewarded();
        String written = Files.readString(file);
        String many = written.replaceFirst("\"prompts\" : \\d+", "\"prompts\" : 321");
        assertNotEquals(written, many);
        Files.writeString(file, many);
        for (Path clip : clips()) Files.writeString(clip, "not a video");
        lucid("train", "--recipe", file, "--model", model, "--data", data, "--out", run, "--threads", 1)
                .failedWith("prompts: found 321, wanted at most ", ": the data have no more questions");
        assertFalse(Files.exists(run) || Files.exists(data.resolve("cache")));
    }

    /// What the model has no positions for would end the run only when it is asked: the evaluation after all of the training.
    @Test void completionsThatHaveNoPlaceInTheModelAreRefusedBeforeAnythingIsMade() throws IOException {
        Path held = data.resolve("heldout.jsonl");
        Path stage = fewTokens(500, 4);
        lucid(rewarded(stage)).failedWith(stage + ", stage grpo, max_new_tokens: found 500, wanted at most ",
                ": the model has 512 positions (max_position_embeddings), the longest question takes ");
        Path evaluation = fewTokens(4, 500);
        Outcome o = lucid(rewarded(evaluation, "--eval-questions", held));
        o.failedWith(evaluation + ", evaluation.max_new_tokens: found 500, wanted at most ", "the longest held-out question takes ");
        assertFalse(Files.exists(run));
        String most = o.err().replaceAll("(?s).*wanted at most (\\d+).*", "$1");
        lucid(rewarded(fewTokens(4, Integer.parseInt(most)), "--eval-questions", held)).ok();
        lucid("eval", "--model", model, "--recipe", evaluation, "--eval-questions", held, "--data", data, "--threads", 1)
                .failedWith(evaluation + ", evaluation.max_new_tokens: found 500, wanted at most " + most);
        // Nobody asks anything without them.
        run = temp.resolve("unasked");
        lucid(rewarded(evaluation)).ok();
    }

    private Object[] rewarded(Path recipe, Object... more) {
        return Stream.concat(Stream.of("train", "--recipe", recipe, "--model", model, "--data", data, "--out", run, "--threads", 1), Stream.of(more))
                .toArray();
    }

    /// A step of two prompts with two completions.
    private Path fewTokens(int rollout, int evaluation) throws IOException {
        String written = Files.readString(rewarded());
        for (Map.Entry<String, Integer> number : Map.of("steps", 1, "prompts", 2, "completions", 2, "warmup", 0, "max_new_tokens", rollout)
                .entrySet()) {
            written = written.replaceFirst("\"" + number.getKey() + "\" : \\d+", "\"" + number.getKey() + "\" : " + number.getValue());
        }
        int last = written.lastIndexOf("\"max_new_tokens\"");
        return Files.writeString(temp.resolve("few-" + rollout + "-" + evaluation + ".json"), written.substring(0, last) + written.substring(last)
                .replaceFirst(" : \\d+", " : " + evaluation));
    }

    @Test void framesOfAnotherSizeThanTheModelSeesAreRefusedBeforeAClipIsDecoded() throws IOException {
        Files.writeString(recipe, Files.readString(recipe).replaceFirst("\"image\" : 16", "\"image\" : 32"));
        train().failedWith(recipe + ", data.image: found 32, wanted 16: the model's vision_config.image_size");
        assertFalse(Files.exists(run) || Files.exists(data.resolve("cache")));
    }

    /// A start that failed, before any step, leaves a folder that binds nobody.
    @Test void aRunThatHasMadeNoStepIsBegunAnewWithAnotherRecipe() throws IOException {
        train().ok();
        for (String made : List.of("checkpoints", "summary.json", "report.html", "answers")) Disk.deleteTree(run.resolve(made));
        Files.write(run.resolve("metrics.jsonl"), new byte[0]);
        Files.writeString(recipe, Files.readString(recipe).replaceFirst("\"seed\" : 5", "\"seed\" : 6"));
        Path changed = clips().getFirst();
        byte[] other = Files.readAllBytes(clips().get(1));
        Files.write(changed, other);
        Outcome o = lucid(Map.of(), command());
        o.ok();
        assertTrue((o.out() + o.err()).contains(run + " holds a run that has made no step: it is begun anew"), o.out() + o.err());
        train("--resume").ok();
        train().failedWith("holds a run already");
    }

    /// Its beginning is sound. The samples of the second step are the third and fourth of the drawn order.
    @Test void aClipThatIsDamagedFurtherOnEndsTheRunWithAWordOnResuming() throws IOException {
        int third = Draw.of(5, "cold-start order cold_start", 0).permutation(16)[2];
        Path bad = QuestionFiles.read(data.resolve(SAMPLES)).get(third).clip(data);
        byte[] clip = Files.readAllBytes(bad);
        int box = new String(clip, StandardCharsets.ISO_8859_1).indexOf("mdat") - 4;
        int size = ByteBuffer.wrap(clip).getInt(box);
        Arrays.fill(clip, box + size / 2, box + size, (byte) 0);
        byte[] sound = Files.readAllBytes(bad);
        Files.write(bad, clip);
        Files.writeString(recipe, Files.readString(recipe).replace("\"save_every\" : 1", "\"save_every\" : 2"));
        Outcome o = lucid(Map.of(), command());
        o.failedWith(bad.toString(), "the run is kept as it was after step 1: once the clip below can be read as it was", "--resume --out " + run,
                "a clip that was mended is another one", "--model " + run);
        Files.write(bad, sound);
        train("--resume").failedWith("clip ./" + data.relativize(bad) + " was changed since the run began");
        assertEquals(1, RunFolder.state(RunFolder.latest(run).orElseThrow()).totalSteps());
    }

    @Test void whatTheModelHasNoPositionsForIsNamedBeforeAnythingIsMade() throws IOException {
        Path file = data.resolve(SAMPLES);
        Files.writeString(file, Files.readString(file).replace("\"<think> ", "\"<think> " + "blue ".repeat(2000)));
        train().failedWith("stage cold_start: the model has no positions for the sample of kind cold_start about clip ", ".mp4 (",
                "max_position_embeddings");
        assertTrue(Files.notExists(run));
    }

    /// Memory is planned for the texts that there are: a plan for the published ones' lengths would let a run begin that cannot end.
    @Test void textsThatNeedMoreMemoryThanThePublishedOnesAreRefusedBeforeAnythingIsMade() throws IOException {
        Matcher published = Pattern.compile(", 294 tokens each, .* needs (\\d+\\.\\d) MB").matcher(train("--memory", 1_000_000).err());
        assertTrue(published.find());
        long enough = Math.round((Double.parseDouble(published.group(1)) + 0.1) * 1e6);
        Path file = data.resolve(SAMPLES);
        Files.writeString(file, Files.readString(file).replace("\"<think> ", "\"<think> " + "blue ".repeat(300)));
        Outcome o = train("--memory", enough);
        Matcher planned = Pattern.compile("sft \\(2 samples a step of 4 frames, (\\d+) tokens each, .* needs ").matcher(o.err());
        assertTrue(planned.find() && Integer.parseInt(planned.group(1)) > 300, o.err());
        assertTrue(Files.notExists(run));
        train("--memory", 2 * enough).ok();
    }

    @Test void theClipsPlaceInAnAnswerIsNamedBeforeAnythingIsMade() throws IOException {
        Path file = data.resolve(SAMPLES);
        Files.writeString(file, Files.readString(file).replace("\"<think> ", "\"<think> <image> "));
        train().failedWith(SAMPLES, "field conversations[1].value: found <image>, wanted it where the human speaks only");
        assertTrue(Files.notExists(run));
    }
}
