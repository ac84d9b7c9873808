package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.host.HostBuffer;
import org.junit.jupiter.api.Test;

/// A packed weight has the bits of the weight as it lies, in every product, and its memory comes and goes as [lucid.kernels.Device#prepack] says.
class PackedWeightTest {
    private static final DType[] TYPES = {DType.F32, DType.BF16, DType.F16};

    private static Matrix random(SimdDevice on, SplittableRandom random, DType type, int rows, int cols) {
        Matrix m = Matrix.of(on.allocate(type, (long) rows * cols), rows, cols);
        if (type == DType.F32) {
            float[] values = new float[rows * cols];
            for (int i = 0; i < values.length; i++) values[i] = (float) random.nextDouble(-1, 1);
            on.write(m.buffer(), 0, values);
        } else {
            // Any bits but infinity and NaN, subnormals among them.
            short[] halves = new short[rows * cols];
            for (int i = 0; i < halves.length; i++) halves[i] = (short) (random.nextInt() & (type == DType.BF16 ? 0xBFFF : 0xFBFF));
            on.write(m.buffer(), 0, halves);
        }
        return m;
    }

    private static Matrix copy(SimdDevice on, Matrix m) {
        Matrix out = Matrix.of(on.allocate(m.dtype(), m.size()), m.rows(), m.cols());
        MemorySegment.copy(HostBuffer.segment(m), 0, HostBuffer.segment(out), 0, m.size() * m.dtype().bytes());
        return out;
    }

    private static int[] bits(SimdDevice on, Matrix m) {
        float[] values = new float[Math.toIntExact(m.size())];
        on.read(m.buffer(), 0, values);
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) bits[i] = Float.floatToRawIntBits(values[i]);
        return bits;
    }

    /// Promises, and reads the weight as often as it takes.
    private static void pack(SimdDevice on, Matrix w) {
        on.prepack(w);
        Matrix a = random(on, new SplittableRandom(1), DType.F32, 1, w.cols());
        Matrix c = random(on, new SplittableRandom(1), DType.F32, 1, w.rows());
        long before = on.liveBytes();
        for (int reading = 0; reading < Packing.READINGS; reading++) on.matMul().multiply(a, false, w, true, null, Accumulate.SET, c);
        assertEquals(w.dtype() != DType.F16 && w.size() > 0, on.liveBytes() > before, w.describe() + " is packed");
        a.buffer().close();
        c.buffer().close();
    }

    /// Puts it into order beforehand, as a file has it.
    private static void lay(SimdDevice on, Matrix w) {
        PackedOrder order = on.packedOrder().orElseThrow();
        if (!order.takes(w.dtype())) return;
        Buffer packed = on.allocate(w.dtype(), order.length(w.rows(), w.cols()));
        order.pack(w, packed);
        order.use(w, packed);
    }

    private interface Product {
        void into(Matrix weight, Matrix c);
    }

    private static void same(SimdDevice d, Matrix plain, Matrix packed, Matrix like, String what, Product product) {
        Matrix wanted = copy(d, like);
        Matrix found = copy(d, like);
        product.into(plain, wanted);
        product.into(packed, found);
        assertArrayEquals(bits(d, wanted), bits(d, found), what);
        wanted.buffer().close();
        found.buffer().close();
    }

    private static void check(SimdDevice d, SplittableRandom random, DType type, int m, int n, int k) {
        check(d, random, type, m, n, k, PackedWeightTest::pack);
        check(d, random, type, m, n, k, PackedWeightTest::lay);
    }

    private static void check(SimdDevice d, SplittableRandom random, DType type, int m, int n, int k, BiConsumer<SimdDevice, Matrix> packing) {
        String what = "[" + m + ", " + k + "] x [" + k + ", " + n + "] " + type + " ";
        Matrix a = random(d, random, DType.F32, m, k);
        Matrix plain = random(d, random, type, n, k);
        Matrix packed = copy(d, plain);
        packing.accept(d, packed);
        Matrix bias = random(d, random, DType.F32, 1, n);
        Matrix c = random(d, random, DType.F32, m, n);
        var op = d.matMul();
        for (Accumulate mode : Accumulate.values()) same(d, plain, packed, c, what + mode, (w, y) -> op.multiply(a, false, w, true, bias, mode, y));
        same(d, plain, packed, c, what + "continued", (w, y) -> op.multiplyContinue(a, false, w, true, y));
        same(d, plain, packed, c, what + "activated", (w, y) -> op.multiplyActivated(a, w, bias, Activation.GELU_TANH, y));
        same(d, plain, packed, c, what + "gated", (w, y) -> op.multiplyGated(a, w, w, y));
        Matrix other = random(d, random, DType.F32, m, n);
        same(d, plain, packed, c, what + "beside one that is not packed", (w, y) -> op.multiplyEach(a, new MatMul.Layer(plain, null, other),
                new MatMul.Layer(w, bias, y)));
        same(d, plain, packed, c, what + "and the other way round", (w, y) -> op.multiplyEach(a, new MatMul.Layer(w, null, y),
                new MatMul.Layer(plain, bias, other)));
        Matrix back = random(d, random, DType.F32, m, k);
        same(d, plain, packed, back, what + "not transposed", (w, y) -> op.multiply(c, false, w, false, null, Accumulate.SET, y));
        // Some of the rows, which may begin with a panel or not.
        for (int from : new int[] {0, Math.min(n, GemmTile.WIDTH), random.nextInt(n + 1)}) {
            int to = random.nextInt(from, n + 1);
            Matrix part = random(d, random, DType.F32, m, to - from);
            same(d, plain, packed, part, what + from + " to " + to, (w, y) -> op.multiply(a, false, w.rows(from, to), true, null, Accumulate.SET, y));
            part.buffer().close();
        }
        for (Matrix x : new Matrix[] {a, plain, packed, bias, c, other, back}) x.buffer().close();
        assertEquals(0, d.liveBytes(), what + "all memory is free");
    }

    @Test void smallProducts() {
        SplittableRandom random = new SplittableRandom(7);
        for (int threads = 1; threads <= 3; threads++) {
            try (SimdDevice d = new SimdDevice(threads)) {
                for (int round = 0; round < 60; round++)
                    check(d, random, TYPES[round % 3], random.nextInt(0, 20), random.nextInt(1, 130), random.nextInt(0, 40));
            }
        }
    }

    /// More than one thread, chains longer than what is packed at a time, every way through [Gemm].
    @Test void largeProducts() {
        SplittableRandom random = new SplittableRandom(8);
        try (SimdDevice d = new SimdDevice(2)) {
            for (DType type : TYPES) {
                for (int m : new int[] {1, 2, 3, 8, 9, 100}) check(d, random, type, m, 1100, 700);
                check(d, random, type, 2500, 64, 300);
                check(d, random, type, 300, 520, 520);
            }
        }
    }

    /// Rows so many that the whole weight is packed for them first, with chains that are cut and chains that are not: each is what it is alone.
    @Test void manyRowsAreEachRowAlone() {
        SplittableRandom random = new SplittableRandom(15);
        int rows = 1200;
        int columns = 300;
        try (SimdDevice d = new SimdDevice(1)) {
            for (DType type : TYPES) {
                for (int k : new int[] {701, 2100}) {
                    Matrix a = random(d, random, DType.F32, rows, k);
                    Matrix plain = random(d, random, type, columns, k);
                    Matrix packed = copy(d, plain);
                    lay(d, packed);
                    Matrix c = random(d, random, DType.F32, rows, columns);
                    Matrix alone = random(d, random, DType.F32, 1, columns);
                    for (Matrix w : new Matrix[] {plain, packed}) {
                        d.matMul().multiply(a, false, w, true, null, Accumulate.SET, c);
                        int[] all = bits(d, c);
                        for (int row : new int[] {0, 11, 600, rows - 1}) {
                            d.matMul().multiply(a.rows(row, row + 1), false, plain, true, null, Accumulate.SET, alone);
                            assertArrayEquals(bits(d, alone), Arrays.copyOfRange(all, row * columns, (row + 1) * columns),
                                    type + " " + k + " row " + row);
                        }
                    }
                    for (Matrix x : new Matrix[] {a, plain, packed, c, alone}) x.buffer().close();
                }
            }
        }
    }

    @Test void madeOnceFreedWithTheWeight() {
        SplittableRandom random = new SplittableRandom(9);
        try (SimdDevice d = new SimdDevice(2)) {
            Matrix w = random(d, random, DType.BF16, 70, 33);
            long weight = d.liveBytes();
            pack(d, w);
            long packed = d.liveBytes();
            assertTrue(packed >= 2 * weight, "a copy");
            d.prepack(w);
            Matrix a = random(d, random, DType.F32, 1, 33);
            Matrix c = random(d, random, DType.F32, 1, 70);
            long before = d.liveBytes();
            for (int i = 0; i < 2 * Packing.READINGS; i++) d.matMul().multiply(a, false, w, true, null, Accumulate.SET, c);
            assertEquals(before, d.liveBytes(), "one copy");
            w.buffer().close();
            assertEquals(before - packed, d.liveBytes(), "neither copy nor weight");
        }
    }

    /// Lanes beyond the weight are zeros, whatever lay there before.
    @Test void equalWeightsAreEqualBytes() {
        SplittableRandom random = new SplittableRandom(12);
        try (SimdDevice d = new SimdDevice(2)) {
            PackedOrder order = d.packedOrder().orElseThrow();
            for (DType type : new DType[] {DType.F32, DType.BF16}) {
                Matrix w = random(d, random, type, 2 * GemmTile.WIDTH + 3, 301);
                long length = order.length(w.rows(), w.cols());
                assertEquals(3L * GemmTile.WIDTH * 301, length);
                byte[][] bytes = new byte[2][];
                for (int i = 0; i < 2; i++) {
                    Buffer packed = d.allocate(type, length);
                    MemorySegment memory = HostBuffer.of(packed).segment().asSlice(0, length * type.bytes());
                    memory.fill((byte) (i == 0 ? 0x7F : 0x11));
                    order.pack(w, packed);
                    bytes[i] = memory.toArray(ValueLayout.JAVA_BYTE);
                    packed.close();
                }
                assertArrayEquals(bytes[0], bytes[1]);
                w.buffer().close();
            }
        }
    }

    /// What is used goes with the weight, also where a copy was promised or used before.
    @Test void usedCopiesAreFreed() {
        try (SimdDevice d = new SimdDevice(1)) {
            Matrix w = random(d, new SplittableRandom(13), DType.BF16, 70, 33);
            pack(d, w);
            for (int i = 0; i < 2; i++) lay(d, w);
            w.buffer().close();
            assertEquals(0, d.liveBytes());
        }
    }

    @Test void whatDoesNotFitIsRefused() {
        SplittableRandom random = new SplittableRandom(14);
        try (SimdDevice d = new SimdDevice(1)) {
            PackedOrder order = d.packedOrder().orElseThrow();
            Matrix w = random(d, random, DType.BF16, 40, 8);
            Matrix half = random(d, random, DType.F16, 40, 8);
            long length = order.length(40, 8);
            for (Matrix m : new Matrix[] {w, half}) {
                for (Buffer to : new Buffer[] {d.allocate(DType.F32, length), d.allocate(DType.BF16, length - 1)}) {
                    String message = assertThrows(IllegalArgumentException.class, () -> order.pack(m, to)).getMessage();
                    assertTrue(message.contains(m == half ? "panels-" : "wanted BF16[" + length + "]"), message);
                    assertThrows(IllegalArgumentException.class, () -> order.use(m, to));
                }
            }
            assertThrows(IllegalArgumentException.class, () -> order.pack(w.rows(0, 32), d.allocate(DType.BF16, order.length(32, 8))));
        }
        try (ReferenceDevice d = new ReferenceDevice()) {
            assertTrue(d.packedOrder().isEmpty());
        }
    }

    /// The device may go first: nothing is freed twice, which would end the process.
    @Test void freedWithTheDevice() {
        Matrix w;
        try (SimdDevice d = new SimdDevice(1)) {
            w = random(d, new SplittableRandom(9), DType.BF16, 70, 33);
            pack(d, w);
        }
        w.buffer().close();
    }

    /// A prompt does not pay, and a weight is packed when all weights together have been read often enough: one after the other.
    @Test void littleByLittle() {
        SplittableRandom random = new SplittableRandom(11);
        try (SimdDevice d = new SimdDevice(1)) {
            Matrix[] weights = new Matrix[4];
            for (int i = 0; i < weights.length; i++) d.prepack(weights[i] = random(d, random, DType.F32, 64, 32));
            Matrix prompt = random(d, random, DType.F32, 20, 32);
            Matrix a = random(d, random, DType.F32, 1, 32);
            Matrix c = random(d, random, DType.F32, 20, 64);
            long before = d.liveBytes();
            for (int i = 0; i < 2 * Packing.READINGS; i++) d.matMul().multiply(prompt, false, weights[0], true, null, Accumulate.SET, c);
            assertEquals(before, d.liveBytes());
            long last = before;
            int made = 0;
            for (int token = 1; token <= Packing.READINGS + weights.length; token++) {
                for (Matrix w : weights) d.matMul().multiply(a, false, w, true, null, Accumulate.SET, c.rows(0, 1));
                if (d.liveBytes() > last) made++;
                assertTrue(d.liveBytes() - last < 2 * 4 * 64 * 32 + 4096, "at most one at a time");
                last = d.liveBytes();
            }
            assertEquals(weights.length, made);
        }
    }

    /// The weight's pages in a mapped file are given back, and come again when somebody asks for them.
    @Test void mappedWeights() throws IOException {
        Path file = Files.createTempFile("packed", ".bin");
        SplittableRandom random = new SplittableRandom(10);
        try (SimdDevice d = new SimdDevice(2); Arena arena = Arena.ofShared()) {
            Matrix plain = random(d, random, DType.BF16, 300, 1000);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(HostBuffer.segment(plain).asSlice(0, 600_000).asByteBuffer());
            }
            try (FileChannel channel = FileChannel.open(file);
                    Buffer buffer = d.adopt(DType.BF16, channel.map(FileChannel.MapMode.READ_ONLY, 0, 600_000, arena))) {
                Matrix mapped = Matrix.of(buffer, 300, 1000);
                pack(d, mapped);
                Matrix a = random(d, random, DType.F32, 2, 1000);
                Matrix c = random(d, random, DType.F32, 2, 300);
                for (int again = 0; again < 2; again++)
                    same(d, plain, mapped, c, "mapped", (w, y) -> d.matMul().multiply(a, false, w, true, null, Accumulate.SET, y));
                assertEquals(-1, HostBuffer.segment(mapped).mismatch(HostBuffer.segment(plain).asSlice(0, 600_000)), "the weight itself");
            }
        } finally {
            Files.delete(file);
        }
    }
}
