package lucid.nn.weights;

import java.util.Arrays;

/// Standard deviations of a model made from nothing. Biases start at 0, norm weights at 1. A matrix with `linear` 0 gets `1/√inputs` (fan-in),
/// so that every layer keeps the size of what goes through; what is added to a residual stream is scaled by the given factor on top.
///
/// @param linear            of products; 0: fan-in
/// @param embedding         of the token table
/// @param position          of the vision tower's learned positions
/// @param latent            of the connector's queries
/// @param decoderResidual   factor on the decoder's residual outputs, visionResidual and connectorResidual likewise
public record Initialization(double linear, double embedding, double position, double latent, double decoderResidual, double visionResidual,
                             double connectorResidual) {
    /// As the published code starts a connector: linear weights N(0, 0.02²), latents N(0, 1) (spec 1.4).
    public static final Initialization PUBLISHED = new Initialization(0.02, 0.02, 0.02, 1, 1, 1, 1);

    /// Fan-in, for small models that must learn in minutes: residual outputs are small at the start. Of no depth yet, see [#ofDepth].
    public static final Initialization FAN_IN = new Initialization(0, 0.3, 0.5, 1, 0.3, 1, 0.5);

    /// [#FAN_IN] of a depth.
    public static Initialization fanIn(int decoderLayers, int visionLayers) { return FAN_IN.ofDepth(decoderLayers, visionLayers); }

    /// With the factors of decoder and tower divided by `√(2·layers)`: a block adds to its residual stream twice.
    public Initialization ofDepth(int decoderLayers, int visionLayers) {
        return new Initialization(linear, embedding, position, latent, decoderResidual / Math.sqrt(2.0 * decoderLayers),
                visionResidual / Math.sqrt(2.0 * visionLayers), connectorResidual);
    }

    /// Standard deviation of a parameter's start; 0 for what starts at one number.
    float std(Role role, int... shape) {
        int inputs = Arrays.stream(shape).skip(1).reduce(1, Math::multiplyExact);
        return (float) std(role, inputs);
    }

    private double std(Role role, int inputs) {
        double base = linear > 0 ? linear : 1 / Math.sqrt(inputs);
        return switch (role) {
            case LINEAR, PATCH -> base;
            case DECODER_RESIDUAL -> base * decoderResidual;
            case VISION_RESIDUAL -> base * visionResidual;
            case CONNECTOR_RESIDUAL -> base * connectorResidual;
            case EMBEDDING -> embedding;
            case POSITION -> position;
            case LATENT -> latent;
            case NORM_WEIGHT, BIAS -> 0;
        };
    }
}
