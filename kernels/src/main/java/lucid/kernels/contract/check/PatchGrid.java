package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.U8;

import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// How images divide into patches: row `image · patches + py · columns + px`, element `(channel · patch + dy) · patch + dx`; pixels right and below
/// of the last whole patch are never seen. With it, what every device demands of the arguments of [PatchEmbedding].
public record PatchGrid(int n, int height, int width, int patch) {
    public static final int CHANNELS = 3;

    /// Refuses negative sizes and a patch of nothing.
    public static PatchGrid of(String operation, int n, int height, int width, int patch) {
        Checks.that(n >= 0 && height >= 0 && width >= 0 && patch > 0, operation, n + " images of " + height + " x " + width + ", patch " + patch
                + "; wanted no negative size and a positive patch");
        return new PatchGrid(n, height, width, patch);
    }

    /// Whole patches beside each other in one image.
    public int columns() { return width / patch; }

    /// Of one image.
    public int patches() { return height / patch * columns(); }

    /// Patches of all images.
    public int rows() { return Math.multiplyExact(n, patches()); }

    /// Numbers in a patch.
    public int length() { return Math.multiplyExact(CHANNELS, Math.multiplyExact(patch, patch)); }

    /// Numbers in all images.
    public long values() { return Math.multiplyExact((long) n * CHANNELS, (long) height * width); }

    /// Of [PatchEmbedding#forwardFrames] and [PatchEmbedding#forwardPixels]; positions may be null.
    public void forward(String operation, Buffer images, DType type, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        Checks.buffer(operation, "images", images, values(), type);
        Checks.type(operation, "weight", weight, F32, BF16, F16);
        int hidden = weight.rows();
        Checks.shape(operation, "weight", weight, hidden, length(), F32, BF16, F16);
        Checks.shape(operation, "bias", bias, 1, hidden, F32);
        if (positions != null) Checks.shape(operation, "positions", positions, patches(), hidden, F32);
        Checks.shape(operation, "out", out, rows(), hidden, F32);
        Checks.apart(operation, "out", out, "weight", weight);
        Checks.apart(operation, "out", out, "bias", bias);
        if (positions != null) Checks.apart(operation, "out", out, "positions", positions);
    }

    /// Of [PatchEmbedding#patches].
    public void cut(String operation, Buffer framesOrPixels, Matrix out) {
        Checks.buffer(operation, "framesOrPixels", framesOrPixels, values(), U8, F32);
        Checks.shape(operation, "out", out, rows(), length(), F32);
        Checks.that(out.buffer() != framesOrPixels, operation, "out lies in the buffer of the images; wanted memory of its own");
    }

    /// Of [PatchEmbedding#patchesBackward].
    public void paste(String operation, Matrix dPatches, Buffer dPixels) {
        Checks.shape(operation, "dPatches", dPatches, rows(), length(), F32);
        Checks.buffer(operation, "dPixels", dPixels, values(), F32);
        Checks.that(dPatches.buffer() != dPixels, operation, "dPixels is the buffer of dPatches; wanted memory of its own");
    }
}
