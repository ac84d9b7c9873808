package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.U8;

import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.check.CheckedPatchEmbedding;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.check.PatchGrid;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.Bf16Factor;
import lucid.kernels.cuda.launch.Bf16Factors;
import lucid.kernels.cuda.launch.Kernels;

/// [PatchEmbedding] on tensor cores by `mma.sync`, one kernel from frames to embeddings: goes with [lucid.kernels.cuda.matmul.CudaTensorMatMul], with
/// which it shares rounding, error and row law.
public final class CudaTensorPatchEmbedding extends CheckedPatchEmbedding {
    private static final int ROWS = 64;
    private static final int COLUMNS = 128;
    /// Shared memory of the ring of weights.
    private static final int RING = 4 * 8192;
    /// Most values of a patch that are cut at once: leaves room for two blocks on a multiprocessor of an H100; SigLIP's 588 fit.
    private static final int PANEL = 640;
    private static final long MOST_VALUES = 0xFFFF_FFFEL;

    private final Kernels kernels;
    private final Bf16Factors factors;
    private final CudaPatchEmbedding exact;
    private final int panel;

    public CudaTensorPatchEmbedding(Kernels kernels, Bf16Factors factors) { this(kernels, factors, PANEL); }

    /// @param panel most values of a patch that are cut at once, a multiple of 32; shows in no bit
    CudaTensorPatchEmbedding(Kernels kernels, Bf16Factors factors, int panel) {
        this.kernels = kernels;
        this.factors = factors;
        this.exact = new CudaPatchEmbedding(kernels);
        this.panel = panel;
    }

    @Override protected void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        if (out.size() == 0) return;
        Checks.that((long) grid.height() * grid.width() <= MOST_VALUES / PatchGrid.CHANNELS, operation,
                "images of " + grid.height() + " x " + grid.width() + " on tensor cores; wanted fewer than 2^32 values in an image (--matmul exact "
                        + "has no such limit)");
        int deep = depth(grid.length());
        int rowTiles = tiles(out.rows(), ROWS);
        int columnTiles = tiles(weight.rows(), COLUMNS);
        int span = span(rowTiles, columnTiles);
        try (Bf16Factor factor = factors.of(weight)) {
            kernels.call("patch_embedding_tensor_" + (images.dtype() == U8 ? "frames" : "pixels") + "_64x128x32_bf16_sm80").buffer(images)
                    .view(factor.view()).address(bias).viewOrNull(positions).view(out)
                    .u32(out.rows()).u32(weight.rows()).u32(grid.height()).u32(grid.width()).u32(grid.patch()).u32(deep).u32(span)
                    .launch((long) rowTiles * tiles(columnTiles, span), 1, 1, 256, ROWS * (2 * deep + 16) + RING + 4 * deep);
        }
    }

    /// Values of a patch that are cut at once: all, where that leaves room.
    private int depth(int length) {
        int room = (kernels.gpu().limits().sharedBytes() - RING - 16 * ROWS) / (2 * ROWS + 4);
        return Math.min(tiles(length, 32) * 32, Math.min(panel, room / 32 * 32));
    }

    /// How many tiles of columns a block walks over the patches that it has cut: many where there are rows for all multiprocessors (two blocks on
    /// each), few where there are not. Cutting takes about as long as multiplying one tile.
    private int span(int rowTiles, int columnTiles) {
        int best = columnTiles;
        long least = Long.MAX_VALUE;
        for (int span = columnTiles; span > 0; span--) {
            long rounds = ((long) rowTiles * tiles(columnTiles, span) + 2L * kernels.gpu().multiprocessors() - 1) / (2L * kernels.gpu()
                    .multiprocessors());
            if (rounds * (span + 1) < least) {
                least = rounds * (span + 1);
                best = span;
            }
        }
        return best;
    }

    private static int tiles(int size, int tile) { return (int) (((long) size + tile - 1) / tile); }

    @Override protected void cut(Buffer images, PatchGrid grid, Matrix out) { exact.cut(images, grid, out); }

    @Override protected void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels) { exact.paste(dPatches, grid, dPixels); }
}
