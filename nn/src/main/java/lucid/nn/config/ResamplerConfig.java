package lucid.nn.config;

/// Sizes of the group resampler. The published code fixes `heads` 8, `headDim` 64 and `ffMult` 4; toy models may say otherwise with the
/// keys `resampler_heads`, `resampler_head_dim` and `resampler_ff_mult`, which are Lucid's own.
///
/// @param group      number of chunks the patch tokens are cut into
/// @param numQueries wanted output tokens; every chunk gets `numQueries / group` (rounded down) latents
public record ResamplerConfig(int inputSize, int hiddenSize, int group, int numQueries, int layers, int heads, int headDim, int ffMult) {
    public ResamplerConfig {
        Limits.atMost("num_resampler_layers", layers, Limits.LAYERS);
        Limits.atMost("num_queries", numQueries, Limits.TABLE, "hidden_size", hiddenSize);
        Limits.atMost("resampler_heads", heads, Limits.WIDTH);
        Limits.atMost("hidden_size", hiddenSize, Limits.MATRIX, "vision_hidden_size", inputSize);
        // Keys and values are one matrix.
        Limits.atMost("resampler_head_dim", headDim, Limits.MATRIX, "2 * resampler_heads * hidden_size", 2L * heads * hiddenSize);
        Limits.atMost("resampler_ff_mult", ffMult, Limits.MATRIX, "hidden_size * hidden_size", (long) hiddenSize * hiddenSize);
        if (numQueries < group) throw new ConfigException("num_queries: found " + numQueries + ", wanted at least group " + group);
    }

    /// Latents per chunk.
    public int latents() { return numQueries / group; }

    /// Tokens a clip becomes: `group · (numQueries / group)`, which is less than numQueries where that does not divide.
    public int tokens() { return group * latents(); }

    /// Columns of the queries, and of the keys and of the values: all heads beside each other.
    public int inner() { return heads * headDim; }
}
