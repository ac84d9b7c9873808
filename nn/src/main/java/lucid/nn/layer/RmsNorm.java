package lucid.nn.layer;

import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// `y = x · rsqrt(mean(x²) + eps) · weight`.
public record RmsNorm(Tensor weight, float eps) {
    /// Declares `PREFIX.weight`, `[size]`.
    public static RmsNorm of(ParameterSet p, String prefix, int size, float eps) {
        return new RmsNorm(p.declare(prefix + ".weight", Role.NORM_WEIGHT, size), eps);
    }

    /// [rows, size] -> [rows, size].
    public Tensor forward(Tensor x) { return x.rmsNorm(weight, eps); }
}
