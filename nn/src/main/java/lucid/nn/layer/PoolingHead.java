package lucid.nn.layer;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// SigLIP's attention pooling: a learned probe is the one query over all patches of an image; then `y + mlp(LN y)`, where the residual starts
/// after the attention. Its projections are packed: rows q, k, v of `in_proj_weight`.
public record PoolingHead(Tensor probe, Tensor inWeight, Tensor inBias, Linear out, LayerNorm norm, VisionMlp mlp) {
    /// Declares the head's parameters under `at`, which ends with a dot.
    public static PoolingHead of(ParameterSet p, String at, SiglipVisionConfig c) {
        int h = c.hiddenSize();
        return new PoolingHead(p.declare(at + "probe", Role.LATENT, 1, 1, h), p.declare(at + "attention.in_proj_weight", Role.LINEAR, 3 * h, h),
                p.declare(at + "attention.in_proj_bias", Role.BIAS, 3 * h), Linear.withBias(p, at + "attention.out_proj", Role.LINEAR, h, h),
                LayerNorm.of(p, at + "layernorm", h, c.layerNormEps()), VisionMlp.of(p, at + "mlp", c));
    }

    /// @param x [images · patches, hidden], after post_layernorm
    /// @return [images, hidden]
    public Tensor forward(Tensor x, int images, int heads) {
        int patches = x.shape().rows() / images;
        int h = x.shape().cols();
        List<AttentionPlan.Span> spans = new ArrayList<>();
        for (int i = 0; i < images; i++) spans.add(AttentionPlan.Span.cross(i, 1, i * patches, patches));
        Tensor q = part(probe.reshape(1, h), 0, h).gatherRows(new int[images]);
        float scale = (float) (1 / Math.sqrt(h / heads));
        Tensor y = out.forward(q.attention(part(x, 1, h), part(x, 2, h), new AttentionPlan(heads, heads, h / heads, spans), scale));
        return y.add(mlp.forward(norm.forward(y)));
    }

    private Tensor part(Tensor x, int third, int h) {
        return x.linear(inWeight.rows(third * h, (third + 1) * h), inBias.cols(third * h, (third + 1) * h));
    }
}
