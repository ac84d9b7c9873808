package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.U8;

import java.util.Locale;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.PatchEmbedding;

/// [PatchEmbedding] on a GPU: from frames to embeddings in one kernel, the patches in shared memory only; with the CPU's bits.
public final class CudaPatchEmbedding implements PatchEmbedding {
    private static final int TILE = 64;
    private static final int CHANNELS = 3;

    private final Kernels kernels;

    public CudaPatchEmbedding(Kernels kernels) { this.kernels = kernels; }

    /// How images divide into patches.
    private record Grid(int n, int height, int width, int patch) {
        static Grid of(String operation, int n, int height, int width, int patch) {
            Checks.that(n >= 0 && height >= 0 && width >= 0 && patch > 0, operation, n + " images of " + height + " x " + width + ", patch " + patch
                    + "; wanted no negative size and a positive patch");
            return new Grid(n, height, width, patch);
        }

        int patches() { return height / patch * (width / patch); }

        int rows() { return Math.multiplyExact(n, patches()); }

        int length() { return Math.multiplyExact(CHANNELS, Math.multiplyExact(patch, patch)); }

        int lines() { return Math.multiplyExact(CHANNELS * n, height); }

        long values() { return Math.multiplyExact((long) lines(), (long) width); }
    }

    @Override public void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        String operation = "patchEmbedding.forwardFrames";
        forward(operation, frames, U8, Grid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    @Override public void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        String operation = "patchEmbedding.forwardPixels";
        forward(operation, pixels, F32, Grid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    private void forward(String operation, Buffer images, DType type, Grid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        Checks.buffer(operation, "images", images, grid.values(), type);
        Checks.type(operation, "weight", weight, F32, BF16, F16);
        int hidden = weight.rows();
        Checks.shape(operation, "weight", weight, hidden, grid.length(), F32, BF16, F16);
        Checks.shape(operation, "bias", bias, 1, hidden, F32);
        if (positions != null) Checks.shape(operation, "positions", positions, grid.patches(), hidden, F32);
        Checks.shape(operation, "out", out, grid.rows(), hidden, F32);
        Checks.apart(operation, "out", out, "weight", weight);
        Checks.apart(operation, "out", out, "bias", bias);
        if (positions != null) Checks.apart(operation, "out", out, "positions", positions);
        if (out.size() == 0) return;
        String name = "patch_embedding_" + (type == U8 ? "frames" : "pixels") + "_64x64_" + weight.dtype().name().toLowerCase(Locale.ROOT) + "_sm80";
        long blocks = ((long) out.rows() + TILE - 1) / TILE * (((long) hidden + TILE - 1) / TILE);
        kernels.call(name).buffer(images).view(weight).address(bias).viewOrNull(positions).view(out).u32(out.rows()).u32(hidden)
                .u32(grid.height).u32(grid.width).u32(grid.patch).launch(blocks, 256);
    }

    @Override public void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out) {
        String operation = "patchEmbedding.patches";
        Grid grid = Grid.of(operation, n, height, width, patch);
        Checks.buffer(operation, "framesOrPixels", framesOrPixels, grid.values(), U8, F32);
        Checks.shape(operation, "out", out, grid.rows(), grid.length(), F32);
        Checks.that(out.buffer() != framesOrPixels, operation, "out lies in the buffer of the images; wanted memory of its own");
        if (out.rows() == 0) return;
        kernels.call(framesOrPixels.dtype() == U8 ? "patch_embedding_patches_u8_sm80" : "patch_embedding_patches_f32_sm80").buffer(framesOrPixels).view(out)
                .u32(out.rows()).u32(height).u32(width).u32(patch).launch((grid.length() + 255L) / 256, Math.min(out.rows(), 65535), 1, 256, 0);
    }

    @Override public void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels) {
        String operation = "patchEmbedding.patches backward";
        Grid grid = Grid.of(operation, n, height, width, patch);
        Checks.shape(operation, "dPatches", dPatches, grid.rows(), grid.length(), F32);
        Checks.buffer(operation, "dPixels", dPixels, grid.values(), F32);
        Checks.that(dPatches.buffer() != dPixels, operation, "dPixels is the buffer of dPatches; wanted memory of its own");
        if (grid.values() == 0) return;
        kernels.call("patch_embedding_back_f32_sm80").view(dPatches).buffer(dPixels).u32(height).u32(width).u32(patch).launch(grid.lines(), 128);
    }
}
