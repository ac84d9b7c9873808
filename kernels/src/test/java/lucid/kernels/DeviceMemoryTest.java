package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is the same on every device about memory: what a closed device refuses, and where buffers end.
class DeviceMemoryTest {
    static Stream<Device> devices() {
        return Stream.of(new ReferenceDevice(), new SimdDevice(2), new CudaDevice(TestGpu.open(EmulatedGpu.Settings.DEFAULT)));
    }

    @ParameterizedTest @MethodSource("devices")
    void aClosedDeviceRefusesEverythingButClosing(Device device) {
        Buffer pooled = device.allocate(DType.F32, 4);
        pooled.close();
        Buffer open = device.allocate(DType.F32, 100);
        device.write(open, 0, new float[100]);
        device.close();
        refused("F32[4]", () -> device.allocate(DType.F32, 4));
        refused("F32[100]", () -> device.write(open, 0, new float[1]));
        refused("F32[100]", () -> device.read(open, 0, new float[1]));
        refused("F32[100]", () -> device.elementwise().fill(Matrix.row(open), 1));
        open.close();
        assertEquals(0, device.liveBytes());
        assertThrows(IllegalStateException.class, open::close, "a buffer is closed once");
        device.close();
    }

    private static void refused(String what, Executable call) {
        String message = assertThrows(IllegalStateException.class, call).getMessage();
        assertTrue(message.contains(what) && message.contains("device") && message.contains("was closed; wanted an open one"), message);
    }

    static Stream<Device> processors() { return devices().filter(device -> device instanceof HostDevice); }

    @ParameterizedTest @MethodSource("processors")
    void memoryThatTheSystemDoesNotHaveIsRefused(Device device) {
        try (device) {
            long length = 1L << 46;
            String message = assertThrows(IllegalStateException.class, () -> device.allocate(DType.F32, length)).getMessage();
            assertEquals("no memory for F32[" + length + "] (" + 4 * length + " bytes); 0 bytes are live, 0 held. Use a smaller batch", message);
            device.allocate(DType.F32, 4).close();
        }
    }

    @ParameterizedTest @MethodSource("devices")
    void adoptsWholeElementsOnly(Device device) {
        try (device; Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(10, 8);
            String message = assertThrows(IllegalArgumentException.class, () -> device.adopt(DType.F32, memory)).getMessage();
            assertEquals("adopt: 10 bytes as F32; wanted a multiple of 4 bytes", message);
            try (Buffer halves = device.adopt(DType.BF16, memory)) {
                assertEquals(5, halves.length());
            }
        }
    }

    @ParameterizedTest @MethodSource("devices")
    void anOffsetBeyondEveryBufferIsRefused(Device device) {
        try (device; Buffer buffer = device.allocate(DType.F32, 4)) {
            for (long offset : new long[] {-1, 3, Long.MAX_VALUE / 4, 1L << 62, Long.MAX_VALUE}) {
                assertThrows(IndexOutOfBoundsException.class, () -> device.write(buffer, offset, new float[2]), () -> "write at " + offset);
                assertThrows(IndexOutOfBoundsException.class, () -> device.read(buffer, offset, new float[2]), () -> "read at " + offset);
            }
            device.write(buffer, 2, new float[] {1, 2});
            float[] end = new float[2];
            device.read(buffer, 2, end);
            assertArrayEquals(new float[] {1, 2}, end);
        }
    }
}
