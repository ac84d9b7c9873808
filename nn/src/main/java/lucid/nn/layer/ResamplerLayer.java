package lucid.nn.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// One Perceiver layer of the connector: latents attend to a chunk and to themselves, then a feed-forward with exact GELU. No biases in the products.
public record ResamplerLayer(LayerNorm normMedia, LayerNorm normLatents, Linear toQ, Linear toKv, Linear toOut, LayerNorm ffNorm, Linear ffIn,
        Linear ffOut) {
    /// torch's default, unlike the tower's 1e-6.
    public static final float EPS = 1e-5f;

    /// Declares the layer's parameters under `at`, which ends with a dot; names are the indices of the published modules.
    public static ResamplerLayer of(ParameterSet p, String at, ResamplerConfig c) {
        int d = c.hiddenSize();
        return new ResamplerLayer(LayerNorm.of(p, at + "0.norm_media", d, EPS), LayerNorm.of(p, at + "0.norm_latents", d, EPS),
                Linear.plain(p, at + "0.to_q", Role.LINEAR, d, c.inner()), Linear.plain(p, at + "0.to_kv", Role.LINEAR, d, 2 * c.inner()),
                Linear.plain(p, at + "0.to_out", Role.CONNECTOR_RESIDUAL, c.inner(), d), LayerNorm.of(p, at + "1.0", d, EPS),
                Linear.plain(p, at + "1.1", Role.LINEAR, d, c.ffMult() * d), Linear.plain(p, at + "1.3", Role.CONNECTOR_RESIDUAL, c.ffMult() * d, d));
    }

    public Stream<Linear> linears() { return Stream.of(toQ, toKv, toOut, ffIn, ffOut); }

    /// The latents after this layer, shaped as before.
    ///
    /// @param x    [patches of all clips, hidden], groups = clips
    /// @param z    latents [clips · tokens, hidden], groups = clips
    /// @param plan queries: rows of z; keys: for each clip its patch rows, then its latents
    public Tensor forward(Tensor x, Tensor z, AttentionPlan plan) {
        Tensor latents = normLatents.forward(z);
        Tensor kv = toKv.forward(besideEachOther(normMedia.forward(x), latents));
        int inner = kv.shape().cols() / 2;
        float scale = (float) (1 / Math.sqrt(plan.headDim()));
        Tensor seen = toQ.forward(latents).attention(kv.cols(0, inner), kv.cols(inner, 2 * inner), plan, scale);
        z = z.add(toOut.forward(seen));
        return z.add(ffOut.forward(ffIn.forward(ffNorm.forward(z), Activation.GELU_ERF)));
    }

    /// Patch rows and latents clip by clip, so that a clip's rows are one group of the shared projection's gradient.
    private static Tensor besideEachOther(Tensor media, Tensor latents) {
        RowGroups m = media.rowGroups();
        RowGroups l = latents.rowGroups();
        List<Tensor> parts = new ArrayList<>();
        int[] offsets = new int[m.count() + 1];
        for (int c = 0; c < m.count(); c++) {
            parts.add(media.rows(m.from(c), m.to(c)));
            parts.add(latents.rows(l.from(c), l.to(c)));
            offsets[c + 1] = m.to(c) + l.to(c);
        }
        return Tensor.concatRows(parts).withRowGroups(new RowGroups(offsets));
    }
}
