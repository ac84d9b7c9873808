package lucid.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Matrix products. See [MatMul].
public sealed interface MatMulOp extends Op {
    private static MatMul kernels(Tensor x) { return x.device().matMul(); }

    /// `y = x · wᵀ + b`: a layer of weights, whose gradients grow group by group.
    record Linear(Tensor x, Tensor weight, Tensor bias) implements MatMulOp {
        public Linear { check("linear", x, weight, bias); }

        static void check(String name, Tensor x, Tensor weight, Tensor bias) {
            if (x.shape().cols() != weight.shape().cols()) throw ShapeException.of(name, x, weight, "a weight [out, " + x.shape().cols() + "]");
            if (bias != null && (bias.shape().rows() != 1 || bias.shape().cols() != weight.shape().rows())) {
                throw ShapeException.of(name, weight, bias, "a bias [" + weight.shape().rows() + "]");
            }
        }

        @Override public List<Tensor> inputs() { return bias == null ? List.of(x, weight) : List.of(x, weight, bias); }

        @Override public Shape shape() { return x.shape().withCols(weight.shape().rows()); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) {
            kernels(x).multiply(x.matrix(), false, weight.matrix(), true, bias == null ? null : bias.matrix(), Accumulate.SET, y.matrix());
        }

        /// `db = Σ_rows dy`, `dw = dyᵀ x`, `dx = dy w`.
        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (g.wants(bias)) x.device().reduce().columnSums(dy, x.rowGroups(), g.adding(bias));
            if (g.wants(weight)) kernels(x).gradWeight(dy, x.matrix(), x.rowGroups(), g.adding(weight));
            if (g.wants(x)) {
                Gradients.Target t = g.into(x);
                kernels(x).multiply(dy, false, weight.matrix(), false, null, t.mode(), t.matrix());
            }
        }
    }

    /// Layers for where no gradient is recorded.
    sealed interface Unrecorded extends MatMulOp {
        Tensor x();

        @Override default RowGroups groups() { return x().groups; }

        @Override default boolean differentiable() { return false; }

        @Override default void backward(Tensor y, Matrix dy, Gradients g) { throw new IllegalStateException(name() + " has no gradient"); }
    }

    /// `y = f(x · wᵀ + b)` where no gradient is recorded; otherwise a [Linear] and a map keep what the backward wants.
    record ActivatedLinear(Tensor x, Tensor weight, Tensor bias, Activation f) implements Unrecorded {
        public ActivatedLinear { Linear.check("linear", x, weight, bias); }

        @Override public List<Tensor> inputs() { return bias == null ? List.of(x, weight) : List.of(x, weight, bias); }

        @Override public Shape shape() { return x.shape().withCols(weight.shape().rows()); }

        @Override public void forward(Tensor y) {
            kernels(x).multiplyActivated(x.matrix(), weight.matrix(), bias == null ? null : bias.matrix(), f, y.matrix());
        }
    }

    /// `y = silu(x · gateᵀ) · (x · upᵀ)` where no gradient is recorded; otherwise two [Linear] and a SwiGLU keep what the backward wants.
    record GatedLinear(Tensor x, Tensor gate, Tensor up) implements Unrecorded {
        public GatedLinear {
            Linear.check("gatedLinear", x, gate, null);
            if (up.dtype() != gate.dtype() || up.shape().rows() != gate.shape().rows() || up.shape().cols() != gate.shape().cols()) {
                throw ShapeException.of("gatedLinear", gate, up, "the same type and shape");
            }
        }

        @Override public List<Tensor> inputs() { return List.of(x, gate, up); }

        @Override public Shape shape() { return x.shape().withCols(gate.shape().rows()); }

        @Override public void forward(Tensor y) { kernels(x).multiplyGated(x.matrix(), gate.matrix(), up.matrix(), y.matrix()); }
    }

    /// `y = [x · w₀ᵀ + b₀, x · w₁ᵀ + b₁, ...]` where no gradient is recorded; otherwise a [Linear] for each.
    record SeveralLinear(Tensor x, Tensor[] weights, Tensor[] biases) implements Unrecorded {
        public SeveralLinear { for (int i = 0; i < weights.length; i++) Linear.check("linears", x, weights[i], biases[i]); }

        @Override public List<Tensor> inputs() {
            List<Tensor> all = new ArrayList<>(1 + 2 * weights.length);
            all.add(x);
            Collections.addAll(all, weights);
            for (Tensor bias : biases) if (bias != null) all.add(bias);
            return all;
        }

        @Override public Shape shape() {
            int out = 0;
            for (Tensor w : weights) out += w.shape().rows();
            return x.shape().withCols(out);
        }

        @Override public void forward(Tensor y) {
            MatMul.Layer[] layers = new MatMul.Layer[weights.length];
            for (int i = 0, from = 0; i < layers.length; i++) {
                Matrix w = weights[i].matrix();
                layers[i] = new MatMul.Layer(w, biases[i] == null ? null : biases[i].matrix(), y.matrix().cols(from, from += w.rows()));
            }
            kernels(x).multiplyEach(x.matrix(), layers);
        }
    }

    /// `y = op(a) · op(b)`. Untransposed rows of a are rows in the sense of [RowGroups], and b's gradient grows group by group.
    record Product(Tensor a, Tensor b, boolean transposeA, boolean transposeB) implements MatMulOp {
        public Product {
            if (inner(a, transposeA) != outer(b, transposeB)) throw ShapeException.of("matmul", a, b,
                    "equal inner sizes, found " + inner(a, transposeA) + " and " + outer(b, transposeB) + describe(transposeA, transposeB));
        }

        private static int inner(Tensor t, boolean transpose) { return transpose ? t.shape().rows() : t.shape().cols(); }

        private static int outer(Tensor t, boolean transpose) { return transpose ? t.shape().cols() : t.shape().rows(); }

        private static String describe(boolean ta, boolean tb) {
            return ta || tb ? " (transposed: " + (ta && tb ? "both" : ta ? "first" : "second") + ")" : "";
        }

        @Override public List<Tensor> inputs() { return List.of(a, b); }

        @Override public String name() { return "matmul"; }

        @Override public Shape shape() {
            int n = inner(b, transposeB);
            return transposeA ? new Shape(a.shape().cols(), n) : a.shape().withCols(n);
        }

        @Override public RowGroups groups() { return transposeA ? null : a.groups; }

        @Override public void forward(Tensor y) {
            kernels(a).multiply(a.matrix(), transposeA, b.matrix(), transposeB, null, Accumulate.SET, y.matrix());
        }

        /// With `y = A B`, `A = op(a)`: `dA = dy Bᵀ`, `dB = Aᵀ dy`, transposed back.
        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (g.wants(b)) gradientOfB(dy, g);
            if (!g.wants(a)) return;
            Gradients.Target t = g.into(a);
            if (transposeA) kernels(a).multiply(b.matrix(), transposeB, dy, true, null, t.mode(), t.matrix());
            else kernels(a).multiply(dy, false, b.matrix(), !transposeB, null, t.mode(), t.matrix());
        }

        private void gradientOfB(Matrix dy, Gradients g) {
            if (!transposeA) {
                Matrix db = g.adding(b);
                if (transposeB) kernels(a).gradWeight(dy, a.matrix(), a.rowGroups(), db);
                else kernels(a).gradWeight(a.matrix(), dy, a.rowGroups(), db);
                return;
            }
            Gradients.Target t = g.into(b);
            if (transposeB) kernels(a).multiply(dy, true, a.matrix(), true, null, t.mode(), t.matrix());
            else kernels(a).multiply(a.matrix(), false, dy, false, null, t.mode(), t.matrix());
        }
    }
}
