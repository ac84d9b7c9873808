package lucid.bench.kernel;

import java.util.Random;
import lucid.bench.Limit;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// 16 frames of 384 x 384 through SigLIP's patch embedding (patch 14, hidden 1152).
public class PatchEmbeddingBench extends KernelBench {
    private static final int FRAMES = 16;
    private static final int SIZE = 384;
    private static final int PATCH = 14;
    private static final int PATCHES = (SIZE / PATCH) * (SIZE / PATCH);
    private static final int HIDDEN = 1152;
    private static final int LENGTH = 3 * PATCH * PATCH;

    private Matrix weight;
    private Matrix bias;
    private Matrix positions;
    private Matrix out;
    private Buffer frames;

    @Override void prepare() {
        weight = random(HIDDEN, LENGTH);
        bias = random(1, HIDDEN);
        positions = random(PATCHES, HIDDEN);
        out = random(FRAMES * PATCHES, HIDDEN);
        byte[] pixels = new byte[FRAMES * SIZE * SIZE * 3];
        new Random(2).nextBytes(pixels);
        frames = device.allocate(DType.U8, pixels.length);
        device.write(frames, 0, pixels);
    }

    @Override void limit(String kernel, Limit limit) { limit.arithmetic(workers, 2.0 * FRAMES * PATCHES * LENGTH * HIDDEN); }

    @Benchmark public void forwardFrames() { device.patchEmbedding().forwardFrames(frames, FRAMES, SIZE, SIZE, PATCH, weight, bias, positions, out); }
}
