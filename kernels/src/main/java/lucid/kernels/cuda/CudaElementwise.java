package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.F32;

import java.util.Locale;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;

/// [Elementwise] on a GPU.
public final class CudaElementwise implements Elementwise {
    private final Kernels kernels;

    public CudaElementwise(Kernels kernels) { this.kernels = kernels; }

    @Override public void unary(Unary op, Matrix x, Matrix y) {
        Checks.type("unary", "x", x, F32);
        Checks.like("unary", "y", y, "x", x);
        Checks.sameOrApart("unary", "y", y, "x", x);
        if (x.size() == 0) return;
        kernels.call("elementwise_unary_" + op.name().toLowerCase(Locale.ROOT) + "_f32_sm80").view(x).view(y).u32(x.rows()).u32(x.cols())
                .launch((x.cols() + 255) / 256, Math.min(x.rows(), 65535), 1, 256, 0);
    }

    @Override public void fill(Matrix y, float value) { throw missing(); }

    @Override public void copy(Matrix x, Matrix y) { throw missing(); }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) { throw missing(); }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) { throw missing(); }

    @Override public void scale(float alpha, Matrix x, Matrix y) { throw missing(); }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) { throw missing(); }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) { throw missing(); }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) { throw missing(); }

    private static UnsupportedOperationException missing() { return new UnsupportedOperationException("this operation is not on the CUDA device yet"); }
}
