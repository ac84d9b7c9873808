package lucid.kernels.contract;

import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;

/// Rotary position embedding, "rotate half" pairing (i, i + d/2). Su et al. 2021, arXiv 2104.09864, in the form of Qwen2.
public interface Rotary {
    /// Angles `position · theta^(-2i/d)`: f32 cos and sin tables [positions, d/2], row p for position p. The inverse frequencies are computed in
    /// double and rounded to f32; the angle is the f32 product; cos and sin are Lucid's own.
    void table(double theta, int headDim, Matrix cos, Matrix sin);

    /// For every row r, head h and i < d/2, with p = `positions[r]`:
    /// `y[i] = x[i]·cos - x[i+d/2]·sin`, `y[i+d/2] = x[i+d/2]·cos + x[i]·sin` (products rounded, then added). y may be x; tables lie apart from it
    /// and from each other.
    ///
    /// @param x         f32 [rows, heads · headDim]
    /// @param positions i32 `[rows]`
    /// @param inverse   rotate back: the backward pass
    void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y);
}
