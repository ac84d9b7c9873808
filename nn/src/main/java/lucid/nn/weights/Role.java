package lucid.nn.weights;

/// What a parameter is for: how it starts when a model is made from nothing, and whether it may stay in its stored type.
public enum Role {
    /// Weight of a product.
    LINEAR,
    /// Weight of the patch convolution.
    PATCH,
    /// Weight of a product whose result is added to the residual stream of the decoder.
    DECODER_RESIDUAL,
    /// The same in the vision tower.
    VISION_RESIDUAL,
    /// The same in the connector.
    CONNECTOR_RESIDUAL,
    /// Table of token embeddings (or the output head).
    EMBEDDING,
    /// Table of learned positions.
    POSITION,
    /// Learned queries.
    LATENT,
    /// Multiplies a normalised row: starts at 1.
    NORM_WEIGHT,
    /// Is added: starts at 0.
    BIAS;

    /// Kernels read these matrices in bf16 or f16 as they are; everything else is f32.
    public boolean mayStayNarrow() {
        return switch (this) {
            case LINEAR, DECODER_RESIDUAL, VISION_RESIDUAL, CONNECTOR_RESIDUAL, EMBEDDING -> true;
            case PATCH, POSITION, LATENT, NORM_WEIGHT, BIAS -> false;
        };
    }
}
