package lucid.nn.layer;

import lucid.nn.lora.LoraAdapter;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// `(scale · x · Aᵀ) · Bᵀ`: two products like any other, so a row's bits do not depend on how many rows there are, in generation as in training.
///
/// @param a [r, in]
/// @param b [out, r]
public record LowRank(Tensor a, Tensor b, float scale) {
    static LowRank of(LoraAdapter lora, String module, int in, int out) {
        int r = lora.spec().r();
        return new LowRank(lora.parameters().declare(module + ".lora_A.weight", Role.LINEAR, r, in),
                lora.parameters().declare(module + ".lora_B.weight", Role.LINEAR, out, r), lora.spec().scale());
    }

    /// [rows, in] -> [rows, out].
    public Tensor forward(Tensor x) { return x.linear(a, null).scale(scale).linear(b, null); }
}
