package lucid.kernels.simd;

import static lucid.kernels.contract.operand.DType.U8;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.check.CheckedPatchEmbedding;
import lucid.kernels.contract.check.PatchGrid;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.matmul.SimdMatMul;
import lucid.kernels.simd.rows.BinaryLoops;
import lucid.kernels.simd.work.Grain;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// See [PatchEmbedding]. Patches are cut a chunk at a time into scratch memory and multiplied from there; a row is `(chain + bias) + position`.
public final class SimdPatchEmbedding extends CheckedPatchEmbedding {
    /// Floats of cut patches that exist at once: 4 MiB.
    private static final int CHUNK = 1 << 20;

    private final Workers workers;
    private final SimdMatMul products;
    private final NativeScratch scratch;

    public SimdPatchEmbedding(Workers workers, SimdMatMul products) {
        this.workers = workers;
        this.products = products;
        scratch = new NativeScratch(workers);
    }

    @Override protected void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        int step = Math.max(1, CHUNK / grid.length());
        for (int row = 0; row < grid.rows(); row += step) {
            int end = Math.min(grid.rows(), row + step);
            Matrix cut = scratch.matrix(end - row, grid.length());
            cut(grid, images, row, cut);
            products.multiply(cut, false, weight, true, bias, Accumulate.SET, out.rows(row, end));
        }
        if (positions != null) addPositions(positions, out);
    }

    private void cut(PatchGrid grid, Buffer images, int first, Matrix out) {
        MemorySegment source = HostBuffer.of(images).segment();
        MemorySegment sink = HostBuffer.segment(out);
        long base = HostBuffer.byteOffset(out);
        workers.parallel(out.rows(), Grain.rows(grid.length()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                if (images.dtype() == U8) PatchCopy.cutFrames(grid, source, first + r, sink, base + r * out.stride() * 4);
                else PatchCopy.cutPixels(grid, source, first + r, sink, base + r * out.stride() * 4);
            }
        });
    }

    private void addPositions(Matrix positions, Matrix out) {
        MemorySegment sink = HostBuffer.segment(out);
        MemorySegment source = HostBuffer.segment(positions);
        workers.parallel(out.rows(), Grain.rows(out.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long at = HostBuffer.byteOffset(out) + r * out.stride() * 4;
                long position = HostBuffer.byteOffset(positions) + r % positions.rows() * positions.stride() * 4;
                BinaryLoops.run(Binary.ADD, sink, at, source, position, sink, at, out.cols());
            }
        });
    }

    @Override protected void cut(Buffer images, PatchGrid grid, Matrix out) { cut(grid, images, 0, out); }

    @Override protected void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels) {
        MemorySegment sink = HostBuffer.of(dPixels).segment();
        sink.asSlice(0, grid.values() * 4).fill((byte) 0);
        MemorySegment source = HostBuffer.segment(dPatches);
        long base = HostBuffer.byteOffset(dPatches);
        workers.parallel(grid.rows(), Grain.rows(grid.length()), (from, to, _) -> {
            for (int r = from; r < to; r++) PatchCopy.paste(grid, source, base + r * dPatches.stride() * 4, r, sink);
        });
    }
}
