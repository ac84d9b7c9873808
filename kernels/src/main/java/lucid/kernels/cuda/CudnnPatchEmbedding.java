package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.U8;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.check.CheckedPatchEmbedding;
import lucid.kernels.contract.check.PatchGrid;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.kernels.gpu.nvidia.Cudnn;

/// [PatchEmbedding] as cuDNN's convolution: numbers of all pixels first, then the convolution, then bias and positions. A choice and a peer: cuDNN
/// takes another algorithm for another number of images, and rounds factors to TF32, so the bits are others and the row law does not hold.
public final class CudnnPatchEmbedding extends CheckedPatchEmbedding {
    private final Kernels kernels;
    private final Cudnn cudnn;
    private final Conversion conversion;
    private final Elementwise elementwise;
    private final CudaPatchEmbedding exact;

    /// @throws IllegalArgumentException on an emulated GPU
    /// @throws lucid.kernels.gpu.nvidia.GpuUnavailableException naming cuDNN's file when it cannot be loaded
    public CudnnPatchEmbedding(Kernels kernels, Conversion conversion, Elementwise elementwise) {
        this.cudnn = of(kernels.gpu());
        this.kernels = kernels;
        this.conversion = conversion;
        this.elementwise = elementwise;
        this.exact = new CudaPatchEmbedding(kernels);
    }

    private static Cudnn of(Gpu gpu) {
        if (gpu instanceof JCudaGpu real) return real.cudnn();
        throw new IllegalArgumentException("patch embedding CUDNN: found " + gpu.description()
                + "; wanted a real GPU (--device cuda), because cuDNN has no PTX that could be emulated");
    }

    @Override protected void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        if (out.size() == 0) return;
        List<CudaBuffer> own = new ArrayList<>();
        try {
            CudaBuffer numbers = fresh(own, grid.values());
            if (images.dtype() == U8) exact.numbers(images, numbers, grid.values());
            else cudnn.interleave(grid.n(), PatchGrid.CHANNELS, grid.height(), grid.width(), CudaBuffer.source(images), numbers.address());
            Matrix result = dense(out) ? out : fresh(own, out.rows(), out.cols());
            cudnn.patches(new Cudnn.Patches(grid.n(), grid.height(), grid.width(), PatchGrid.CHANNELS, grid.patch(), weight.rows()), numbers.source(),
                    CudaBuffer.source(denseCopy(own, weight)), fresh(own, weight.size()).address(), CudaBuffer.address(result),
                    bytes -> fresh(own, (bytes + 3) / 4).address());
            elementwise.binary(Elementwise.Binary.ADD, result, bias, result);
            if (positions != null) {
                // All positions of an image are one row, so that one launch adds them to every image.
                int row = Math.multiplyExact(positions.rows(), positions.cols());
                Matrix imagewise = new Matrix(result.buffer(), result.offset(), grid.n(), row, row);
                Matrix all = denseCopy(own, positions);
                elementwise.binary(Elementwise.Binary.ADD, imagewise, new Matrix(all.buffer(), all.offset(), 1, row, row), imagewise);
            }
            if (result != out) elementwise.copy(result, out);
        } finally {
            own.forEach(CudaBuffer::close);
        }
    }

    private static boolean dense(Matrix m) { return m.rows() <= 1 || m.stride() == m.cols(); }

    /// The matrix itself, or its numbers as a dense f32 matrix.
    private Matrix denseCopy(List<CudaBuffer> own, Matrix m) {
        if (m.dtype() == F32 && dense(m)) return m;
        Matrix copy = fresh(own, m.rows(), m.cols());
        if (m.dtype() == F32) elementwise.copy(m, copy);
        else conversion.convert(m, copy);
        return copy;
    }

    private Matrix fresh(List<CudaBuffer> own, int rows, int cols) {
        return Matrix.of(fresh(own, (long) rows * cols), rows, cols);
    }

    private CudaBuffer fresh(List<CudaBuffer> own, long length) {
        CudaBuffer buffer = kernels.scratch(F32, length);
        own.add(buffer);
        return buffer;
    }

    @Override protected void cut(Buffer images, PatchGrid grid, Matrix out) { exact.cut(images, grid, out); }

    @Override protected void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels) { exact.paste(dPatches, grid, dPixels); }
}
