package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Patch embedding on tensor cores: the CPU's bits where no order of sums shows, the textbook on rounded factors elsewhere, and the row law.
class CudaTensorPatchEmbeddingTest {
    private static final List<EmulatedGpu.Settings> SETTINGS = List.of(new EmulatedGpu.Settings(90, Schedule.ROUND_ROBIN, Timing.LATE, 1, 2),
            new EmulatedGpu.Settings(89, Schedule.RANDOM, Timing.RANDOM, 2, 2));
    private static final int PANEL = 640;

    /// Images, height, width, patch, hidden size, most values of a patch that are cut at once.
    private static final int[][] SHAPES = {{1, 1, 1, 1, 1, PANEL}, {3, 9, 11, 4, 5, PANEL}, {2, 28, 31, 14, 70, PANEL}, {1, 28, 52, 4, 300, PANEL},
            {1, 16, 22, 2, 130, PANEL},
        {2, 15, 29, 7, 140, 64}, {1, 28, 28, 14, 128, 224}};

    /// Small whole numbers, and bytes that are -1 and 1: every order of the sums gives the CPU's bits.
    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (int i = 0; i < SHAPES.length; i++) {
            int[] s = SHAPES[i];
            Layout layout = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED).get(i % 3);
            cases.add(new BitCase(Arrays.toString(s), bits -> whole(bits, s, layout)));
        }
        return cases;
    }

    private static void whole(Bits bits, int[] s, Layout layout) {
        int patches = s[1] / s[3] * (s[2] / s[3]);
        int values = s[0] * s[1] * s[2] * 3;
        Twin frames = bits.matrix(U8, 1, values, Layout.DENSE, _ -> bits.random.nextInt(2) * 255);
        Twin pixels = bits.matrix(1, values, Layout.DENSE, _ -> bits.random.nextInt(-4, 5));
        Twin weight = bits.matrix(s[4], 3 * s[3] * s[3], layout, _ -> bits.random.nextInt(-4, 5));
        Twin bias = bits.matrix(1, s[4], layout, _ -> bits.random.nextInt(-4, 5));
        Twin positions = bits.matrix(patches, s[4], layout, _ -> bits.random.nextInt(-4, 5));
        Twin out = bits.random(s[0] * patches, s[4], layout);
        PatchEmbedding tensor = bits.tensorPatches(s[5]);
        for (Twin p : Arrays.asList(positions, null)) {
            bits.cpu.patchEmbedding().forwardFrames(frames.onCpu().buffer(), s[0], s[1], s[2], s[3], weight.onCpu(), bias.onCpu(),
                    p == null ? null : p.onCpu(), out.onCpu());
            tensor.forwardFrames(frames.onGpu().buffer(), s[0], s[1], s[2], s[3], weight.onGpu(), bias.onGpu(), p == null ? null : p.onGpu(),
                    out.onGpu());
            bits.assertSame("frames", out);
            bits.cpu.patchEmbedding().forwardPixels(pixels.onCpu().buffer(), s[0], s[1], s[2], s[3], weight.onCpu(), bias.onCpu(),
                    p == null ? null : p.onCpu(), out.onCpu());
            tensor.forwardPixels(pixels.onGpu().buffer(), s[0], s[1], s[2], s[3], weight.onGpu(), bias.onGpu(), p == null ? null : p.onGpu(),
                    out.onGpu());
            bits.assertSame("pixels", out);
        }
    }

    @TestFactory Stream<DynamicTest> wholeNumbersHaveTheCpusBits() {
        return cases().stream().flatMap(c -> SETTINGS.stream().limit(TestGpu.real() ? 1 : 2)
                .map(s -> DynamicTest.dynamicTest(c.name() + ", " + s.schedule(), () -> {
            try (Bits bits = new Bits(TestGpu.open(s))) {
                c.body().accept(bits);
            }
        })));
    }

    private static float[] read(lucid.kernels.Device device, Matrix m) {
        float[] all = new float[(int) m.buffer().length()];
        device.read(m.buffer(), 0, all);
        return Arrays.copyOfRange(all, (int) m.offset(), (int) (m.offset() + m.size()));
    }

    /// Rounds to bf16 and back.
    private static void round(Bits bits, Matrix onCpu) {
        try (Buffer narrow = bits.cpu.allocate(DType.BF16, onCpu.size())) {
            Matrix n = Matrix.of(narrow, onCpu.rows(), onCpu.cols());
            bits.cpu.conversion().convert(onCpu, n);
            bits.cpu.conversion().convert(n, onCpu);
        }
    }

    /// Tolerance as in [CudaTensorMatMulTest]: the factors agree, only sums round.
    @ParameterizedTest(name = "{0} images of {1} x {2}, patch {3}, hidden {4}") @CsvSource({"2,28,42,14,70", "3,20,20,5,130", "1,16,16,2,33"})
    void randomNumbersAgreeWithTheTextbook(int n, int height, int width, int patch, int hidden) {
        int k = 3 * patch * patch;
        int patches = height / patch * (width / patch);
        try (Bits bits = new Bits(TestGpu.open(SETTINGS.get(1)))) {
            Twin frames = bits.matrix(U8, 1, n * height * width * 3, Layout.DENSE, _ -> bits.random.nextInt(256));
            Twin weight = bits.random(hidden, k, Layout.DENSE), bias = bits.random(1, hidden, Layout.DENSE),
                    positions = bits.random(patches, hidden, Layout.DENSE);
            Twin out = bits.random(n * patches, hidden, Layout.DENSE), cut = bits.random(n * patches, k, Layout.DENSE);
            bits.tensorPatches(PANEL).forwardFrames(frames.onGpu().buffer(), n, height, width, patch, weight.onGpu(), bias.onGpu(), positions.onGpu(),
                    out.onGpu());
            bits.cpu.patchEmbedding().patches(frames.onCpu().buffer(), n, height, width, patch, cut.onCpu());
            round(bits, cut.onCpu());
            round(bits, weight.onCpu());
            bits.cpu.matMul().multiply(cut.onCpu(), false, weight.onCpu(), true, bias.onCpu(), Accumulate.SET, out.onCpu());
            float[] expected = read(bits.cpu, out.onCpu());
            float[] p = read(bits.cpu, positions.onCpu());
            for (int i = 0; i < expected.length; i++) expected[i] += p[i % p.length];
            assertArrayEquals(expected, read(bits.gpu, out.onGpu()), (float) (8 * 0x1p-22 * k));
        }
    }

    /// Every byte is the bf16 of the exact kernels' number: patches of one pixel times the unit matrix.
    @Test void everyByteIsTheRoundedNumber() {
        try (Bits bits = new Bits(TestGpu.open(SETTINGS.getFirst()))) {
            Twin frames = bits.matrix(U8, 1, 3 * 256, Layout.DENSE, i -> i / 3);
            Twin unit = bits.matrix(3, 3, Layout.DENSE, i -> i % 4 == 0 ? 1 : 0);
            Twin bias = bits.matrix(1, 3, Layout.DENSE, _ -> 0), out = bits.random(256, 3, Layout.DENSE);
            bits.tensorPatches(PANEL).forwardFrames(frames.onGpu().buffer(), 1, 16, 16, 1, unit.onGpu(), bias.onGpu(), null, out.onGpu());
            bits.cpu.patchEmbedding().patches(frames.onCpu().buffer(), 1, 16, 16, 1, out.onCpu());
            round(bits, out.onCpu());
            bits.assertSame("bytes 0 .. 255", out);
        }
    }

    /// One image alone, among others, from bytes or from numbers, with all columns or some, cut in one panel or in many: the same bits.
    @Test void rowsDoNotKnowOfEachOther() {
        int n = 4, side = 30, patch = 6, hidden = 200, patches = 25;
        try (Bits bits = new Bits(TestGpu.open(SETTINGS.get(1)))) {
            Twin one = bits.matrix(U8, 1, side * side * 3, Layout.DENSE, i -> i * 37 % 256);
            Twin frames = bits.matrix(U8, n, side * side * 3, Layout.DENSE, i -> i < one.onCpu().size() ? i * 37 % 256 : bits.random.nextInt(256));
            Twin weight = bits.random(hidden, 3 * patch * patch, Layout.DENSE), bias = bits.random(1, hidden, Layout.DENSE),
                    positions = bits.random(patches, hidden, Layout.DENSE);
            Twin all = bits.random(n * patches, hidden, Layout.DENSE), part = bits.random(n * patches, hidden, Layout.ODD);
            bits.tensorPatches(PANEL).forwardFrames(frames.onGpu().buffer(), n, side, side, patch, weight.onGpu(), bias.onGpu(), positions.onGpu(),
                    all.onGpu());
            float[] expected = read(bits.gpu, all.onGpu());
            bits.tensorPatches(32).forwardFrames(frames.onGpu().buffer(), n, side, side, patch, weight.onGpu(), bias.onGpu(), positions.onGpu(),
                    all.onGpu());
            assertArrayEquals(expected, read(bits.gpu, all.onGpu()), "panels of 32");
            bits.tensorPatches(PANEL).forwardFrames(one.onGpu().buffer(), 1, side, side, patch, weight.onGpu(), bias.onGpu(), positions.onGpu(),
                    all.onGpu().rows(75, 100));
            assertArrayEquals(Arrays.copyOf(expected, patches * hidden), Arrays.copyOfRange(read(bits.gpu, all.onGpu()), 75 * hidden, 100 * hidden),
                    "the first image alone");
            Matrix few = weight.onGpu().rows(150, 170);
            Matrix out = part.onGpu().cols(0, 20);
            bits.tensorPatches(PANEL).forwardFrames(frames.onGpu().buffer(), n, side, side, patch, few, bias.onGpu().cols(150, 170),
                    positions.onGpu().cols(150, 170), out);
            float[] found = new float[(int) out.buffer().length()];
            bits.gpu.read(out.buffer(), 0, found);
            for (int r = 0; r < n * patches; r++) {
                int at = (int) (out.offset() + r * out.stride());
                assertArrayEquals(Arrays.copyOfRange(expected, r * hidden + 150, r * hidden + 170), Arrays.copyOfRange(found, at, at + 20),
                        "columns 150 .. 169, row " + r);
            }
        }
    }

    @Test void bytesAndTheirNumbersGiveTheSameBits() {
        int n = 2, height = 20, width = 25, patch = 5;
        try (Bits bits = new Bits(TestGpu.open(SETTINGS.getFirst()))) {
            Twin frames = bits.matrix(U8, 1, n * height * width * 3, Layout.DENSE, _ -> bits.random.nextInt(256));
            Twin numbers = bits.random(n * height * width, 3, Layout.DENSE), weight = bits.random(40, 75, Layout.DENSE),
                    bias = bits.random(1, 40, Layout.DENSE);
            Twin out = bits.random(n * 20, 40, Layout.DENSE), pixels = bits.random(1, n * height * width * 3, Layout.DENSE);
            bits.cpu.patchEmbedding().patches(frames.onCpu().buffer(), n, height, width, 1, numbers.onCpu());
            float[] interleaved = read(bits.cpu, numbers.onCpu());
            float[] planar = new float[interleaved.length];
            for (int i = 0; i < planar.length; i++)
                planar[(i / 3 / (height * width) * 3 + i % 3) * height * width + i / 3 % (height * width)] = interleaved[i];
            bits.gpu.write(pixels.onGpu().buffer(), 0, planar);
            PatchEmbedding tensor = bits.tensorPatches(PANEL);
            tensor.forwardFrames(frames.onGpu().buffer(), n, height, width, patch, weight.onGpu(), bias.onGpu(), null, out.onGpu());
            float[] expected = read(bits.gpu, out.onGpu());
            tensor.forwardPixels(pixels.onGpu().buffer(), n, height, width, patch, weight.onGpu(), bias.onGpu(), null, out.onGpu());
            assertArrayEquals(expected, read(bits.gpu, out.onGpu()));
        }
    }

    @Test void wrongArgumentsAreRefusedInTheCpusWords() {
        try (Bits bits = new Bits(TestGpu.open(SETTINGS.getFirst()))) {
            Twin frames = bits.matrix(U8, 1, 27, Layout.DENSE, i -> i), weight = bits.random(4, 11, Layout.DENSE),
                    bias = bits.random(1, 4, Layout.DENSE), out = bits.random(1, 4, Layout.DENSE);
            String cpu = assertThrows(IllegalArgumentException.class,
                    () -> bits.cpu.patchEmbedding().forwardFrames(frames.onCpu().buffer(), 1, 3, 3, 2, weight.onCpu(), bias.onCpu(), null,
                    out.onCpu())).getMessage();
            String gpu = assertThrows(IllegalArgumentException.class,
                    () -> bits.tensorPatches(PANEL).forwardFrames(frames.onGpu().buffer(), 1, 3, 3, 2, weight.onGpu(), bias.onGpu(), null,
                    out.onGpu())).getMessage();
            assertEquals(cpu, gpu);
            assertTrue(gpu.contains("weight"), gpu);
            assertEquals(F32, out.onGpu().dtype());
        }
    }
}
