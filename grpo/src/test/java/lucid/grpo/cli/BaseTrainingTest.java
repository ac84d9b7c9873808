package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import lucid.grpo.data.DriftData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.model.TinyLlavaVideo;
import lucid.tensor.Parameter;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The published base training at toy size: the shipped recipe with fewer steps, smaller batches and smaller pictures, on a model that `init` has
/// written as its parts.
class BaseTrainingTest extends CommandTest {
    @TempDir Path root;

    @Test void theConnectorAloneThenBothAndNeverTheTower() throws IOException {
        Path data = root.resolve("data");
        lucid("data", "drift", "--data", data, "--clips", 64, "--held-out", 5, "--seed", 3, "--threads", 2).ok();
        List<String> clips;
        try (Stream<Path> files = Files.walk(data)) {
            clips = files.filter(f -> f.toString().endsWith(".mp4")).sorted().limit(4).map(f -> data.relativize(f).toString()).toList();
        }
        Path recipe = Files.writeString(root.resolve("recipe.json"), RecipeReader.write(small(RecipeReader.read("tinyllava-video"))));
        Path start = start();
        Path run = root.resolve("run");
        Object[] words = {"sft", "--recipe", recipe, "--model", start, "--data", data, "--out", run, "--threads", 2};
        lucid(words).failedWith("cleaned_video_caption.json", "no such file");
        assertFalse(Files.exists(run));
        Files.createDirectories(data.resolve("text_files"));
        write(data.resolve("text_files/cleaned_video_caption.json"), clips, "Describe the video.", "A red ring moves to the left.");
        write(data.resolve("text_files/cleaned_video_openqa.json"), clips, "What moves?", "A ring.");
        lucid(words).ok();
        List<Path> saved = RunFolder.checkpoints(run);
        assertEquals(List.of("connector", "full"), saved.stream().map(c -> RunFolder.state(c).stage()).distinct().toList());
        Map<String, float[]> first = weights(start);
        Map<String, float[]> captions = weights(saved.getFirst());
        assertEquals(List.of("connector"), changed(first, captions));
        assertEquals(List.of("connector", "language_model"), changed(captions, weights(saved.getLast())));
    }

    private Path start() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        Path config = Files.writeString(root.resolve("config.json"), toy.model().toString());
        Path words = root.resolve("tokenizer.json");
        TokenizerJson.write(new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(3, 64, 5), 30)).tokenizer(), words);
        Path start = root.resolve("start");
        lucid("init", "--config", config, "--out", start, "--seed", 1, "--layout", "folders", "--dtype", "f32", "--tokenizer", words).ok();
        return start;
    }

    private static Recipe small(Recipe r) {
        Recipe.DataSpec d = r.data();
        List<Stage> stages = new ArrayList<>();
        for (Stage stage : r.stages()) {
            Stage.Supervised s = (Stage.Supervised) stage;
            Stage.OptimizerSpec o = s.optimizer();
            // The first update's rate is 0 in a warm-up.
            var optimizer = new Stage.OptimizerSpec(o.lr(), o.beta1(), o.beta2(), o.eps(), o.weightDecay(), o.schedule(), 1, o.floor(),
                    o.maxGradNorm());
            stages.add(new Stage.Supervised(s.name(), s.phase(), 3, Map.of(s.mix().keySet().iterator().next(), 3), optimizer, s.trainable(), 3));
        }
        return new Recipe(r.name(), r.description(), r.source(), r.departures(), r.seed(), null, null,
                new Recipe.DataSpec(d.kind(), 4, 16, null, null, null, null, null, d.captions(), d.conversations(), null), stages, r.evaluation());
    }

    private static void write(Path file, List<String> clips, String question, String answer) throws IOException {
        List<String> all = clips.stream().map(c -> "{\"id\": \"" + c + "\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image>\\n"
                + question
                + "\"}, {\"from\": \"gpt\", \"value\": \"" + answer + "\"}], \"video\": \"" + c + "\"}").toList();
        Files.writeString(file, "[" + String.join(",\n", all) + "]\n");
    }

    private static Map<String, float[]> weights(Path folder) {
        Map<String, float[]> all = new java.util.TreeMap<>();
        try (Device d = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.load(d, folder)) {
            for (Parameter p : model.parameters().all()) all.put(p.name(), p.value().toFloats());
        }
        return all;
    }

    /// The parts of which something has changed.
    private static List<String> changed(Map<String, float[]> before, Map<String, float[]> after) {
        assertArrayEquals(before.keySet().toArray(), after.keySet().toArray());
        TreeSet<String> parts = new TreeSet<>();
        before.forEach((name, values) -> {
            if (!java.util.Arrays.equals(values, after.get(name))) parts.add(name.substring(0, name.indexOf('.')));
        });
        return List.copyOf(parts);
    }
}
