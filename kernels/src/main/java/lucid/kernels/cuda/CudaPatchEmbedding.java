package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.U8;

import java.util.Locale;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.PatchGrid;

/// [PatchEmbedding] on a GPU: from frames to embeddings in one kernel, the patches in shared memory only; with the CPU's bits.
public final class CudaPatchEmbedding implements PatchEmbedding {
    private static final int TILE = 64;

    private final Kernels kernels;

    public CudaPatchEmbedding(Kernels kernels) { this.kernels = kernels; }

    @Override public void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        String operation = "patchEmbedding.forwardFrames";
        forward(operation, frames, U8, PatchGrid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    @Override public void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        String operation = "patchEmbedding.forwardPixels";
        forward(operation, pixels, F32, PatchGrid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    private void forward(String operation, Buffer images, DType type, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        grid.forward(operation, images, type, weight, bias, positions, out);
        if (out.size() == 0) return;
        String name = "patch_embedding_" + (type == U8 ? "frames" : "pixels") + "_64x64_" + weight.dtype().name().toLowerCase(Locale.ROOT) + "_sm80";
        long blocks = ((long) out.rows() + TILE - 1) / TILE * (((long) weight.rows() + TILE - 1) / TILE);
        kernels.call(name).buffer(images).view(weight).address(bias).viewOrNull(positions).view(out).u32(out.rows()).u32(weight.rows())
                .u32(grid.height()).u32(grid.width()).u32(grid.patch()).launch(blocks, 256);
    }

    /// The numbers of `n` bytes, in the bytes' order.
    void numbers(Buffer bytes, Buffer numbers, long n) {
        kernels.call("patch_embedding_numbers_f32_sm80").buffer(bytes).buffer(numbers).u64(n).launch(Math.min((n + 1023) / 1024, 1 << 20), 256);
    }

    @Override public void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out) {
        String operation = "patchEmbedding.patches";
        PatchGrid grid = PatchGrid.of(operation, n, height, width, patch);
        grid.cut(operation, framesOrPixels, out);
        if (out.rows() == 0) return;
        kernels.call(framesOrPixels.dtype() == U8 ? "patch_embedding_patches_u8_sm80" : "patch_embedding_patches_f32_sm80").buffer(framesOrPixels).view(out)
                .u32(out.rows()).u32(height).u32(width).u32(patch).launch((grid.length() + 255L) / 256, Math.min(out.rows(), 65535), 1, 256, 0);
    }

    @Override public void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels) {
        String operation = "patchEmbedding.patches backward";
        PatchGrid grid = PatchGrid.of(operation, n, height, width, patch);
        grid.paste(operation, dPatches, dPixels);
        if (grid.values() == 0) return;
        kernels.call("patch_embedding_back_f32_sm80").view(dPatches).buffer(dPixels).u32(height).u32(width).u32(patch).launch(Math.multiplyExact(PatchGrid.CHANNELS * n, height), 128);
    }
}
