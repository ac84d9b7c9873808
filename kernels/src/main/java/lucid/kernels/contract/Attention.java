package lucid.kernels.contract;

import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Matrix;

/// Scaled dot-product attention with online softmax; the score matrix never exists. All matrices f32.
///
/// Order, for one query and head: keys in blocks of [#KEY_BLOCK], aligned at absolute positions. In a block: scores by one fma chain over the
/// head's dimensions, then times scale; `m' = max(m, block)`; `c = exp(m - m')`; `p_j = exp(s_j - m')`; sixteen lanes of the sum,
/// `L_i = fma(L_i, c, p_i) + p_{16+i}`; `o = o·c`, then `o = fma(p_j, v_j, o)` for ascending j. At the end `l` = tree over the lanes, `o / l`, `lse =
/// m + log(l)`. Invisible keys do not take part. Nothing of this depends on the other queries, so cached decoding, prefill, shared prefix and
/// training agree to the bit. `BIT-CONTRACT.md` has the rest.
///
/// A query row may be in one span only, and a span may name a key row once; spans may share key rows. Outputs lie apart from inputs and from each
/// other.
public interface Attention {
    int KEY_BLOCK = 32;

    /// `out = softmax(scale · q kᵀ + mask) v`.
    ///
    /// @param q   [query rows, heads · headDim]
    /// @param k   [key rows, kvHeads · headDim], v likewise
    /// @param out [query rows, heads · headDim]
    /// @param lse [query rows, heads], log-sum-exp of the scaled scores, kept for the backward
    void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse);

    /// With `p = exp(s - lse)`, `δ = Σ dOut·out`: `dv_j = Σ p dOut`, `ds = (dOut·v_j - δ) p`, `dq = scale Σ_j ds k_j`, `dk_j = scale Σ ds q`.
    /// Every row of dq, dk, dv that the plan names is overwritten (a key that nobody sees gets zeros), others are left.
    /// Order of dk and dv of one key: one chain over (span in plan order, query head of the key head, query ascending); of dq: chain over keys
    /// ascending.
    void backward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut, Matrix dq,
            Matrix dk, Matrix dv);
}
