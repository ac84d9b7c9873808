package lucid.nn.layer;

import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// `y = x · weightᵀ (+ bias)`.
///
/// @param weight [out, in]
/// @param bias   [out] or null
public record Linear(Tensor weight, Tensor bias) {
    /// With bias, named `prefix.weight` and `prefix.bias`.
    public static Linear withBias(ParameterSet p, String prefix, Role role, int in, int out) {
        return new Linear(p.declare(prefix + ".weight", role, out, in), p.declare(prefix + ".bias", Role.BIAS, out));
    }

    /// Without bias, named `prefix.weight`.
    public static Linear plain(ParameterSet p, String prefix, Role role, int in, int out) {
        return new Linear(p.declare(prefix + ".weight", role, out, in), null);
    }

    public Tensor forward(Tensor x) { return x.linear(weight, bias); }
}
