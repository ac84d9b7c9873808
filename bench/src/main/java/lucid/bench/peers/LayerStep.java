package lucid.bench.peers;

import java.util.Arrays;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.nn.config.Qwen2Config;
import lucid.nn.layer.DecoderBlock;
import lucid.nn.layer.DecoderContext;
import lucid.nn.layer.KeyValueStore;
import lucid.nn.optim.AdamW;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.RotaryTable;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Twin of `qwen2_step.py layer_step`: one decoder layer of Qwen2.5-3B's size over 640 tokens, forward, backward, clipping, AdamW of its 77 million
/// parameters.
final class LayerStep implements Workload {
    private static final int ROWS = 640;
    private static final Qwen2Config SIZES = new Qwen2Config(151_936, 2048, 11_008, 1, 16, 2, 128, 1e-6f, 1_000_000, 32_768, true, 0.02, -1);

    private final Device device;
    private final ParameterSet parameters;
    private final DecoderBlock block;
    private final AdamW optimizer;
    private final Tensor x;
    private final Tensor seed;
    private final RotaryTable rotary;
    private final Tensor positions;

    LayerStep(Device device) {
        this.device = device;
        parameters = new ParameterSet(device, WeightSource.random(1, Initialization.PUBLISHED));
        block = DecoderBlock.of(parameters, "model.", 0, SIZES);
        parameters.finish().train(_ -> true);
        optimizer = new AdamW(parameters, ADAMW);
        Scope held = parameters.scope();
        x = Tensor.normal(held, 1, 0, 1, ROWS, SIZES.hiddenSize()).requireGrad();
        seed = Tensor.normal(held, 2, 0, 1, ROWS, SIZES.hiddenSize());
        rotary = RotaryTable.of(held, SIZES.ropeTheta(), SIZES.headDim(), ROWS);
        int[] places = new int[ROWS];
        Arrays.setAll(places, i -> i);
        positions = Tensor.ints(held, places, ROWS);
    }

    @Override public void run() {
        AttentionPlan plan = new AttentionPlan(SIZES.heads(), SIZES.kvHeads(), SIZES.headDim(), List.of(AttentionPlan.Span.causal(0, ROWS)));
        try (Scope _ = Scope.open(device)) {
            Tensor out = block.forward(x, new DecoderContext(positions, rotary, plan, KeyValueStore.ROWS));
            out.backward(seed);
        }
        optimizer.step(LEARNING_RATE);
        parameters.zeroGrad();
        x.zeroGrad();
    }

    @Override public int tokens() { return ROWS; }

    @Override public void close() {
        optimizer.close();
        parameters.close();
    }
}
