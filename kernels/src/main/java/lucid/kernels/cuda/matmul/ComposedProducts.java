package lucid.kernels.cuda.matmul;

import lucid.kernels.contract.Activation;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// Products with an activation by separate kernels: what [MatMul#multiplyActivated] and [MatMul#multiplyGated] mean, for families that have no kernel
/// for them.
final class ComposedProducts {
    private final Kernels kernels;
    private final MatMul products;
    private final Elementwise elementwise;

    ComposedProducts(Kernels kernels, MatMul products, Elementwise elementwise) {
        this.kernels = kernels;
        this.products = products;
        this.elementwise = elementwise;
    }

    void activated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        products.multiply(a, false, w, true, bias, Accumulate.SET, c);
        elementwise.unary(f.unary(), c, c);
    }

    void gated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        if (c.size() == 0) return;
        products.multiply(a, false, gate, true, null, Accumulate.SET, c);
        try (CudaBuffer room = kernels.scratch(DType.F32, c.size())) {
            Matrix other = Matrix.of(room, c.rows(), c.cols());
            products.multiply(a, false, up, true, null, Accumulate.SET, other);
            elementwise.swiGlu(c, other, c);
        }
    }
}
