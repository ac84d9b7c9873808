package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.U8;

import java.util.Locale;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.check.CheckedPatchEmbedding;
import lucid.kernels.contract.check.PatchGrid;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.Kernels;

/// [PatchEmbedding] on a GPU: from frames to embeddings in one kernel, the patches in shared memory only; with the CPU's bits.
public final class CudaPatchEmbedding extends CheckedPatchEmbedding {
    private static final int TILE = 64;

    private final Kernels kernels;

    public CudaPatchEmbedding(Kernels kernels) { this.kernels = kernels; }

    @Override protected void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        if (out.size() == 0) return;
        String name = "patch_embedding_" + (images.dtype() == U8 ? "frames" : "pixels") + "_64x64_" + weight.dtype().name()
                .toLowerCase(Locale.ROOT) + "_sm80";
        long blocks = ((long) out.rows() + TILE - 1) / TILE * (((long) weight.rows() + TILE - 1) / TILE);
        kernels.call(name).buffer(images).view(weight).address(bias).viewOrNull(positions).view(out).u32(out.rows()).u32(weight.rows())
                .u32(grid.height()).u32(grid.width()).u32(grid.patch()).launch(blocks, 256);
    }

    /// The numbers of `n` bytes, in the bytes' order.
    void numbers(Buffer bytes, Buffer numbers, long n) {
        kernels.call("patch_embedding_numbers_f32_sm80").buffer(bytes).buffer(numbers).u64(n).launch(Math.min((n + 1023) / 1024, 1 << 20), 256);
    }

    @Override protected void cut(Buffer images, PatchGrid grid, Matrix out) {
        if (out.rows() == 0) return;
        kernels.call(images.dtype() == U8 ? "patch_embedding_patches_u8_sm80" : "patch_embedding_patches_f32_sm80").buffer(images).view(out)
                .u32(out.rows()).u32(grid.height()).u32(grid.width()).u32(grid.patch())
                        .launch((grid.length() + 255L) / 256, Math.min(out.rows(), 65535), 1, 256, 0);
    }

    @Override protected void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels) {
        if (grid.values() == 0) return;
        kernels.call("patch_embedding_back_f32_sm80").view(dPatches).buffer(dPixels).u32(grid.height()).u32(grid.width()).u32(grid.patch())
                .launch(Math.multiplyExact(PatchGrid.CHANNELS * grid.n(), grid.height()), 128);
    }
}
