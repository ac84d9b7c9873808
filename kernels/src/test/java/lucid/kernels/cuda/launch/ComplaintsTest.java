package lucid.kernels.cuda.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import lucid.kernels.CudaDevice;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.Replay;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is wrong with numbers on the device is said at the next read, once, and by the first call that met it.
class ComplaintsTest {
    private final Gpu gpu = TestGpu.real() ? TestGpu.open(EmulatedGpu.Settings.DEFAULT) : new EmulatedGpu().capacity(64 << 20);
    private final CudaDevice device = new CudaDevice(gpu);
    private final Buffer x = device.allocate(DType.F32, 16);
    private final Buffer y = device.allocate(DType.F32, 16);
    private final Buffer table = device.allocate(DType.F32, 12);
    private final Buffer positions = device.allocate(DType.I32, 2);
    private final Buffer ids = device.allocate(DType.I32, 2);

    ComplaintsTest() {
        device.write(x, 0, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
        device.write(y, 0, new float[16]);
        device.write(table, 0, new float[] {0.8f, 0.6f, 0.28f, 0.96f, 1, 0, 0.6f, 0.8f, 0.96f, 0.28f, 0, 1});
        device.write(positions, 0, new int[] {1, 0});
        device.write(ids, 0, new int[] {0, 1});
    }

    @AfterEach void close() { device.close(); }

    private void rotate() {
        device.rotary().rotate(Matrix.of(x, 2, 8), 4, positions, new Matrix(table, 0, 3, 2, 2), new Matrix(table, 6, 3, 2, 2), false,
                Matrix.of(y, 2, 8));
    }

    private void gather() { device.embedding().gather(ids, Matrix.of(x, 8, 2), Matrix.of(y, 2, 2)); }

    private String refused() { return assertThrows(IllegalArgumentException.class, () -> device.read(y, 0, new float[16])).getMessage(); }

    private float[] result() {
        float[] values = new float[16];
        device.read(y, 0, values);
        return values;
    }

    @Test void theFirstWrongCallIsNamedWithItsLeastRow() {
        gather();
        device.write(positions, 0, new int[] {7, -3});
        rotate();
        device.write(ids, 0, new int[] {0, 8});
        gather();
        assertEquals("rotary.rotate: positions[0] is 7; wanted 0 .. 2", refused());
        result();
        gather();
        assertEquals("embedding.gather: ids[1] is 8; wanted 0 .. 7", refused());
    }

    /// What was wrong stays wrong when the index has been repaired, or has gone, before anybody reads.
    @Test void repairsComeTooLate() {
        device.write(positions, 0, new int[] {1, -1});
        rotate();
        device.write(positions, 0, new int[] {1, 2});
        rotate();
        assertEquals("rotary.rotate: positions[1] is -1; wanted 0 .. 2", refused());
    }

    @Test void moreCallsThanWords() {
        for (int i = 0; i < 4100; i++) gather();
        device.write(ids, 0, new int[] {0, -1});
        gather();
        assertEquals("embedding.gather: ids[1] is -1; wanted 0 .. 7", refused());
        result();
    }

    @Test void aRowOfLogitsWithoutALargest() {
        try (Buffer counters = device.allocate(DType.I32, 8)) {
            device.write(counters, 0, new int[8]);
            device.write(x, 0, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, Float.NaN});
            for (Sampling.Rule rule : new Sampling.Rule[] {Sampling.Rule.GREEDY, Sampling.Rule.temperature(1)}) {
                device.sampling().sample(rule, Matrix.of(x, 2, 8), 1, counters, ids);
                String message = assertThrows(IllegalArgumentException.class, () -> device.read(ids, 0, new int[2])).getMessage();
                assertEquals("sampling.sample: the largest logit of row 1 is NaN"
                        + (rule.greedy() ? "; wanted a finite number" : ", at temperature 1.0; wanted a finite number, and finite divided by the "
                        + "temperature")
                        + " (NaN or infinity in the model, or every token masked)", message);
            }
        }
    }

    /// The same in a step that has become a graph; a right step afterwards is right, and a graph again.
    @Test void inAGraph() {
        try (Repetition repetition = device.repetition()) {
            int[][] steps = {{1, 0}, {0, 2}, {2, 2}, {0, 3}, {1, 1}, {2, 0}};
            for (int[] step : steps) {
                device.write(positions, 0, step);
                rotate();
                float[] alone = step[1] == 3 ? null : result();
                if (step[1] == 3) refused();
                device.write(y, 0, new float[16]);
                repetition.run(() -> {
                    device.write(positions, 0, step);
                    for (int i = 0; i < 4; i++) rotate();
                });
                if (alone == null) assertEquals("rotary.rotate: positions[1] is 3; wanted 0 .. 2", refused());
                else assertArrayEquals(alone, result());
            }
            assertEquals(new Replay.Counts(1, 5, 5), gpu.replayed());
        }
    }
}
