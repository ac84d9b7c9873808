package lucid.kernels.contract;

import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;

/// SigLIP's patch embedding: pixels -> normalise -> patches -> product with the convolution's weight + bias + position, in one go.
/// Row `n · patches + (py · columns + px)`, "valid" convolution with stride = patch size (left-over pixels are never seen).
/// Element order inside a patch, and so of each chain: channel, then row, then column, as in the published weight [hidden, 3, patch, patch].
public interface PatchEmbedding {
    /// u8 frames, interleaved RGB [n, height, width, 3]: value `(pixel · (1/255) - 0.5) / 0.5` (product in double, stored f32; then f32).
    void forwardFrames(Buffer frames, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out);

    /// f32 pixels, planar [n, 3, height, width], already normalised.
    ///
    /// @param weight    [hidden, 3 · patch · patch]
    /// @param bias      [1, hidden]
    /// @param positions [patches, hidden] or null
    /// @param out       [n · patches, hidden]
    void forwardPixels(Buffer pixels, int n, int height, int width, int patch, Matrix weight, Matrix bias, Matrix positions, Matrix out);

    /// The patches of frames (u8) or pixels (f32) as a matrix [n · patches, 3 · patch · patch]: what the products above multiply, and what the
    /// weight's gradient needs.
    void patches(Buffer framesOrPixels, int n, int height, int width, int patch, Matrix out);

    /// Back from patches to planar pixels [n, 3, height, width]; unseen pixels get 0. (Stride = patch, so no pixel is in two patches.)
    void patchesBackward(Matrix dPatches, int n, int height, int width, int patch, Buffer dPixels);
}
