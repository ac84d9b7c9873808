package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Losses over a vocabulary. See [LogProb].
public sealed interface LossOp extends Op {
    private static LogProb kernels(Tensor x) { return x.device().logProb(); }

    private static Tensor perRow(Tensor x) { return Tensor.undefined(x.tape().current(), DType.F32, new Shape(x.shape().rows())); }

    private static void checkTargets(String operation, Tensor x, Tensor targets) {
        if (targets.dtype() != DType.I32 || targets.shape().size() != x.shape().rows()) {
            throw ShapeException.of(operation, x, targets, "i32 targets, one per row (" + x.shape().rows() + ")");
        }
    }

    /// The groups of a vector with one element per row live with the hidden rows, so the result carries none.
    ///
    /// @param entropy filled by the forward, top and lse likewise (lse is kept for the backward)
    record LogProbOp(Tensor hidden, Tensor head, Tensor targets, float temperature, Tensor entropy, Tensor lse, Tensor top) implements LossOp {
        public LogProbOp {
            if (hidden.shape().cols() != head.shape().cols())
                throw ShapeException.of("logProb", hidden, head, "a head [vocabulary, " + hidden.shape().cols() + "]");
            checkTargets("logProb", hidden, targets);
            if (!(temperature > 0)) throw new IllegalArgumentException("logProb: temperature " + temperature + "; wanted > 0");
        }

        static LogProbOp of(Tensor hidden, Tensor head, Tensor targets, float temperature) {
            return new LogProbOp(hidden, head, targets, temperature, perRow(hidden), perRow(hidden), perRow(hidden));
        }

        @Override public List<Tensor> inputs() { return List.of(hidden, head, targets); }

        @Override public String name() { return "logProb"; }

        @Override public Shape shape() { return new Shape(hidden.shape().rows()); }

        @Override public void forward(Tensor y) {
            kernels(hidden).forward(hidden.matrix(), head.matrix(), targets.buffer(), temperature, y.buffer(), entropy.buffer(), lse.buffer(),
                    top.buffer());
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            RowGroups groups = hidden.rowGroups();
            Gradients.Target t = g.wants(hidden) ? g.into(hidden) : null;
            Gradients.Target dHead = g.wants(head) ? g.addingBeside(head, hidden) : null;
            kernels(hidden).backward(hidden.matrix(), head.matrix(), targets.buffer(), temperature, lse.buffer(), dy.buffer(), groups,
                    t == null ? Accumulate.SET : t.mode(), t == null ? null : t.matrix(), dHead == null ? null : dHead.matrix());
            if (dHead != null) g.finish(head, dHead);
        }
    }

    /// Cross-entropy of every row of explicit logits, `[rows]`.
    ///
    /// @param lse kept for the backward
    record CrossEntropy(Tensor logits, Tensor targets, Tensor lse) implements LossOp {
        public CrossEntropy { checkTargets("crossEntropy", logits, targets); }

        static CrossEntropy of(Tensor logits, Tensor targets) { return new CrossEntropy(logits, targets, perRow(logits)); }

        @Override public List<Tensor> inputs() { return List.of(logits, targets); }

        @Override public Shape shape() { return new Shape(logits.shape().rows()); }

        @Override public void forward(Tensor y) { kernels(logits).crossEntropy(logits.matrix(), targets.buffer(), y.buffer(), lse.buffer()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (!g.wants(logits)) return;
            Gradients.Target t = g.into(logits);
            kernels(logits).crossEntropyBackward(logits.matrix(), targets.buffer(), lse.buffer(), dy.buffer(), t.mode(), t.matrix());
        }
    }
}
