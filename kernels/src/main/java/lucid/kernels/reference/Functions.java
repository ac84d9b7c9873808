package lucid.kernels.reference;

import lucid.kernels.contract.Elementwise.Unary;

/// The elementary functions and their derivatives in double. `StrictMath`, because its bits do not depend on the platform.
final class Functions {
    private Functions() {}

    /// `tanh` GELU's constants: √(2/π) and 0.044715. Hendrycks & Gimpel 2016, arXiv 1606.08415.
    private static final double GELU_SCALE = StrictMath.sqrt(2 / StrictMath.PI);
    private static final double GELU_CUBE = 0.044715;

    static double value(Unary op, double x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SQUARE -> x * x;
            case SQRT -> StrictMath.sqrt(x);
            case RSQRT -> 1 / StrictMath.sqrt(x);
            case EXP -> StrictMath.exp(x);
            case LOG -> StrictMath.log(x);
            case TANH -> StrictMath.tanh(x);
            case SIGMOID -> sigmoid(x);
            case RELU -> Math.max(x, 0);
            case SILU -> x * sigmoid(x);
            case GELU_TANH -> 0.5 * x * (1 + StrictMath.tanh(GELU_SCALE * (x + GELU_CUBE * x * x * x)));
            case GELU_ERF -> x * normalCdf(x);
            case SIN -> StrictMath.sin(x);
            case COS -> StrictMath.cos(x);
            case ERF -> erf(x);
        };
    }

    /// `f'(x)`. At the kinks of ABS and RELU the derivative is 0.
    static double derivative(Unary op, double x) {
        return switch (op) {
            case NEG -> -1;
            case ABS -> Math.signum(x);
            case SQUARE -> 2 * x;
            case SQRT -> 0.5 / StrictMath.sqrt(x);
            case RSQRT -> -0.5 / (x * StrictMath.sqrt(x));
            case EXP -> StrictMath.exp(x);
            case LOG -> 1 / x;
            case TANH -> 1 - square(StrictMath.tanh(x));
            case SIGMOID -> sigmoid(x) * sigmoid(-x);
            case RELU -> x > 0 ? 1 : 0;
            case SILU -> siluDerivative(x);
            case GELU_TANH -> geluTanhDerivative(x);
            case GELU_ERF -> normalCdf(x) + x * StrictMath.exp(-0.5 * x * x) / StrictMath.sqrt(2 * StrictMath.PI);
            case SIN -> StrictMath.cos(x);
            case COS -> -StrictMath.sin(x);
            case ERF -> 2 / StrictMath.sqrt(StrictMath.PI) * StrictMath.exp(-x * x);
        };
    }

    /// `1/(1 + e^-x)`; both forms avoid an overflow that would spoil the other end.
    static double sigmoid(double x) {
        if (x >= 0) return 1 / (1 + StrictMath.exp(-x));
        double e = StrictMath.exp(x);
        return e / (1 + e);
    }

    static double silu(double x) { return x * sigmoid(x); }

    /// `(x σ)' = σ + x σ (1 - σ)`.
    static double siluDerivative(double x) { return sigmoid(x) + x * sigmoid(x) * sigmoid(-x); }

    /// With `t = tanh(u)`, `u = √(2/π)(x + c x³)`: `½(1 + t) + ½ x (1 - t²) u'`.
    private static double geluTanhDerivative(double x) {
        double t = StrictMath.tanh(GELU_SCALE * (x + GELU_CUBE * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBE * x * x);
    }

    private static double normalCdf(double x) { return 0.5 * (1 + erf(x / StrictMath.sqrt(2))); }

    /// `erf(x) = 2/√π e^(-x²) Σ_n 2ⁿ x^(2n+1) / (1·3·5 ⋯ (2n+1))`, whose terms all have one sign (DLMF 7.6.2); beyond 6 it is ±1 to the last bit.
    static double erf(double x) {
        if (Double.isNaN(x)) return x;
        if (Math.abs(x) > 6) return Math.signum(x);
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-60; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / StrictMath.sqrt(StrictMath.PI) * StrictMath.exp(-x * x) * sum;
    }

    private static double square(double x) { return x * x; }
}
