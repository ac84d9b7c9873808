package lucid.kernels.simd.vector;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static lucid.kernels.simd.vector.VectorCoefficients.HALF;
import static lucid.kernels.simd.vector.VectorCoefficients.MINUS_HALF;
import static lucid.kernels.simd.vector.VectorCoefficients.MINUS_ONE;
import static lucid.kernels.simd.vector.VectorCoefficients.ONE;
import static lucid.kernels.simd.vector.VectorCoefficients.ZERO;

import jdk.incubator.vector.FloatVector;

/// `f'(x)` of the unary functions, each operation rounded as written. At the kinks of ABS and RELU the derivative is 0.
public final class Derivatives {
    /// 2/√π and 1/√(2π).
    private static final FloatVector ERF_SLOPE = all(1.1283791670955126f);
    private static final FloatVector NORMAL_PEAK = all(0.3989422804014327f);
    private static final FloatVector GELU_SLOPE = all(3 * 0.044715f);

    private Derivatives() {}

    private static FloatVector all(float c) { return FloatVector.broadcast(Species.F, c); }

    /// `-1`.
    public static FloatVector neg(FloatVector x) { return MINUS_ONE; }

    /// The sign, 0 at 0.
    public static FloatVector abs(FloatVector x) {
        return x.blend(ONE, x.compare(GT, ZERO)).blend(MINUS_ONE, x.compare(LT, ZERO)).blend(ZERO, x.compare(EQ, ZERO));
    }

    /// `2x`.
    public static FloatVector square(FloatVector x) { return x.add(x); }

    /// `½ / √x`.
    public static FloatVector sqrt(FloatVector x) { return HALF.div(x.sqrt()); }

    /// `-½ / (x √x)`.
    public static FloatVector rsqrt(FloatVector x) { return MINUS_HALF.div(x.mul(x.sqrt())); }

    /// `eˣ`.
    public static FloatVector exp(FloatVector x) { return VectorMath.exp(x); }

    /// `1/x`.
    public static FloatVector log(FloatVector x) { return ONE.div(x); }

    /// `1 - tanh² x`.
    public static FloatVector tanh(FloatVector x) {
        FloatVector t = VectorMath.tanh(x);
        return ONE.sub(t.mul(t));
    }

    /// `σ (1 - σ)`.
    public static FloatVector sigmoid(FloatVector x) {
        FloatVector s = VectorMath.sigmoid(x);
        return s.mul(ONE.sub(s));
    }

    /// 1 where `x > 0`, else 0.
    public static FloatVector relu(FloatVector x) { return ZERO.blend(ONE, x.compare(GT, ZERO)); }

    /// `σ (1 + x (1 - σ))`.
    public static FloatVector silu(FloatVector x) { return silu(x, VectorMath.sigmoid(x)); }

    /// The same, with `s = σ(x)` known.
    public static FloatVector silu(FloatVector x, FloatVector s) { return s.mul(x.mul(ONE.sub(s)).add(ONE)); }

    /// With `t = tanh(u)`: `½(1 + t) + ½ x (1 - t²) u'`, `u' = √(2/π)(1 + 3·0.044715 x²)`.
    public static FloatVector geluTanh(FloatVector x) {
        FloatVector t = VectorMath.tanh(Activations.geluInner(x));
        FloatVector slope = x.mul(x).mul(GELU_SLOPE).add(ONE).mul(Activations.GELU_SCALE);
        return t.add(ONE).mul(HALF).add(x.mul(HALF).mul(ONE.sub(t.mul(t))).mul(slope));
    }

    /// `Φ(x) + x φ(x)`, with `cdf = Φ(x)` known: two exponentials are too many for one loop, see [VectorMath].
    public static FloatVector geluErf(FloatVector x, FloatVector cdf) {
        FloatVector density = VectorMath.expOfNonPositive(x.mul(x).mul(MINUS_HALF)).mul(NORMAL_PEAK);
        return cdf.add(x.mul(density));
    }

    /// `Φ(x) = ½ (1 + erf(x/√2))`, the normal distribution.
    public static FloatVector normalCdf(FloatVector x) { return VectorMath.erf(x.mul(Activations.SQRT_HALF)).add(ONE).mul(HALF); }

    /// `cos x`.
    public static FloatVector sin(FloatVector x) { return VectorMath.cos(x); }

    /// `-sin x`.
    public static FloatVector cos(FloatVector x) { return VectorMath.sin(x).neg(); }

    /// `2/√π · e^(-x²)`.
    public static FloatVector erf(FloatVector x) { return VectorMath.expOfNonPositive(x.mul(x).neg()).mul(ERF_SLOPE); }
}
