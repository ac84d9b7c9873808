package lucid.kernels.cuda.matmul;

import lucid.kernels.contract.Activation;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.Bf16Factor;
import lucid.kernels.cuda.launch.Bf16Factors;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.kernels.gpu.nvidia.Cublas;

/// [MatMul] by cuBLAS: bf16 factors, f32 sums. A choice and a peer: cuBLAS takes another algorithm for another number of rows, so the row law does
/// not hold, and ratios of a fresh rollout are near 1 instead of exactly 1.
public final class CublasMatMul implements MatMul {
    private final Cublas cublas;
    private final Bf16Factors factors;
    private final Elementwise elementwise;
    private final ComposedProducts composed;

    /// @throws IllegalArgumentException on an emulated GPU
    /// @throws lucid.kernels.gpu.nvidia.GpuUnavailableException naming cuBLAS's file when it cannot be loaded
    public CublasMatMul(Kernels kernels, Bf16Factors factors, Elementwise elementwise) {
        this.cublas = of(kernels.gpu());
        this.factors = factors;
        this.elementwise = elementwise;
        composed = new ComposedProducts(kernels, this, elementwise);
    }

    private static Cublas of(Gpu gpu) {
        if (gpu instanceof JCudaGpu real) return real.cublas();
        throw new IllegalArgumentException("matmul CUBLAS: found " + gpu.description()
                + "; wanted a real GPU (--device cuda), because cuBLAS has no PTX that could be emulated");
    }

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        ProductArguments.multiply(a, transposeA, b, transposeB, bias, mode, c);
        run(a, transposeA, b, transposeB, mode == Accumulate.ADD, c);
        if (bias != null && c.size() > 0) elementwise.binary(Elementwise.Binary.ADD, c, bias, c);
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        ProductArguments.multiplyContinue(a, transposeA, b, transposeB, c);
        run(a, transposeA, b, transposeB, true, c);
    }

    @Override public void multiplyActivated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        ProductArguments.activated(a, w, bias, f, c);
        composed.activated(a, w, bias, f, c);
    }

    @Override public void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        ProductArguments.gated(a, gate, up, c);
        composed.gated(a, gate, up, c);
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductArguments.gradWeight(dy, x, groups, dw);
        if (dy.rows() == 0 || dw.size() == 0) return;
        try (Bf16Factor left = factors.of(dy); Bf16Factor right = factors.of(x)) {
            groups.forEach((from, to) -> multiply(left.view().rows(from, to), true, right.view().rows(from, to), false, to - from, true, dw));
        }
    }

    private void run(Matrix a, boolean transposeA, Matrix b, boolean transposeB, boolean add, Matrix c) {
        if (c.size() == 0) return;
        int k = transposeA ? a.rows() : a.cols();
        if (k == 0) {
            if (!add) elementwise.fill(c, 0);
            return;
        }
        try (Bf16Factor left = factors.of(a); Bf16Factor right = factors.of(b)) {
            multiply(left.view(), transposeA, right.view(), transposeB, k, add, c);
        }
    }

    private void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, int k, boolean add, Matrix c) {
        cublas.multiply(c.rows(), c.cols(), k, CudaBuffer.source(a), a.stride(), transposeA, CudaBuffer.source(b), b.stride(), transposeB,
                CudaBuffer.address(c), c.stride(), add);
    }
}
