package lucid.tensor;

import lucid.kernels.contract.operand.DType;

/// Cosines and sines of rotary position embedding, [positions, headDim / 2] each, for [Tensor#rotate].
public record RotaryTable(Tensor cos, Tensor sin) {
    /// Angles `position · theta^(-2i/headDim)` of the positions 0 .. positions - 1; numbers as in [lucid.kernels.contract.Rotary#table].
    ///
    /// @throws ShapeException unless headDim is positive and even
    public static RotaryTable of(Scope scope, double theta, int headDim, int positions) {
        if (headDim <= 0 || headDim % 2 != 0) throw new ShapeException("rotary table for heads of " + headDim + "; wanted an even size");
        Tensor cos = Tensor.undefined(scope, DType.F32, new Shape(positions, headDim / 2));
        Tensor sin = Tensor.undefined(scope, DType.F32, new Shape(positions, headDim / 2));
        scope.device().rotary().table(theta, headDim, cos.matrix(), sin.matrix());
        return new RotaryTable(cos, sin);
    }
}
