package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Normalisation of rows. See [Normalization].
public sealed interface NormOp extends Op {
    Tensor x();

    @Override default Shape shape() { return x().shape(); }

    @Override default RowGroups groups() { return x().groups; }

    private static Normalization kernels(Tensor x) { return x.device().normalization(); }

    private static Tensor perRow(Tensor x) { return Tensor.undefined(x.tape().current(), DType.F32, new Shape(x.shape().rows(), 1)); }

    private static void checkVector(String operation, Tensor x, Tensor w) {
        if (w.shape().rows() != 1 || w.shape().cols() != x.shape().cols())
            throw ShapeException.of(operation, x, w, "a vector [" + x.shape().cols() + "]");
    }

    private static void checkEps(String operation, float eps) {
        if (!(eps >= 0)) throw new IllegalArgumentException(operation + ": eps " + eps + "; wanted >= 0");
    }

    /// `x / √(mean(x²) + eps) · weight`.
    ///
    /// @param rstd kept for the backward
    record RmsNorm(Tensor x, Tensor weight, float eps, Tensor rstd) implements NormOp {
        public RmsNorm {
            checkVector("rmsNorm", x, weight);
            checkEps("rmsNorm", eps);
        }

        static RmsNorm of(Tensor x, Tensor weight, float eps) { return new RmsNorm(x, weight, eps, perRow(x)); }

        @Override public List<Tensor> inputs() { return List.of(x, weight); }

        @Override public void forward(Tensor y) { kernels(x).rmsNorm(x.matrix(), weight.matrix(), eps, y.matrix(), rstd.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            Gradients.Target t = intoOrScrap(x, g);
            Gradients.Target dWeight = g.wants(weight) ? g.addingBeside(weight, x) : null;
            kernels(x).rmsNormBackward(x.matrix(), weight.matrix(), rstd.matrix(), dy, x.rowGroups(), t.mode(), t.matrix(), matrix(dWeight));
            finish(weight, dWeight, g);
            if (!g.wants(x)) g.free(t.matrix());
        }
    }

    /// `(x - mean) / √(var + eps) · weight + bias`.
    ///
    /// @param mean kept for the backward, rstd likewise
    record LayerNorm(Tensor x, Tensor weight, Tensor bias, float eps, Tensor mean, Tensor rstd) implements NormOp {
        public LayerNorm {
            checkVector("layerNorm", x, weight);
            checkVector("layerNorm", x, bias);
            checkEps("layerNorm", eps);
        }

        static LayerNorm of(Tensor x, Tensor weight, Tensor bias, float eps) { return new LayerNorm(x, weight, bias, eps, perRow(x), perRow(x)); }

        @Override public List<Tensor> inputs() { return List.of(x, weight, bias); }

        @Override public void forward(Tensor y) {
            kernels(x).layerNorm(x.matrix(), weight.matrix(), bias.matrix(), eps, y.matrix(), mean.matrix(), rstd.matrix());
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            Gradients.Target t = intoOrScrap(x, g);
            Gradients.Target dWeight = g.wants(weight) ? g.addingBeside(weight, x) : null;
            Gradients.Target dBias = g.wants(bias) ? g.addingBeside(bias, x, weight) : null;
            kernels(x).layerNormBackward(x.matrix(), weight.matrix(), mean.matrix(), rstd.matrix(), dy, x.rowGroups(), t.mode(), t.matrix(),
                    matrix(dWeight), matrix(dBias));
            finish(weight, dWeight, g);
            finish(bias, dBias, g);
            if (!g.wants(x)) g.free(t.matrix());
        }
    }

    private static Matrix matrix(Gradients.Target target) { return target == null ? null : target.matrix(); }

    private static void finish(Tensor x, Gradients.Target target, Gradients g) { if (target != null) g.finish(x, target); }

    private static Gradients.Target intoOrScrap(Tensor x, Gradients g) {
        return g.wants(x) ? g.into(x) : new Gradients.Target(g.temporary(x.shape().rows(), x.shape().cols()), Accumulate.SET);
    }
}
