package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// [MatMul] on tensor cores: a named choice, because it changes bits. Both factors are rounded to bf16 (to nearest even; a bf16 factor stays as it is), the products are exact,
/// the sums f32 in the tensor core's order, 16 products at a time.
///
/// The row law holds within this variant: tile and order are the same for every shape, so a row's bits do not depend on how many there are. The bits are not the CPU's, and
/// [#multiplyContinue] leaves no trace only where k is cut at multiples of 16.
///
/// Error of an element against exact arithmetic on the rounded factors: at most about `2^-22 · max(4, k)` for factors in [-1, 1]; rounding a factor itself costs up to 2^-9 of it.
public final class CudaTensorMatMul implements MatMul {
    private static final int CONTINUE = 4;
    private static final int ADD = 8;
    private static final int TILE = 128;
    private static final int SHARED_BYTES = 4 * 16384;

    private final Kernels kernels;
    private final Conversion conversion;
    private final Elementwise elementwise;

    public CudaTensorMatMul(Kernels kernels, Conversion conversion, Elementwise elementwise) {
        this.kernels = kernels;
        this.conversion = conversion;
        this.elementwise = elementwise;
    }

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        ProductChecks.multiply(a, transposeA, b, transposeB, bias, mode, c);
        run(a, transposeA, b, transposeB, bias, mode == Accumulate.ADD ? ADD : 0, c);
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        int k = ProductChecks.shapes("matmul (continue)", a, transposeA, b, transposeB, c);
        if (k > 0) run(a, transposeA, b, transposeB, null, CONTINUE, c);
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductChecks.gradWeight(dy, x, groups, dw);
        if (dy.rows() == 0 || dw.size() == 0) return;
        try (Factor left = factor(dy); Factor right = factor(x)) {
            for (int g = 0; g < groups.count(); g++) {
                int from = groups.from(g);
                int to = groups.to(g);
                if (from < to) launch(left.view.rows(from, to), true, right.view.rows(from, to), false, null, ADD, dw);
            }
        }
    }

    private void run(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, int flags, Matrix c) {
        if (c.size() == 0) return;
        try (Factor left = factor(a); Factor right = factor(b)) {
            launch(left.view, transposeA, right.view, transposeB, bias, flags, c);
        }
    }

    private void launch(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, int flags, Matrix c) {
        String form = (transposeA ? "t" : "n") + (transposeB ? "t" : "n");
        long blocks = (((long) c.rows() + TILE - 1) / TILE) * (((long) c.cols() + TILE - 1) / TILE);
        kernels.call("matmul_tensor_" + form + "_128x128x32_bf16_sm80").view(a).view(b).u64(bias == null ? 0 : CudaBuffer.address(bias)).view(c)
                .u32(c.rows()).u32(c.cols()).u32(transposeA ? a.rows() : a.cols()).u32(flags).launch(blocks, 1, 1, 256, SHARED_BYTES);
    }

    /// A factor as the kernels want it, and the memory to give back, or null.
    private record Factor(Matrix view, CudaBuffer own) implements AutoCloseable {
        @Override public void close() {
            if (own != null) own.close();
        }
    }

    /// bf16, its rows at multiples of 16 bytes: the matrix itself, or a copy.
    private Factor factor(Matrix m) {
        if (m.dtype() == BF16 && (CudaBuffer.address(m) | m.stride() * 2) % 16 == 0) return new Factor(m, null);
        Factor target = fresh(BF16, m);
        if (m.dtype() == BF16) {
            elementwise.copy(m, target.view);
        } else if (m.dtype() == F16) {
            try (Factor wide = fresh(F32, m)) {
                conversion.convert(m, wide.view);
                conversion.convert(wide.view, target.view);
            }
        } else {
            conversion.convert(m, target.view);
        }
        return target;
    }

    private Factor fresh(DType type, Matrix like) {
        long stride = (like.cols() + 7L) / 8 * 8;
        CudaBuffer buffer = kernels.scratch(type, stride * like.rows());
        return new Factor(new Matrix(buffer, 0, like.rows(), like.cols(), stride), buffer);
    }
}
