package lucid.kernels.contract;

import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Matrix products. Order of every element, in every orientation and for every shape: one chain `acc = fma(a_k, b_k, acc)`,
/// starting from +0, ascending k. Blocking, packing, threads and the number of rows never change it.
public interface MatMul {
    /// `c = op(a) · op(b) (+ bias)`, with op the identity or the transpose; shapes [m, k] · [k, n] -> [m, n].
    ///
    /// The bias is added once to the finished chain (`chain + bias`), then, with [Accumulate#ADD], the sum is added to c.
    /// k = 0 gives 0 (plus bias).
    ///
    /// @param a    f32
    /// @param b    f32, or bf16 / f16, which are widened exactly
    /// @param bias f32 [1, n] or null
    /// @param c    f32 [m, n]; must not overlap a or b
    void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c);

    /// `acc` chains continue from what is in c: `c = fma(a_k, b_k, c)` for ascending k. Lets a caller cut k into pieces without changing a bit.
    void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c);

    /// A layer with its activation, `c = f(a · wᵀ (+ bias))`: the bits of [#multiply] into c and [Elementwise#unary] of c, but f's argument need not
    /// go through memory. For where nobody asks for a gradient: the backward of f wants its argument.
    ///
    /// @param a    f32 [m, k]
    /// @param w    f32, bf16 or f16 [n, k]
    /// @param bias f32 [1, n] or null
    /// @param c    f32 [m, n]; must not overlap the others
    void multiplyActivated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c);

    /// The first half of a gated layer, `c = silu(a · gateᵀ) · (a · upᵀ)`: the bits of two [#multiply] and [Elementwise#swiGlu], but neither product
    /// need go through memory. For where nobody asks for a gradient: the backward wants both products.
    ///
    /// @param a    f32 [m, k]
    /// @param gate f32, bf16 or f16 [n, k]
    /// @param up   of gate's type and shape
    /// @param c    f32 [m, n]; must not overlap the others
    void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c);

    /// Layers of one input, `c = a · wᵀ (+ bias)` each: the bits of a [#multiply] for each. A device may work on all of them at once, so that small
    /// ones do not wait for each other.
    ///
    /// @param a f32 [m, k]; none of the results may overlap it, or what another layer reads or writes
    default void multiplyEach(Matrix a, Layer... layers) {
        for (Layer l : layers) multiply(a, false, l.w, true, l.bias, Accumulate.SET, l.c);
    }

    /// One of several layers.
    ///
    /// @param w    f32, bf16 or f16 [n, k]
    /// @param bias f32 [1, n] or null
    /// @param c    f32 [m, n]
    record Layer(Matrix w, Matrix bias, Matrix c) {}

    /// Gradient of a weight [n, k] of `y = x · wᵀ`: for each group g in order `dw = dw + chain_g`, where
    /// `chain_g[i, j]` is the chain over the group's rows t (ascending) of `fma(dy[t, i], x[t, j], acc)` from 0.
    ///
    /// @param dy f32 [rows, n]
    /// @param x  f32 [rows, k]
    /// @param dw f32 [n, k], added to
    void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw);
}
