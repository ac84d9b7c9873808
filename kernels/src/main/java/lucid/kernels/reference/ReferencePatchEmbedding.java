package lucid.kernels.reference;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.PatchEmbedding;

/// See [PatchEmbedding].
public final class ReferencePatchEmbedding implements PatchEmbedding {
    @Override public void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) { throw new IllegalStateException("reference PatchEmbedding.forwardFrames is not built yet"); }

    @Override public void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out) { throw new IllegalStateException("reference PatchEmbedding.forwardPixels is not built yet"); }

    @Override public void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out) { throw new IllegalStateException("reference PatchEmbedding.patches is not built yet"); }

    @Override public void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels) { throw new IllegalStateException("reference PatchEmbedding.patchesBackward is not built yet"); }
}
