package lucid.nn.layer;

import java.util.stream.Stream;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// One block of the vision tower: `x += out(attention(LN1 x))`, `x += fc2(gelu_tanh(fc1(LN2 x)))`, biases everywhere, no mask inside an image.
public record VisionBlock(LayerNorm norm1, Linear q, Linear k, Linear v, Linear out, LayerNorm norm2, VisionMlp mlp) {
    /// Declares the block's parameters under `at`, which ends with a dot.
    public static VisionBlock of(ParameterSet p, String at, SiglipVisionConfig c) {
        int h = c.hiddenSize();
        return new VisionBlock(LayerNorm.of(p, at + "layer_norm1", h, c.layerNormEps()),
                Linear.withBias(p, at + "self_attn.q_proj", Role.LINEAR, h, h),
                Linear.withBias(p, at + "self_attn.k_proj", Role.LINEAR, h, h), Linear.withBias(p, at + "self_attn.v_proj", Role.LINEAR, h, h),
                Linear.withBias(p, at + "self_attn.out_proj", Role.VISION_RESIDUAL, h, h), LayerNorm.of(p, at + "layer_norm2", h, c.layerNormEps()),
                VisionMlp.of(p, at + "mlp", c));
    }

    public Stream<Linear> linears() { return Stream.of(q, k, v, out, mlp.fc1(), mlp.fc2()); }

    /// [rows, hidden] -> [rows, hidden]; a row is a patch.
    ///
    /// @param plan one span for each image
    public Tensor forward(Tensor x, AttentionPlan plan) {
        Tensor normed = norm1.forward(x);
        float scale = (float) (1 / Math.sqrt(plan.headDim()));
        x = x.add(out.forward(q.forward(normed).attention(k.forward(normed), v.forward(normed), plan, scale)));
        return x.add(mlp.forward(norm2.forward(x)));
    }
}
