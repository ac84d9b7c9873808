package lucid.kernels.simd;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.PatchEmbedding;

/// See [PatchEmbedding].
public final class SimdPatchEmbedding implements PatchEmbedding {
    public SimdPatchEmbedding(Workers workers, SimdMatMul products) {}

    @Override public void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) { throw new IllegalStateException("simd PatchEmbedding.forwardFrames is not built yet"); }

    @Override public void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) { throw new IllegalStateException("simd PatchEmbedding.forwardPixels is not built yet"); }

    @Override public void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out) { throw new IllegalStateException("simd PatchEmbedding.patches is not built yet"); }

    @Override public void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels) { throw new IllegalStateException("simd PatchEmbedding.patchesBackward is not built yet"); }
}
