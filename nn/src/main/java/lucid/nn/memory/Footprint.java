package lucid.nn.memory;

import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.lora.LoraSpec;

/// Numbers that one row leaves behind in one layer, counted off the layers' `forward`s: every operation has a result of its own. Where nothing is
/// recorded, a product with an activation is one operation.
/// h: hidden, A: heads · head size, K: kv heads · head size, I: intermediate.
final class Footprint {
    private Footprint() {}

    /// A decoder block: norms, o, down and the two sums `6h`; q, rotated q, attention `3A`; k, rotated k, v `3K`; gate, up, product `3I`.
    static long decoderBlock(Qwen2Config c) {
        return 6L * c.hiddenSize() + 3L * c.heads() * c.headDim() + 3L * kv(c) + 3L * c.intermediateSize() + c.heads() + 2;
    }

    /// What of [#decoderBlock] is not there when nothing is recorded: gate and up, unless an adapter adds to them.
    static long decoderSpared(Qwen2Config c, LoraSpec adapterOrNull) {
        boolean adapted = adapterOrNull != null && (adapterOrNull.targets().contains("gate_proj") || adapterOrNull.targets().contains("up_proj"));
        return adapted ? 0 : 2L * c.intermediateSize();
    }

    /// Gradients that live together while the backward goes through a block: the stream, and those of the feed-forward.
    static long decoderBackward(Qwen2Config c) { return 3L * c.hiddenSize() + 3L * c.intermediateSize(); }

    /// Keys and values of all layers.
    static long cache(Qwen2Config c) { return 2L * c.layers() * kv(c); }

    private static long kv(Qwen2Config c) { return (long) c.kvHeads() * c.headDim(); }

    /// A vision block: norms, q, k, v, attention, out, fc2 and the two sums `10h`; fc1 and its GELU `2I`.
    static long visionBlock(SiglipVisionConfig c) { return 10L * c.hiddenSize() + 2L * c.intermediateSize() + c.heads() + 4; }

    /// What of [#visionBlock] is not there when nothing is recorded: the argument of GELU.
    static long visionSpared(SiglipVisionConfig c) { return c.intermediateSize(); }

    /// A patch row in the connector: the projection `h`, and in every layer norm, copy beside the latents `2h`, keys and values `2·inner`.
    ///
    /// @param layers whose rows live at once: all of them for a backward, one without, none when it is done
    static long connectorPatch(ResamplerConfig c, int layers) { return c.hiddenSize() + layers * (2L * c.hiddenSize() + 2L * c.inner() + 2); }

    /// A latent's row: gathered, normed at the end, with its position `4h`; in every layer two norms, copy, out, sum, fc2, sum `7h`, fc1 and its GELU
    /// `2·ffMult·h` (without the argument of GELU where nothing is recorded), q and attention `2·inner`, its own key and value `2·inner`.
    ///
    /// @param layers see [#connectorPatch]
    static long connectorLatent(ResamplerConfig c, int layers, boolean recorded) {
        return 4L * c.hiddenSize() + layers * (7L * c.hiddenSize() + (recorded ? 2L : 1L) * c.ffMult() * c.hiddenSize() + 4L * c.inner()
                + c.heads() + 4);
    }

    /// Numbers of an adapter: `r·(in + out)` for every adapted layer.
    static long adapter(Qwen2Config c, LoraSpec spec) {
        long sum = 0;
        for (String target : spec.targets()) sum += (long) spec.r() * (in(c, target) + out(c, target));
        return c.layers() * sum;
    }

    /// What an adapter adds to a row in a block, for every adapted layer: `x·Aᵀ` and its scaling `2r`, `·Bᵀ` and the sum `2·out`.
    static long adapterBlock(Qwen2Config c, LoraSpec spec) { return spec.targets().stream().mapToLong(t -> 2L * spec.r() + 2L * out(c, t)).sum(); }

    private static int in(Qwen2Config c, String target) {
        return switch (target) {
            case "o_proj" -> c.heads() * c.headDim();
            case "down_proj" -> c.intermediateSize();
            default -> c.hiddenSize();
        };
    }

    private static int out(Qwen2Config c, String target) {
        return switch (target) {
            case "q_proj" -> c.heads() * c.headDim();
            case "k_proj", "v_proj" -> (int) kv(c);
            case "gate_proj", "up_proj" -> c.intermediateSize();
            default -> c.hiddenSize();
        };
    }
}
