package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.U8;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// From images to embeddings and back: over the edges of tiles, with pixels that no patch sees, for views at any alignment.
class CudaPatchEmbeddingTest extends BitTest {
    /// Images, height, width, patch, hidden size.
    private static final int[][] SHAPES = {{1, 1, 1, 1, 1}, {3, 9, 11, 4, 5}, {2, 28, 31, 14, 70}, {5, 30, 30, 7, 20}, {1, 17, 40, 2, 66}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD);

    CudaPatchEmbeddingTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (int i = 0; i < SHAPES.length; i++) {
            int[] s = SHAPES[i];
            Layout layout = LAYOUTS.get(i % 2);
            String name = s[0] + " images " + s[1] + " x " + s[2] + ", patch " + s[3];
            for (DType type : List.of(F32, BF16, F16))
                cases.add(new BitCase(name + ", hidden " + s[4] + ", " + type, bits -> forward(bits, type, s, layout)));
            cases.add(new BitCase(name + ", cut and pasted", bits -> patches(bits, s, layout)));
        }
        for (int n : new int[] {1, 6, 4099}) cases.add(new BitCase("numbers of " + n + " bytes", bits -> numbers(bits, n)));
        cases.add(new BitCase("chains of -0", CudaPatchEmbeddingTest::negativeZeros));
        return cases;
    }

    private static Twin frames(Bits bits, int values) { return bits.matrix(U8, 1, values, Layout.DENSE, _ -> bits.random.nextInt(256)); }

    private static void forward(Bits bits, DType type, int[] s, Layout layout) {
        int patches = s[1] / s[3] * (s[2] / s[3]);
        int values = s[0] * s[1] * s[2] * 3;
        Twin frames = frames(bits, values);
        Twin pixels = bits.random(1, values, Layout.DENSE);
        Twin weight = CudaMatMulTest.weights(bits, type, s[4], 3 * s[3] * s[3], layout);
        Twin bias = bits.random(1, s[4], layout);
        Twin positions = bits.random(patches, s[4], layout);
        Twin out = bits.random(s[0] * patches, s[4], layout);
        bits.both((d, on) -> d.patchEmbedding().forwardFrames(frames.on(on).buffer(), s[0], s[1], s[2], s[3], weight.on(on), bias.on(on),
                positions.on(on), out.on(on)));
        bits.assertSame("frames", out);
        bits.both((d, on) -> d.patchEmbedding().forwardFrames(frames.on(on).buffer(), s[0], s[1], s[2], s[3], weight.on(on), bias.on(on), null,
                out.on(on)));
        bits.assertSame("frames without positions", out);
        bits.both((d, on) -> d.patchEmbedding().forwardPixels(pixels.on(on).buffer(), s[0], s[1], s[2], s[3], weight.on(on), bias.on(on),
                positions.on(on), out.on(on)));
        bits.assertSame("pixels", out);
        bits.both((d, on) -> d.patchEmbedding().forwardPixels(pixels.on(on).buffer(), s[0], s[1], s[2], s[3], weight.on(on), bias.on(on), null,
                out.on(on)));
        bits.assertSame("pixels without positions", out);
    }

    /// Products so small that they round to -0: one more step, even with zeros, would make the chain +0.
    private static void negativeZeros(Bits bits) {
        Twin pixels = bits.matrix(1, 48, Layout.DENSE, _ -> Float.MIN_VALUE);
        Twin weight = bits.matrix(BF16, 5, 12, Layout.DENSE, _ -> 0xBDCC);
        Twin bias = bits.matrix(1, 5, Layout.DENSE, _ -> -0f);
        Twin out = bits.random(4, 5, Layout.DENSE);
        bits.both((d, on) -> d.patchEmbedding().forwardPixels(pixels.on(on).buffer(), 1, 4, 4, 2, weight.on(on), bias.on(on), null, out.on(on)));
        bits.assertSame("pixels", out);
    }

    private static void patches(Bits bits, int[] s, Layout layout) {
        int values = s[0] * s[1] * s[2] * 3;
        Twin pixels = bits.random(1, values, Layout.DENSE);
        Twin out = bits.random(s[0] * (s[1] / s[3]) * (s[2] / s[3]), 3 * s[3] * s[3], layout);
        for (Twin images : List.of(frames(bits, values), pixels)) {
            bits.both((d, on) -> d.patchEmbedding().patches(buffer(images, on), s[0], s[1], s[2], s[3], out.on(on)));
            bits.assertSame("patches", out);
        }
        Twin back = bits.random(1, values, Layout.DENSE);
        bits.both((d, on) -> d.patchEmbedding().patchesBackward(out.on(on), s[0], s[1], s[2], s[3], buffer(back, on)));
        bits.assertSame("back", back);
    }

    /// In the order of the bytes, what patches of one pixel are.
    private static void numbers(Bits bits, int n) {
        int pixels = (n + 2) / 3;
        Twin frames = bits.matrix(U8, 1, 3 * pixels, Layout.DENSE, i -> i % 256);
        Twin out = bits.matrix(1, 3 * pixels, Layout.DENSE, _ -> 9);
        try (Buffer all = bits.cpu.allocate(F32, 3L * pixels)) {
            bits.cpu.patchEmbedding().patches(frames.onCpu().buffer(), 1, 1, pixels, 1, Matrix.of(all, pixels, 3));
            bits.cpu.elementwise().copy(new Matrix(all, 0, 1, n, n), out.onCpu().cols(0, n));
        }
        new CudaPatchEmbedding(bits.kernels()).numbers(frames.onGpu().buffer(), out.onGpu().buffer(), n);
        bits.assertSame("numbers", out);
    }

    private static Buffer buffer(Twin images, Device on) { return images.on(on).buffer(); }
}
