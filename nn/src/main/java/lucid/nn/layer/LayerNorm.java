package lucid.nn.layer;

import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// `y = (x - mean) / √(var + eps) · weight + bias`.
public record LayerNorm(Tensor weight, Tensor bias, float eps) {
    /// Declares `PREFIX.weight` and `PREFIX.bias`, `[size]` each.
    public static LayerNorm of(ParameterSet p, String prefix, int size, float eps) {
        return new LayerNorm(p.declare(prefix + ".weight", Role.NORM_WEIGHT, size), p.declare(prefix + ".bias", Role.BIAS, size), eps);
    }

    /// [rows, size] -> [rows, size].
    public Tensor forward(Tensor x) { return x.layerNorm(weight, bias, eps); }
}
