package lucid.nn.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.layer.Blocks;
import lucid.nn.layer.LayerNorm;
import lucid.nn.layer.Linear;
import lucid.nn.layer.ResamplerLayer;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The "groupresampler" connector: a clip's patch tokens are cut into `group` consecutive chunks, every chunk is read by the same latents
/// through the same layers, and the results, in order, get a fixed positional encoding.
///
/// @param latents   [numQueries / group, hidden]
/// @param positions the positional encoding of all tokens as one row
public record GroupResampler(ResamplerConfig config, Tensor latents, Linear linear, List<ResamplerLayer> layers, LayerNorm norm, Tensor positions,
                             ParameterSet parameters) {
    /// Builds the connector on parameters named `prefix + "_connector...."`.
    public static GroupResampler of(ParameterSet p, String prefix, ResamplerConfig c) {
        String at = prefix + "_connector.";
        Tensor latents = p.declare(at + "latents", Role.LATENT, c.latents(), c.hiddenSize());
        Linear linear = Linear.withBias(p, at + "linear", Role.LINEAR, c.inputSize(), c.hiddenSize());
        List<ResamplerLayer> layers = new ArrayList<>();
        for (int i = 0; i < c.layers(); i++) layers.add(ResamplerLayer.of(p, at + "layers." + i + ".", c));
        return new GroupResampler(c, latents, linear, List.copyOf(layers), LayerNorm.of(p, at + "norm", c.hiddenSize(), ResamplerLayer.EPS),
                p.constant(SinePositions.table(c.tokens(), c.hiddenSize()), 1, c.tokens() * c.hiddenSize()), p);
    }

    /// Patch features of whole clips to visual tokens.
    ///
    /// @param step     scope of this pass's temporaries
    /// @param features [sum of the clips' rows, input size]
    /// @param clips    rows of each clip: prompt groups of every gradient
    /// @return [clips · tokens, hidden], groups = clips
    public Tensor forward(Scope step, Tensor features, RowGroups clips) {
        if (features.shape().rows() != clips.rows() || features.shape().cols() != config.inputSize()) {
            throw new IllegalArgumentException("resampler: found features " + features.shape() + ", wanted [" + clips.rows() + ", "
                    + config.inputSize() + "]");
        }
        return read(step, features, clips, spans(clips), config.tokens(), positions);
    }

    /// Single chunks that belong to no whole clip (one frame, to learn to see): chunk i as group `places[i]` of a clip, with that group's positions.
    ///
    /// @param chunks rows of each chunk: prompt groups of every gradient
    /// @return [chunks · latents, hidden], groups = chunks
    public Tensor forwardChunks(Scope step, Tensor features, RowGroups chunks, int[] places) {
        if (places.length != chunks.count())
            throw new IllegalArgumentException("resampler: found " + places.length + " places for " + chunks.count()
                    + " chunks, wanted one for each");
        int n = config.latents();
        List<Span> spans = new ArrayList<>();
        for (int c = 0; c < chunks.count(); c++) {
            int start = chunks.from(c) + c * n;
            int length = chunks.to(c) - chunks.from(c);
            spans.add(new Span(c * n, n, 0, start, length, start + length, n, false));
        }
        Tensor table = positions.reshape(config.group(), n * config.hiddenSize()).gatherRows(places);
        return read(step, features, chunks, spans, n, table);
    }

    // Latents read their chunks through the layers; `table` is added to the results, one row for all of them or one for each.
    private Tensor read(Scope step, Tensor features, RowGroups clips, List<Span> spans, int tokens, Tensor table) {
        RowGroups latentGroups = RowGroups.uniform(clips.count(), tokens);
        Tensor x = linear.forward(features.withRowGroups(clips));
        int[] ids = new int[clips.count() * tokens];
        for (int i = 0; i < ids.length; i++) ids[i] = i % config.latents();
        Tensor z = latents.gatherRows(Tensor.ints(step, ids, ids.length), latentGroups);
        AttentionPlan plan = new AttentionPlan(config.heads(), config.heads(), config.headDim(), spans);
        List<UnaryOperator<Tensor>> run = new ArrayList<>();
        for (ResamplerLayer layer : layers) run.add(latentRows -> layer.forward(x, latentRows, plan));
        z = Blocks.run(z, run);
        int width = tokens * config.hiddenSize();
        return norm.forward(z).reshape(clips.count(), width).add(table).reshape(clips.count() * tokens, config.hiddenSize())
                .withRowGroups(latentGroups);
    }

    /// Chunk lengths of n tokens: the first `n mod group` are one longer.
    static int[] chunks(int n, int group) {
        int[] out = new int[group];
        for (int g = 0; g < group; g++) out[g] = n / group + (g < n % group ? 1 : 0);
        return out;
    }

    /// Keys of a span: the chunk's patch rows, then the chunk's own latents, which lie behind all patch rows of the clip.
    private List<Span> spans(RowGroups clips) {
        List<Span> spans = new ArrayList<>();
        int latentCount = config.latents();
        int query = 0;
        for (int c = 0; c < clips.count(); c++) {
            int n = clips.to(c) - clips.from(c);
            int start = clips.from(c) + c * config.tokens();
            int chunk = start;
            int own = start + n;
            for (int length : chunks(n, config.group())) {
                spans.add(new Span(query, latentCount, 0, chunk, length, own, latentCount, false));
                chunk += length;
                own += latentCount;
                query += latentCount;
            }
        }
        return spans;
    }
}
