package lucid.tensor;

import java.util.BitSet;
import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Attention and the rotation of positions before it. See [Attention] and [lucid.kernels.contract.Rotary].
public sealed interface AttentionOp extends Op {
    /// Rotary position embedding; its backward rotates the other way. The tables are constants.
    record Rotate(Tensor x, Tensor positions, Tensor cos, Tensor sin, int headDim) implements AttentionOp {
        public Rotate {
            if (headDim <= 0 || headDim % 2 != 0 || x.shape().cols() % headDim != 0) {
                throw ShapeException.of("rotate with heads of " + headDim, x, "columns that are a multiple of an even head size");
            }
            if (positions.dtype() != DType.I32 || positions.shape().size() != x.shape().rows())
                throw ShapeException.of("rotate", x, positions, "i32 positions, one per row");
            if (Tape.records(cos, sin))
                throw new IllegalArgumentException("rotate: a table that requires a gradient; cos and sin are constants here: detach() them, or "
                        + "freeze them");
            if (cos.shape().cols() != headDim / 2 || !sin.shape().equals(cos.shape()))
                throw ShapeException.of("rotate", cos, sin, "tables [positions, " + headDim / 2 + "]");
        }

        @Override public List<Tensor> inputs() { return List.of(x, positions, cos, sin); }

        @Override public Shape shape() { return x.shape(); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) {
            x.device().rotary().rotate(x.matrix(), headDim, positions.buffer(), cos.matrix(), sin.matrix(), false, y.matrix());
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (!g.wants(x)) return;
            Gradients.Target t = g.overwriting(x);
            x.device().rotary().rotate(dy, headDim, positions.buffer(), cos.matrix(), sin.matrix(), true, t.matrix());
            g.finish(x, t);
        }
    }

    /// Fused scaled dot-product attention. Every row of the result must be computed, so the plan must name as many query rows as there are; that none
    /// is named twice, and none beyond the end, the device demands.
    ///
    /// @param lse kept for the backward, [query rows, heads]
    record Attend(Tensor q, Tensor k, Tensor v, AttentionPlan plan, float scale, Tensor lse) implements AttentionOp {
        public Attend {
            if (q.shape().cols() != plan.heads() * plan.headDim())
                throw ShapeException.of("attention", q, heads(plan.heads(), plan) + " as columns of the queries");
            if (k.shape().cols() != plan.kvHeads() * plan.headDim())
                throw ShapeException.of("attention", k, heads(plan.kvHeads(), plan) + " as columns of the keys");
            if (v.shape().rows() != k.shape().rows() || v.shape().cols() != k.shape().cols())
                throw ShapeException.of("attention", k, v, "keys and values of the same shape");
            if (plan.queries() != q.shape().rows())
                throw ShapeException.of("attention", q, "every query row in one span; the plan names " + plan.queries());
        }

        private static String heads(int count, AttentionPlan plan) { return count + " heads of " + plan.headDim(); }

        static Attend of(Tensor q, Tensor k, Tensor v, AttentionPlan plan, float scale) {
            return new Attend(q, k, v, plan, scale, Tensor.undefined(q.tape().current(), DType.F32, new Shape(q.shape().rows(), plan.heads())));
        }

        @Override public List<Tensor> inputs() { return List.of(q, k, v); }

        @Override public String name() { return "attention"; }

        @Override public Shape shape() { return q.shape(); }

        @Override public RowGroups groups() { return q.groups; }

        @Override public void forward(Tensor y) {
            q.device().attention().forward(plan, scale, q.matrix(), k.matrix(), v.matrix(), y.matrix(), lse.matrix());
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            Gradients.Target dq = g.overwritingOrScrap(q);
            Gradients.Target dk = g.overwritingOrScrap(k);
            Gradients.Target dv = g.overwritingOrScrap(v);
            if (someKeyUnseen()) {
                k.device().elementwise().fill(dk.matrix(), 0f);
                v.device().elementwise().fill(dv.matrix(), 0f);
            }
            q.device().attention().backward(plan, scale, q.matrix(), k.matrix(), v.matrix(), y.matrix(), lse.matrix(), dy, dq.matrix(), dk.matrix(),
                    dv.matrix());
            g.finishOrScrap(q, dq);
            g.finishOrScrap(k, dk);
            g.finishOrScrap(v, dv);
        }

        /// The kernel leaves rows alone that the plan does not name: keys that nobody attends to have gradient 0.
        private boolean someKeyUnseen() {
            BitSet seen = new BitSet(k.shape().rows());
            for (AttentionPlan.Span s : plan.spans()) {
                seen.set(s.prefixRow(), s.prefixRow() + s.prefixKeys());
                seen.set(s.ownRow(), s.ownRow() + s.ownKeys());
            }
            return seen.cardinality() < k.shape().rows();
        }
    }
}
