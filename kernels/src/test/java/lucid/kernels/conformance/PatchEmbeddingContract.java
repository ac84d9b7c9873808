package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Cutting into patches is exact, the published normalisation included; the product's tolerance is that of [MatMulContract].
abstract class PatchEmbeddingContract extends DeviceContract {
    PatchEmbeddingContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} images {1} x {2}, patch {3}, hidden {4}, gap {5}")
    @CsvSource({"1,1,1,1,1,0", "0,8,8,4,3,0", "1,3,9,4,5,0", "2,8,12,4,7,2", "3,17,10,5,33,0", "1,28,28,14,20,1"})
    void everything(int n, int height, int width, int patch, int hidden, int layout) {
        gap = layout;
        int patches = height / patch * (width / patch);
        int length = 3 * patch * patch;
        byte[] raw = new byte[n * height * width * 3];
        random.nextBytes(raw);
        TwinBuffer frames = bytes(raw);
        TwinBuffer pixels = floats(uniform(n * 3 * height * width, -1, 1));
        Twin weight = random(hidden, length);
        Twin bias = random(1, hidden);
        Twin positions = random(patches, hidden);
        for (Twin position : new Twin[] {null, positions}) {
            Twin out = random(n * patches, hidden);
            both((d, s) -> d.patchEmbedding().forwardFrames(frames.on(s), n, height, width, patch, weight.on(s), bias.on(s),
                    position == null ? null : position.on(s), out.on(s)));
            assertSame("forwardFrames", out, MatMulContract.tolerance(length));
            both((d, s) -> d.patchEmbedding().forwardPixels(pixels.on(s), n, height, width, patch, weight.on(s), bias.on(s),
                    position == null ? null : position.on(s), out.on(s)));
            assertSame("forwardPixels", out, MatMulContract.tolerance(length));
        }
        Twin cut = random(n * patches, length);
        both((d, s) -> d.patchEmbedding().patches(frames.on(s), n, height, width, patch, cut.on(s)));
        assertSame("patches of frames", cut, 0);
        both((d, s) -> d.patchEmbedding().patches(pixels.on(s), n, height, width, patch, cut.on(s)));
        assertSame("patches of pixels", cut, 0);
        TwinBuffer back = floats(uniform(n * 3 * height * width, -1, 1));
        both((d, s) -> d.patchEmbedding().patchesBackward(cut.on(s), n, height, width, patch, back.on(s)));
        assertSame("patches backward", back, 0);
    }

    /// One 2 x 5 image with patch 2: two patches, the fifth column is never seen.
    @Test void byHand() {
        float[] pixels = new float[30];
        for (int i = 0; i < 30; i++) pixels[i] = i;
        Twin out = zeros(2, 12);
        tested.patchEmbedding().patches(floats(pixels).tested(), 1, 2, 5, 2, out.tested());
        assertValues("patches", out, 0, 0, 1, 5, 6, 10, 11, 15, 16, 20, 21, 25, 26, 2, 3, 7, 8, 12, 13, 17, 18, 22, 23, 27, 28);
        TwinBuffer back = floats(new float[30]);
        tested.patchEmbedding().patchesBackward(out.tested(), 1, 2, 5, 2, back.tested());
        double[] expected = new double[30];
        for (int i = 0; i < 30; i++) expected[i] = i % 5 == 4 ? 0 : i;
        assertValues("back", back, 0, expected);
    }

    /// Black is -1 and white is 1; channels of a pixel lie side by side in frames and in planes in patches.
    @Test void framesAreNormalised() {
        Twin out = zeros(1, 3);
        tested.patchEmbedding().patches(bytes((byte) 0, (byte) 255, (byte) 51).tested(), 1, 1, 1, 1, out.tested());
        assertValues("patches", out, 1e-7, -1, 1, -0.6);
        Twin y = zeros(1, 1);
        tested.patchEmbedding().forwardFrames(bytes((byte) 0, (byte) 255, (byte) 51).tested(), 1, 1, 1, 1, values(1, 3, 1, 10, 100).tested(),
                values(1, 1, 0.5).tested(),
                values(1, 1, 1000).tested(), y.tested());
        assertValues("forward", y, 1e-6, 949.5);
    }

    /// The gradients that a layer builds from these pieces: dPixels from the product's input gradient, dWeight from the patches.
    @Test void derivatives() {
        TwinBuffer pixels = floats(uniform(2 * 3 * 4 * 5, -1, 1));
        Twin asMatrix = new Twin(Matrix.row(pixels.tested()), Matrix.row(pixels.oracle()));
        Twin w = random(3, 12);
        Twin bias = random(1, 3);
        Twin out = zeros(8, 3);
        float[] weight = uniform(24, -1, 1);
        Twin dOut = matrix(F32, 8, 3, weight);
        Twin cut = zeros(8, 12);
        Twin dw = zeros(3, 12);
        Twin dPatches = zeros(8, 12);
        TwinBuffer dPixels = floats(new float[120]);
        tested.patchEmbedding().patches(pixels.tested(), 2, 4, 5, 2, cut.tested());
        // The families are tested one by one, so the products come from the textbook.
        oracle.write(cut.oracle().buffer(), 0, read(tested, cut.tested().buffer()));
        oracle.matMul().gradWeight(dOut.oracle(), cut.oracle(), RowGroups.single(8), dw.oracle());
        oracle.matMul().multiply(dOut.oracle(), false, w.oracle(), false, null, Accumulate.SET, dPatches.oracle());
        tested.write(dw.tested().buffer(), 0, read(oracle, dw.oracle().buffer()));
        tested.write(dPatches.tested().buffer(), 0, read(oracle, dPatches.oracle().buffer()));
        tested.patchEmbedding().patchesBackward(dPatches.tested(), 2, 4, 5, 2, dPixels.tested());
        DoubleSupplier loss = () -> {
            oracle.patchEmbedding().forwardPixels(pixels.oracle(), 2, 4, 5, 2, w.oracle(), bias.oracle(), null, out.oracle());
            return weighted(out.oracle(), weight);
        };
        assertGradient("dWeight", w, loss, dw);
        assertGradient("dPixels", asMatrix, loss, new Twin(Matrix.row(dPixels.tested()), Matrix.row(dPixels.oracle())));
        assertEquals(0, read(tested, dPixels.tested())[4], "a pixel that no patch sees has no gradient");
    }

    @Test void refuses() {
        var op = tested.patchEmbedding();
        TwinBuffer pixels = floats(new float[48]);
        Twin w = random(2, 12);
        Twin b = random(1, 2);
        Twin out = random(4, 2);
        assertRefused("patch", () -> op.forwardPixels(floats(new float[47]).tested(), 1, 4, 4, 2, w.tested(), b.tested(), null, out.tested()));
        assertRefused("patch", () -> op.forwardFrames(pixels.tested(), 1, 4, 4, 2, w.tested(), b.tested(), null, out.tested()));
        assertRefused("patch", () -> op.forwardPixels(pixels.tested(), 1, 4, 4, 2, random(2, 11).tested(), b.tested(), null, out.tested()));
        assertRefused("patch", () -> op.forwardPixels(pixels.tested(), 1, 4, 4, 2, w.tested(), random(1, 3).tested(), null, out.tested()));
        assertRefused("patch", () -> op.forwardPixels(pixels.tested(), 1, 4, 4, 2, w.tested(), b.tested(), random(3, 2).tested(), out.tested()));
        assertRefused("patch", () -> op.forwardPixels(pixels.tested(), 1, 4, 4, 2, w.tested(), b.tested(), null, random(3, 2).tested()));
        assertRefused("patch", () -> op.patches(pixels.tested(), 1, 4, 4, 0, random(4, 12).tested()));
        assertRefused("patch", () -> op.patchesBackward(random(3, 12).tested(), 1, 4, 4, 2, pixels.tested()));
    }
}
