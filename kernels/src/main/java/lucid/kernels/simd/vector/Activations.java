package lucid.kernels.simd.vector;

import static lucid.kernels.simd.vector.VectorCoefficients.HALF;
import static lucid.kernels.simd.vector.VectorCoefficients.ONE;

import jdk.incubator.vector.FloatVector;

/// Activation functions on vectors, each operation rounded as written.
public final class Activations {
    /// √(2/π) and the cubic term's factor. Hendrycks & Gimpel 2016, arXiv 1606.08415.
    static final FloatVector GELU_SCALE = FloatVector.broadcast(Species.F, 0.7978845608028654f);
    static final FloatVector GELU_CUBE = FloatVector.broadcast(Species.F, 0.044715f);
    static final FloatVector SQRT_HALF = FloatVector.broadcast(Species.F, 0.7071067811865476f);

    private Activations() {}

    /// `x²`.
    public static FloatVector square(FloatVector x) { return x.mul(x); }

    /// `x σ(x)`.
    public static FloatVector silu(FloatVector x) { return x.mul(VectorMath.sigmoid(x)); }

    /// `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
    public static FloatVector geluTanh(FloatVector x) { return x.mul(HALF).mul(VectorMath.tanh(geluInner(x)).add(ONE)); }

    /// `√(2/π) (x + 0.044715 x³)`.
    static FloatVector geluInner(FloatVector x) { return x.mul(x).mul(x).mul(GELU_CUBE).add(x).mul(GELU_SCALE); }

    /// `x Φ(x) = ½ x (1 + erf(x/√2))`.
    public static FloatVector geluErf(FloatVector x) { return x.mul(HALF).mul(VectorMath.erf(x.mul(SQRT_HALF)).add(ONE)); }
}
