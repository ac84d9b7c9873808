package lucid.bench.phase;

import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.model.ScoredRows;

/// Floating-point operations of a pass, counted from the shapes: products only (an FMA counts two), as the limit of norms and exponentials is nowhere
/// near.
///
/// @param linear    products with a weight whose input has a gradient
/// @param first     products with a weight whose input has none (frozen features)
/// @param attention scores and values
/// @param head      logits of the scored rows
public record ModelWork(double linear, double first, double attention, double head) {
    /// Operations of the forward.
    public double forward() { return linear + first + attention + head; }

    /// Forward and backward: a product has two gradients (one with a frozen input), attention's backward has five products to the forward's two,
    /// the fused head computes its logits again before the two gradients.
    public double training() { return 3 * linear + 2 * first + 3.5 * attention + 4 * head; }

    public ModelWork plus(ModelWork o) { return new ModelWork(linear + o.linear, first + o.first, attention + o.attention, head + o.head); }

    /// The decoder over packed rows, all of which go through all of the last block.
    ///
    /// @param scored rows that are multiplied with the head
    public static ModelWork decoder(Qwen2Config c, int rows, List<Span> spans, int scored) { return decoder(c, rows, spans, rows, spans, scored); }

    /// The same where the last block makes keys and values of all rows, and everything else of these.
    public static ModelWork decoder(Qwen2Config c, int rows, List<Span> spans, ScoredRows last, int scored) {
        return decoder(c, rows, spans, last.rows().length, last.spans(), scored);
    }

    private static ModelWork decoder(Qwen2Config c, int rows, List<Span> spans, int lastRows, List<Span> lastSpans, int scored) {
        double q = c.heads() * c.headDim();
        double keys = 2.0 * c.hiddenSize() * 2 * c.kvHeads() * c.headDim();
        double others = 2.0 * c.hiddenSize() * (2 * q + 3.0 * c.intermediateSize());
        double before = c.layers() - 1.0;
        return new ModelWork(c.layers() * rows * keys + (before * rows + lastRows) * others, 0,
                2 * 2.0 * q * (before * visible(spans) + visible(lastSpans)),
                2.0 * c.hiddenSize() * c.vocabSize() * scored);
    }

    private static double visible(List<Span> spans) {
        double pairs = 0;
        for (Span s : spans) {
            for (int i = 0; i < s.queries(); i++) pairs += s.visible(i);
        }
        return pairs;
    }

    /// The vision tower up to the state that is read.
    public static ModelWork tower(TinyLlavaConfig config, int images) {
        SiglipVisionConfig c = config.vision();
        double h = c.hiddenSize();
        double rows = (double) images * c.patches();
        int blocks = c.layers() + 1 + config.visionFeatureLayer();
        return new ModelWork(blocks * rows * 2 * (4 * h * h + 2 * h * c.intermediateSize()), rows * 2 * 3 * c.patchSize() * c.patchSize() * h,
                blocks * rows * 2 * 2 * h * c.patches(), 0);
    }

    /// The connector over whole clips.
    ///
    /// @param patches patch rows of a clip
    public static ModelWork connector(TinyLlavaConfig config, int clips, int patches) {
        ResamplerConfig c = config.resampler();
        double h = c.hiddenSize();
        double rows = (double) clips * patches;
        double latents = (double) clips * c.tokens();
        double layer = 2 * h * 2 * c.inner() * (rows + latents) + 2 * 2 * h * c.inner() * latents + 2 * 2 * h * c.ffMult() * h * latents;
        double seen = (double) patches / c.group() + c.latents();
        return new ModelWork(c.layers() * layer, 2 * rows * c.inputSize() * h, c.layers() * 2 * 2 * c.inner() * latents * seen, 0);
    }
}
