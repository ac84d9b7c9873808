package lucid.tensor;

import java.util.List;
import java.util.function.UnaryOperator;
import lucid.kernels.contract.operand.Matrix;

/// Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): only the block's input is kept; the backward runs the block again.
/// The same kernels run in the same order on the same numbers, so the gradients have the same bits.
record CheckpointOp(UnaryOperator<Tensor> block, Tensor input, Shape shape, UseLog uses) implements Op {
    @Override public List<Tensor> inputs() { return List.of(input); }

    @Override public String name() { return "checkpoint"; }

    /// The first run was made by the tape, in a scope of its own.
    @Override public void forward(Tensor y) { throw new IllegalStateException("checkpoint: its forward is Tape.checkpoint"); }

    @Override public void backward(Tensor y, Matrix dy, Gradients gradients) { y.tape().replay(this, dy, gradients); }
}
