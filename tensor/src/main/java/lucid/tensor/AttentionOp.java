package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// Attention and the rotation of positions before it. See [Attention] and [lucid.kernels.contract.Rotary].
public sealed interface AttentionOp extends Op {
    /// Rotary position embedding; its backward rotates the other way.
    record Rotate(Tensor x, Tensor positions, Tensor cos, Tensor sin, int headDim) implements AttentionOp {
        public Rotate {
            ShapeException.check(headDim > 0 && headDim % 2 == 0 && x.shape().cols() % headDim == 0, "rotate with heads of " + headDim, x, "columns that are a multiple of an even head size");
            ShapeException.check(positions.dtype() == DType.I32 && positions.shape().size() == x.shape().rows(), "rotate", x, positions, "i32 positions, one per row");
            ShapeException.check(cos.shape().cols() == headDim / 2 && sin.shape().equals(cos.shape()), "rotate", cos, sin, "tables [positions, " + headDim / 2 + "]");
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

    /// Fused scaled dot-product attention.
    ///
    /// @param lse kept for the backward, [query rows, heads]
    record Attend(Tensor q, Tensor k, Tensor v, AttentionPlan plan, float scale, Tensor lse) implements AttentionOp {
        public Attend {
            ShapeException.check(q.shape().cols() == plan.heads() * plan.headDim(), "attention", q, plan.heads() + " heads of " + plan.headDim() + " as columns of the queries");
            ShapeException.check(k.shape().cols() == plan.kvHeads() * plan.headDim(), "attention", k, plan.kvHeads() + " heads of " + plan.headDim() + " as columns of the keys");
            ShapeException.check(v.shape().rows() == k.shape().rows() && v.shape().cols() == k.shape().cols(), "attention", k, v, "keys and values of the same shape");
            long named = 0;
            for (AttentionPlan.Span s : plan.spans()) {
                named += s.queries();
                ShapeException.check((long) s.queryRow() + s.queries() <= q.shape().rows(), "attention", q, "at least the rows of " + s);
                ShapeException.check((long) s.prefixRow() + s.prefixKeys() <= k.shape().rows() && (long) s.ownRow() + s.ownKeys() <= k.shape().rows(), "attention", k, "at least the rows of " + s);
            }
            ShapeException.check(named == q.shape().rows(), "attention", q, "every query row in exactly one span; the plan names " + named);
        }

        static Attend of(Tensor q, Tensor k, Tensor v, AttentionPlan plan, float scale) {
            return new Attend(q, k, v, plan, scale, Tensor.undefined(q.tape().current(), DType.F32, new Shape(q.shape().rows(), plan.heads())));
        }

        @Override public List<Tensor> inputs() { return List.of(q, k, v); }

        @Override public String name() { return "attention"; }

        @Override public Shape shape() { return q.shape(); }

        @Override public RowGroups groups() { return q.groups; }

        @Override public void forward(Tensor y) { q.device().attention().forward(plan, scale, q.matrix(), k.matrix(), v.matrix(), y.matrix(), lse.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            Gradients.Target dq = cleared(q, g);
            Gradients.Target dk = cleared(k, g);
            Gradients.Target dv = cleared(v, g);
            q.device().attention().backward(plan, scale, q.matrix(), k.matrix(), v.matrix(), y.matrix(), lse.matrix(), dy, dq.matrix(), dk.matrix(), dv.matrix());
            g.finishOrScrap(q, dq);
            g.finishOrScrap(k, dk);
            g.finishOrScrap(v, dv);
        }

        /// The kernel leaves rows alone that the plan does not name: keys that nobody attends to have gradient 0.
        private static Gradients.Target cleared(Tensor x, Gradients g) {
            Gradients.Target t = g.overwritingOrScrap(x);
            x.device().elementwise().fill(t.matrix(), 0f);
            return t;
        }
    }
}
