package lucid.nn.parity;

import java.util.LinkedHashMap;
import java.util.Map;
import lucid.nn.weights.ParameterSet;
import lucid.tensor.Parameter;
import lucid.tensor.Tensor;

/// What a runner has computed, by the names of the case file. In a bf16 case every output counts for two: Lucid computes in f32 on the bf16
/// weights, which `f32.*` must match exactly and `bf16.*` (one draw of rounding noise of the original) within its wide tolerance.
final class Outputs {
    private final Map<String, Values> values = new LinkedHashMap<>();
    private final boolean bf16;

    Outputs(GoldenCase c) { this.bf16 = c.bf16(); }

    void put(String name, Values v) {
        if (bf16) {
            values.put("f32." + name, v);
            values.put("bf16." + name, v);
        } else {
            values.put(name, v);
        }
    }

    void put(String name, Tensor t, int... shape) { put(name, Values.of(t.toFloats(), shape)); }

    /// Gradients of all trained parameters as `prefix + name`; those that got none are left out, as in the original.
    void gradients(String prefix, ParameterSet parameters) {
        for (Parameter p : parameters.trainable()) {
            if (p.hasGrad()) put(prefix + p.name(), p.grad(), p.shape().dims());
        }
    }

    Map<String, Values> all() { return values; }
}
