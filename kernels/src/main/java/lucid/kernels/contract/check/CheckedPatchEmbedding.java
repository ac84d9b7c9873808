package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.U8;

import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// [PatchEmbedding] with its arguments checked, so that a device says only how it computes. `images` are u8 frames or f32 pixels; their type tells.
public abstract class CheckedPatchEmbedding implements PatchEmbedding {
    @Override public final void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions,
            Matrix out) {
        String operation = "patchEmbedding.forwardFrames";
        forward(operation, frames, U8, PatchGrid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    @Override public final void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions,
            Matrix out) {
        String operation = "patchEmbedding.forwardPixels";
        forward(operation, pixels, F32, PatchGrid.of(operation, n, height, width, patch), weight, bias, positions, out);
    }

    private void forward(String operation, Buffer images, DType type, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        grid.forward(operation, images, type, weight, bias, positions, out);
        embed(operation, images, grid, weight, bias, positions, out);
    }

    @Override public final void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out) {
        String operation = "patchEmbedding.patches";
        PatchGrid grid = PatchGrid.of(operation, n, height, width, patch);
        grid.cut(operation, framesOrPixels, out);
        cut(framesOrPixels, grid, out);
    }

    @Override public final void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels) {
        String operation = "patchEmbedding.patches backward";
        PatchGrid grid = PatchGrid.of(operation, n, height, width, patch);
        grid.paste(operation, dPatches, dPixels);
        paste(dPatches, grid, dPixels);
    }

    /// Computes [#forwardFrames] or [#forwardPixels].
    ///
    /// @param operation for the message of a device that cannot do it at this size
    /// @param positions or null
    protected abstract void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out);

    /// Computes [#patches].
    protected abstract void cut(Buffer images, PatchGrid grid, Matrix out);

    /// Computes [#patchesBackward].
    protected abstract void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels);
}
