package lucid.nn.layer;

import java.util.stream.Stream;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.nn.config.Qwen2Config;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// One block of Qwen2: `x += o(attention(rotate(q), rotate(k), v))` of the normalised rows, then `x += down(silu(gate) · up)`.
/// q, k and v have biases, nothing else has.
public record DecoderBlock(int layer, RmsNorm inputNorm, Linear q, Linear k, Linear v, Linear o, RmsNorm postNorm, Linear gate, Linear up,
        Linear down) {
    /// Declares the block's parameters, `PREFIXlayers.LAYER.…`, as published.
    ///
    /// @param prefix ends with a dot, or is empty
    public static DecoderBlock of(ParameterSet p, String prefix, int layer, Qwen2Config c) {
        String at = prefix + "layers." + layer + ".";
        int h = c.hiddenSize();
        int kv = c.kvHeads() * c.headDim();
        return new DecoderBlock(layer, RmsNorm.of(p, at + "input_layernorm", h, c.rmsNormEps()),
                Linear.withBias(p, at + "self_attn.q_proj", Role.LINEAR, h, c.heads() * c.headDim()),
                Linear.withBias(p, at + "self_attn.k_proj", Role.LINEAR, h, kv), Linear.withBias(p, at + "self_attn.v_proj", Role.LINEAR, h, kv),
                Linear.plain(p, at + "self_attn.o_proj", Role.DECODER_RESIDUAL, c.heads() * c.headDim(), h),
                RmsNorm.of(p, at + "post_attention_layernorm", h, c.rmsNormEps()),
                Linear.plain(p, at + "mlp.gate_proj", Role.LINEAR, h, c.intermediateSize()),
                        Linear.plain(p, at + "mlp.up_proj", Role.LINEAR, h, c.intermediateSize()),
                Linear.plain(p, at + "mlp.down_proj", Role.DECODER_RESIDUAL, c.intermediateSize(), h));
    }

    /// The same block with an adapter beside those of its layers that the adapter wants.
    public DecoderBlock adapted(LoraAdapter lora) {
        String attention = "model.layers." + layer + ".self_attn.";
        String mlp = "model.layers." + layer + ".mlp.";
        return new DecoderBlock(layer, inputNorm, q.adapted(lora, attention + "q_proj"), k.adapted(lora, attention + "k_proj"),
                v.adapted(lora, attention + "v_proj"),
                o.adapted(lora, attention + "o_proj"), postNorm, gate.adapted(lora, mlp + "gate_proj"), up.adapted(lora, mlp + "up_proj"),
                        down.adapted(lora, mlp + "down_proj"));
    }

    public Stream<Linear> linears() { return Stream.of(q, k, v, o, gate, up, down); }

    /// @param x [rows, hidden]
    public Tensor forward(Tensor x, DecoderContext c) {
        Tensor normed = inputNorm.forward(x);
        Tensor[] qkv = Linear.each(normed, q, k, v);
        return behind(x, attention(rotate(qkv[0], c.positions(), c), qkv[1], qkv[2], c.plan(), c));
    }

    /// The same for some rows only: [kept, hidden]. For the last block, of which few rows are needed: the others give keys and values and nothing
    /// else.
    ///
    /// No bit differs from all rows' gathered afterwards: rows do not know of each other, and the gradient of a row that nobody asked for is zero,
    /// which changes no chain.
    public Tensor forward(Tensor x, DecoderContext c, KeptRows kept) {
        Tensor normed = inputNorm.forward(x);
        Tensor seen = attention(rotate(q.forward(normed, kept), kept.positions(), c), k.forward(normed), v.forward(normed), kept.plan(), c);
        return behind(kept.of(x), seen);
    }

    private Tensor attention(Tensor queries, Tensor keys, Tensor values, AttentionPlan plan, DecoderContext c) {
        Tensor all = c.store().keys(layer, rotate(keys, c.positions(), c));
        return queries.attention(all, c.store().values(layer, values), plan, c.scale());
    }

    /// What comes after attention: every row for itself.
    private Tensor behind(Tensor x, Tensor seen) {
        x = x.add(o.forward(seen));
        return x.add(down.forward(Linear.gated(postNorm.forward(x), gate, up)));
    }

    private static Tensor rotate(Tensor x, Tensor positions, DecoderContext c) {
        return x.rotate(positions, c.rotary().cos(), c.rotary().sin(), c.plan().headDim());
    }
}
