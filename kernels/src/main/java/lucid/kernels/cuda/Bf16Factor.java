package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;

/// A factor of a product as tensor cores want it: bf16, its rows at multiples of 16 bytes.
///
/// @param own the memory to give back, or null when the factor lies where it was
record Bf16Factor(Matrix view, CudaBuffer own) implements AutoCloseable {
    @Override public void close() {
        if (own != null) own.close();
    }

    /// Makes factors: the matrix itself where that will do, otherwise a rounded (to nearest even) or moved copy.
    record Maker(Kernels kernels, Conversion conversion, Elementwise elementwise) {
        Bf16Factor of(Matrix m) {
            if (m.dtype() == BF16 && (CudaBuffer.address(m) | m.stride() * 2) % 16 == 0) return new Bf16Factor(m, null);
            Bf16Factor target = fresh(BF16, m);
            if (m.dtype() == BF16) {
                elementwise.copy(m, target.view);
            } else if (m.dtype() == F16) {
                try (Bf16Factor wide = fresh(F32, m)) {
                    conversion.convert(m, wide.view);
                    conversion.convert(wide.view, target.view);
                }
            } else {
                conversion.convert(m, target.view);
            }
            return target;
        }

        private Bf16Factor fresh(DType type, Matrix like) {
            long stride = (like.cols() + 7L) / 8 * 8;
            CudaBuffer buffer = kernels.scratch(type, stride * like.rows());
            return new Bf16Factor(new Matrix(buffer, 0, like.rows(), like.cols(), stride), buffer);
        }
    }
}
