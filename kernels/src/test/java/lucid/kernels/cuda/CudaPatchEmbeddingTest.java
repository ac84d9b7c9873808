package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.ptx.machine.Schedule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// From images to embeddings with the CPU's bits: over the edges of tiles, with pixels that no patch sees, for views at any alignment.
class CudaPatchEmbeddingTest {
    @ParameterizedTest(name = "{0} images {1} x {2}, patch {3}, hidden {4}, gap {5}")
    @CsvSource({"1,1,1,1,1,0", "3,9,11,4,5,1", "2,28,31,14,70,0", "5,30,30,7,20,3", "1,17,40,2,66,0"})
    void sameBitsAsTheCpu(int n, int height, int width, int patch, int hidden, int gap) {
        for (DType type : new DType[] {F32, BF16, F16}) {
            SameBits.check(type == BF16 ? Schedule.RANDOM : Schedule.ROUND_ROBIN, n + height, scenario(type, n, height, width, patch, hidden, gap));
        }
    }

    static SameBits.Scenario scenario(DType type, int n, int height, int width, int patch, int hidden, int gap) {
        return (device, data) -> {
            int patches = height / patch * (width / patch);
            int length = 3 * patch * patch;
            Buffer frames = data.bytes(n * height * width * 3);
            Buffer pixels = data.matrix(F32, 1, n * height * width * 3, 0).buffer();
            Matrix weight = data.matrix(type, hidden, length, gap);
            Matrix bias = data.matrix(F32, 1, hidden, gap);
            Matrix positions = data.matrix(F32, patches, hidden, gap);
            var family = device.patchEmbedding();
            family.forwardFrames(frames, n, height, width, patch, weight, bias, positions, data.matrix(F32, n * patches, hidden, gap));
            family.forwardFrames(frames, n, height, width, patch, weight, bias, null, data.matrix(F32, n * patches, hidden, gap));
            family.forwardPixels(pixels, n, height, width, patch, weight, bias, positions, data.matrix(F32, n * patches, hidden, gap));
            family.patches(frames, n, height, width, patch, data.matrix(F32, n * patches, length, gap));
            Matrix cut = data.matrix(F32, n * patches, length, gap);
            family.patches(pixels, n, height, width, patch, cut);
            family.patchesBackward(cut, n, height, width, patch, data.matrix(F32, 1, n * height * width * 3, 0).buffer());
        };
    }
}
