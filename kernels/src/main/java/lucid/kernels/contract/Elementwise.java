package lucid.kernels.contract;

import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;

/// Maps over elements. Each element is one IEEE expression as written here (no contraction except where `fma` is named); nothing is summed.
/// All matrices are f32. An output may be the same view as an input, but must not overlap it otherwise.
public interface Elementwise {
    /// One IEEE operation each, rounded to f32.
    enum Binary { ADD, SUB, MUL, DIV }

    /// Formulas: `SIGMOID 1/(1+exp(-x))`, `SILU x·sigmoid(x)`, `GELU_TANH 0.5x(1+tanh(√(2/π)(x+0.044715x³)))`, `GELU_ERF 0.5x(1+erf(x/√2))`,
    /// `RSQRT 1/√x`. exp, log, tanh and erf are Lucid's own polynomials, see `BIT-CONTRACT.md`.
    enum Unary { NEG, ABS, SQUARE, SQRT, RSQRT, EXP, LOG, TANH, SIGMOID, RELU, SILU, GELU_TANH, GELU_ERF, SIN, COS, ERF }

    /// `y = value`.
    void fill(Matrix y, float value);

    /// `y = x`, any equal dtypes.
    void copy(Matrix x, Matrix y);

    /// `y[places[r]] = x[r]`; other rows of y stay. x and y apart.
    void copyRows(Matrix x, RowPlaces places, Matrix y);

    /// `y = a op b`. b may have 1 row (used for every row of a), or 1 column (used for every column), or both; otherwise the shapes are equal.
    void binary(Binary op, Matrix a, Matrix b, Matrix y);

    /// `y = fma(alpha, x, y)`.
    void addScaled(float alpha, Matrix x, Matrix y);

    /// `y = alpha · x`.
    void scale(float alpha, Matrix x, Matrix y);

    /// `y = f(x)`.
    void unary(Unary op, Matrix x, Matrix y);

    /// `dx (+)= dy · f'(x)`, from the input x.
    void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx);

    /// SwiGLU: `y = silu(gate) · up`. Shapes equal. Shazeer 2020, arXiv 2002.05202.
    void swiGlu(Matrix gate, Matrix up, Matrix y);

    /// `dGate (+)= dy · up · silu'(gate)`, `dUp (+)= dy · silu(gate)`.
    void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp);
}
