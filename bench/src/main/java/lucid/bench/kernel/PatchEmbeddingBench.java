package lucid.bench.kernel;

import java.util.Random;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// 16 frames of 384 x 384 through SigLIP's patch embedding (patch 14, hidden 1152), forward, and its gradients as the tape takes them: of the weight
/// (patches, then a product) and of the pixels (a product, then back to pixels). The two halves that only move bytes stand alone as well.
public class PatchEmbeddingBench extends KernelBench {
    /// Of the frames and of a patch, a peer's too.
    public static final int SIZE = 384;
    public static final int PATCH = 14;

    private static final int FRAMES = 16;
    private static final int PATCHES = (SIZE / PATCH) * (SIZE / PATCH);
    private static final int HIDDEN = 1152;
    private static final int LENGTH = 3 * PATCH * PATCH;
    private static final int VALUES = FRAMES * SIZE * SIZE * 3;

    private Matrix weight;
    private Matrix bias;
    private Matrix positions;
    private Matrix out;
    private Matrix patches;
    private Matrix dWeight;
    private Buffer frames;
    private Buffer values;

    @Override void prepare() {
        weight = random(HIDDEN, LENGTH);
        bias = random(1, HIDDEN);
        positions = random(PATCHES, HIDDEN);
        out = random(FRAMES * PATCHES, HIDDEN);
        patches = random(FRAMES * PATCHES, LENGTH);
        dWeight = random(HIDDEN, LENGTH);
        values = floats(VALUES);
        byte[] pixels = new byte[VALUES];
        new Random(2).nextBytes(pixels);
        frames = device.allocate(DType.U8, pixels.length);
        device.write(frames, 0, pixels);
    }

    @Override void limit(String kernel, Limit limit) {
        double matrix = 4.0 * FRAMES * PATCHES * LENGTH;
        switch (kernel) {
            case "forwardFrames", "forwardPixels", "weightGradient",
                    "pixelGradient" -> limit.arithmetic(workers, 2.0 * FRAMES * PATCHES * LENGTH * HIDDEN);
            case "patches" -> memory(limit, 1.25 * matrix);
            case "patchesBackward" -> memory(limit, matrix + 4.0 * VALUES);
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        }
    }

    @Override Comparison comparison(String kernel) {
        return new Comparison(kernel, this::forwardPixels, out, Comparison.sumOf(LENGTH + 2), Matrix.row(values), weight, bias, positions);
    }

    @Benchmark public void forwardFrames() { device.patchEmbedding().forwardFrames(frames, FRAMES, SIZE, SIZE, PATCH, weight, bias, positions, out); }

    @Benchmark public void forwardPixels() { device.patchEmbedding().forwardPixels(values, FRAMES, SIZE, SIZE, PATCH, weight, bias, positions, out); }

    @Benchmark public void forwardPixels_libtorch() { peer(); }

    @Benchmark public void weightGradient() {
        device.patchEmbedding().patches(frames, FRAMES, SIZE, SIZE, PATCH, patches);
        device.matMul().gradWeight(out, patches, RowGroups.single(FRAMES * PATCHES), dWeight);
    }

    @Benchmark public void pixelGradient() {
        device.matMul().multiply(out, false, weight, false, null, Accumulate.SET, patches);
        device.patchEmbedding().patchesBackward(patches, FRAMES, SIZE, SIZE, PATCH, values);
    }

    @Benchmark public void patches() { device.patchEmbedding().patches(frames, FRAMES, SIZE, SIZE, PATCH, patches); }

    @Benchmark public void patchesBackward() { device.patchEmbedding().patchesBackward(patches, FRAMES, SIZE, SIZE, PATCH, values); }
}
