package lucid.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.model.Qwen2;

/// Twin of `generate.py`: sampling at temperature 1 without filters or end token, from prompts of equal length.
final class Generation implements Workload {
    private final Qwen2 model;
    private final PackedBatch prompts;
    private final List<int[]> ids = new ArrayList<>();
    private final int completions;
    private final int newTokens;
    private int step;

    Generation(Device device, int promptCount, int promptLength, int completions, int newTokens) {
        this.completions = completions;
        this.newTokens = newTokens;
        model = Workload.demoDecoder(device);
        Random random = new Random(1);
        PackedBatch.Builder builder = PackedBatch.builder(0);
        for (int i = 0; i < promptCount; i++) {
            ids.add(Workload.ids(random, promptLength, model.config()));
            builder.sequence(ids.getLast(), 0);
        }
        prompts = builder.build();
    }

    Qwen2 model() { return model; }

    List<int[]> promptIds() { return ids; }

    List<Completion> draw() {
        var settings = new GenerationSettings(Sampling.Rule.temperature(1f), newTokens, -1, 1f, 1, step++);
        List<Completion> drawn = new Generator(model).generate(prompts, null, completions, settings, null);
        for (Completion c : drawn) {
            if (c.length() != newTokens) throw new IllegalStateException("a completion has " + c.length() + " tokens, wanted " + newTokens);
        }
        return drawn;
    }

    @Override public void run() { draw(); }

    @Override public int tokens() { return ids.size() * completions * newTokens; }

    @Override public void close() { model.parameters().close(); }
}
