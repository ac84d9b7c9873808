package lucid.kernels.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;

/// `f'(x)` of the unary functions, each operation rounded as written. At the kinks of ABS and RELU the derivative is 0.
final class Derivatives {
    /// 2/√π and 1/√(2π).
    private static final float ERF_SLOPE = 1.1283791670955126f;
    private static final float NORMAL_PEAK = 0.3989422804014327f;

    private Derivatives() {}

    private static FloatVector all(float c) { return FloatVector.broadcast(Species.F, c); }

    static FloatVector neg(FloatVector x) { return all(-1f); }

    static FloatVector abs(FloatVector x) { return x.blend(1f, x.compare(GT, 0f)).blend(-1f, x.compare(LT, 0f)).blend(0f, x.compare(EQ, 0f)); }

    static FloatVector square(FloatVector x) { return x.add(x); }

    static FloatVector sqrt(FloatVector x) { return all(0.5f).div(x.sqrt()); }

    static FloatVector rsqrt(FloatVector x) { return all(-0.5f).div(x.mul(x.sqrt())); }

    static FloatVector exp(FloatVector x) { return VectorMath.exp(x); }

    static FloatVector log(FloatVector x) { return all(1f).div(x); }

    static FloatVector tanh(FloatVector x) {
        FloatVector t = VectorMath.tanh(x);
        return all(1f).sub(t.mul(t));
    }

    static FloatVector sigmoid(FloatVector x) {
        FloatVector s = VectorMath.sigmoid(x);
        return s.mul(all(1f).sub(s));
    }

    static FloatVector relu(FloatVector x) { return all(0f).blend(1f, x.compare(GT, 0f)); }

    /// `σ (1 + x (1 - σ))`.
    static FloatVector silu(FloatVector x) { return silu(x, VectorMath.sigmoid(x)); }

    static FloatVector silu(FloatVector x, FloatVector s) { return s.mul(x.mul(all(1f).sub(s)).add(1f)); }

    /// With `t = tanh(u)`: `½(1 + t) + ½ x (1 - t²) u'`, `u' = √(2/π)(1 + 3·0.044715 x²)`.
    static FloatVector geluTanh(FloatVector x) {
        FloatVector t = VectorMath.tanh(Activations.geluInner(x));
        FloatVector slope = x.mul(x).mul(3 * Activations.GELU_CUBE).add(1f).mul(Activations.GELU_SCALE);
        return t.add(1f).mul(0.5f).add(x.mul(0.5f).mul(all(1f).sub(t.mul(t))).mul(slope));
    }

    /// `Φ(x) + x φ(x)`.
    static FloatVector geluErf(FloatVector x) {
        FloatVector cdf = VectorMath.erf(x.mul(Activations.SQRT_HALF)).add(1f).mul(0.5f);
        FloatVector density = VectorMath.exp(x.mul(x).mul(-0.5f)).mul(NORMAL_PEAK);
        return cdf.add(x.mul(density));
    }

    static FloatVector sin(FloatVector x) { return VectorMath.cos(x); }

    static FloatVector cos(FloatVector x) { return VectorMath.sin(x).neg(); }

    static FloatVector erf(FloatVector x) { return VectorMath.exp(x.mul(x).neg()).mul(ERF_SLOPE); }
}
