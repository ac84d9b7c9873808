package lucid.bench.peers;

import java.util.Random;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.kernels.Device;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.model.Qwen2;
import lucid.nn.optim.AdamW;
import lucid.nn.weights.Initialization;

/// A fixed piece of work with a twin in `bench/peers`.
sealed interface Workload extends AutoCloseable permits DemoTrainingStep, LayerStep, Generation, TextGrpoStep, FullText {
    /// As in the Python scripts: AdamW with torch's other defaults, clipping by the global norm.
    AdamW.Settings ADAMW = new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0.01f, 1f);
    double LEARNING_RATE = 1e-6;

    /// One repetition.
    void run();

    /// Tokens that a repetition trains on or draws.
    int tokens();

    @Override void close();

    /// The demo's decoder alone with random weights.
    static Qwen2 demoDecoder(Device device) {
        Recipe recipe = RecipeReader.read("demo");
        Qwen2Config config = TinyLlavaConfig.parse("recipe demo, model", recipe.model()).text();
        return Qwen2.random(device, config, 1, Initialization.PUBLISHED);
    }

    static int[] ids(Random random, int n, Qwen2Config config) { return random.ints(n, 0, config.vocabSize()).toArray(); }
}
