package lucid.nn.layer;

import java.util.Arrays;
import lucid.kernels.contract.Activation;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// `y = x · weightᵀ (+ bias)`, or with an adapter `y + (scale · x · Aᵀ) · Bᵀ`.
///
/// @param weight  [out, in]
/// @param bias    `[out]` or null
/// @param adapter or null
public record Linear(Tensor weight, Tensor bias, LowRank adapter) {
    /// Without an adapter.
    public Linear(Tensor weight, Tensor bias) { this(weight, bias, null); }

    /// With bias, named `prefix.weight` and `prefix.bias`.
    public static Linear withBias(ParameterSet p, String prefix, Role role, int in, int out) {
        return new Linear(p.declare(prefix + ".weight", role, out, in), p.declare(prefix + ".bias", Role.BIAS, out));
    }

    /// Without bias, named `prefix.weight`.
    public static Linear plain(ParameterSet p, String prefix, Role role, int in, int out) {
        return new Linear(p.declare(prefix + ".weight", role, out, in), null);
    }

    /// The same layer with an adapter beside it, or without one where the adapter does not want this layer.
    ///
    /// @param module the layer's name in the decoder
    public Linear adapted(LoraAdapter lora, String module) {
        return new Linear(weight, bias, lora.spec().adapts(module) ? LowRank.of(lora, module, weight.shape().cols(), weight.shape().rows()) : null);
    }

    /// [rows, in] -> [rows, out].
    public Tensor forward(Tensor x) {
        Tensor y = x.linear(weight, bias);
        return adapter == null ? y : y.add(adapter.forward(x));
    }

    /// The kept rows' results. Each product gathers for itself: the gradient of x is then the same terms, added in the same order, as if all rows had
    /// come.
    Tensor forward(Tensor x, KeptRows kept) {
        Tensor y = kept.of(x).linear(weight, bias);
        return adapter == null ? y : y.add(adapter.forward(kept.of(x)));
    }

    /// `f(y)`: [rows, in] -> [rows, out].
    public Tensor forward(Tensor x, Activation f) { return adapter == null ? x.linear(weight, bias, f) : forward(x).unary(f.unary()); }

    /// What each layer makes of x.
    public static Tensor[] each(Tensor x, Linear... layers) {
        if (Tape.gradEnabled()) return Arrays.stream(layers).map(l -> l.forward(x)).toArray(Tensor[]::new);
        Tensor[] weights = new Tensor[layers.length], biases = new Tensor[layers.length];
        for (int i = 0; i < layers.length; i++) {
            weights[i] = layers[i].weight;
            biases[i] = layers[i].bias;
        }
        Tensor[] y = x.linears(weights, biases);
        for (int i = 0; i < layers.length; i++) if (layers[i].adapter != null) y[i] = y[i].add(layers[i].adapter.forward(x));
        return y;
    }

    /// `silu(gate x) · up x`: [rows, in] -> [rows, out].
    public static Tensor gated(Tensor x, Linear gate, Linear up) {
        boolean plain = gate.adapter == null && up.adapter == null && gate.bias == null && up.bias == null;
        return plain ? x.gatedLinear(gate.weight, up.weight) : gate.forward(x).swiGlu(up.forward(x));
    }
}
