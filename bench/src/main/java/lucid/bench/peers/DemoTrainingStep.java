package lucid.bench.peers;

import java.util.Arrays;
import java.util.Random;
import lucid.kernels.Device;
import lucid.nn.batch.PackedBatch;
import lucid.nn.model.Qwen2;
import lucid.nn.optim.AdamW;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Twin of `qwen2_step.py demo_step`: cross-entropy of every next token of 64 texts of 105 tokens, backward, clipping, AdamW.
final class DemoTrainingStep implements Workload {
    private static final int TEXTS = 64;
    private static final int LENGTH = 105;

    private final Device device;
    private final Qwen2 model;
    private final AdamW optimizer;
    private final PackedBatch batch;

    DemoTrainingStep(Device device) {
        this.device = device;
        model = Workload.demoDecoder(device);
        model.parameters().train(_ -> true);
        optimizer = new AdamW(model.parameters(), ADAMW);
        Random random = new Random(1);
        PackedBatch.Builder builder = PackedBatch.builder(0);
        for (int i = 0; i < TEXTS; i++) {
            int[] ids = Workload.ids(random, LENGTH, model.config());
            builder.sequence(ids, 0, ids, -100);
        }
        batch = builder.build();
    }

    @Override public void run() {
        try (Scope scope = Scope.open(device)) {
            Tensor logProb = model.logProbs(scope, batch, null, 1f, false).logProb();
            float[] seed = new float[batch.scored()];
            Arrays.fill(seed, -1f / seed.length);
            logProb.backward(Tensor.of(scope, seed, seed.length));
            double loss = 0;
            for (float p : logProb.toFloats()) loss -= p / seed.length;
            if (Double.isNaN(loss)) throw new IllegalStateException("the loss is not a number");
        }
        optimizer.step(LEARNING_RATE);
        model.parameters().zeroGrad();
    }

    @Override public int tokens() { return TEXTS * LENGTH; }

    @Override public void close() {
        optimizer.close();
        model.parameters().close();
    }
}
