package lucid.kernels.simd;

import static lucid.kernels.simd.VectorCoefficients.HALF;
import static lucid.kernels.simd.VectorCoefficients.ONE;

import jdk.incubator.vector.FloatVector;

/// Activation functions on vectors, each operation rounded as written.
final class Activations {
    /// √(2/π) and the cubic term's factor. Hendrycks & Gimpel 2016, arXiv 1606.08415.
    static final FloatVector GELU_SCALE = FloatVector.broadcast(Species.F, 0.7978845608028654f);
    static final FloatVector GELU_CUBE = FloatVector.broadcast(Species.F, 0.044715f);
    static final FloatVector SQRT_HALF = FloatVector.broadcast(Species.F, 0.7071067811865476f);

    private Activations() {}

    static FloatVector square(FloatVector x) { return x.mul(x); }

    static FloatVector silu(FloatVector x) { return x.mul(VectorMath.sigmoid(x)); }

    static FloatVector geluTanh(FloatVector x) { return x.mul(HALF).mul(VectorMath.tanh(geluInner(x)).add(ONE)); }

    /// `√(2/π) (x + 0.044715 x³)`.
    static FloatVector geluInner(FloatVector x) { return x.mul(x).mul(x).mul(GELU_CUBE).add(x).mul(GELU_SCALE); }

    static FloatVector geluErf(FloatVector x) { return x.mul(HALF).mul(VectorMath.erf(x.mul(SQRT_HALF)).add(ONE)); }
}
