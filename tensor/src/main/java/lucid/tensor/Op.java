package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// One operation: a record of its inputs and of what it keeps for the backward, with forward and backward beside each other.
/// Its compact constructor checks the shapes. First-order gradients only.
public sealed interface Op permits ElementwiseOp, ReduceOp, ShapeOp, MatMulOp, NormOp, AttentionOp, LossOp, IndexOp, CheckpointOp {
    /// What goes in, in the order of the formula; kept statistics are not inputs.
    List<Tensor> inputs();

    /// Shape of the result.
    Shape shape();

    /// Type of the result.
    default DType dtype() { return DType.F32; }

    /// The part of the first input's memory that the result looks at; null if the result has memory of its own.
    default Matrix view() { return null; }

    /// How the result's rows divide into prompt groups; null: one group.
    default RowGroups groups() { return null; }

    /// False if the result is a constant for the backward pass.
    default boolean differentiable() { return true; }

    /// Fills y.
    void forward(Tensor y);

    /// Adds to the gradients of the inputs that want one.
    ///
    /// @param dy gradient of y, dense
    void backward(Tensor y, Matrix dy, Gradients gradients);

    /// As printed.
    default String name() {
        String n = getClass().getSimpleName();
        return Character.toLowerCase(n.charAt(0)) + n.substring(1);
    }
}
