package lucid.kernels.cuda.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import lucid.kernels.CudaDevice;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.OutOfDeviceMemoryException;
import org.junit.jupiter.api.Test;

/// Memory that is kept for later, on a GPU with little of it.
class CudaMemoryTest {
    private static final int MIB = 1 << 20;

    /// Kept memory of one size makes room for another size; a block of its own size is simply taken again.
    @Test void whatIsKeptGivesWay() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(3 * MIB); CudaMemory memory = new CudaMemory(gpu)) {
            CudaBuffer first = memory.allocate(DType.U8, 2 * MIB);
            long address = first.address();
            first.close();
            CudaBuffer again = memory.allocate(DType.U8, 2 * MIB);
            assertEquals(address, again.address());
            again.close();
            memory.allocate(DType.U8, 3 * MIB).close();
        }
    }

    /// A table that found no room is made anew when there is some: its old place went before.
    @Test void aTableThatFoundNoRoomIsMadeAnew() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(2 * MIB - 4096); CudaMemory memory = new CudaMemory(gpu)) {
            Kernels kernels = new Kernels(gpu, memory);
            int[] small = {1, 2, 3}, large = new int[MIB / 8];
            kernels.table("x", small);
            CudaBuffer used = memory.allocate(DType.U8, MIB);
            assertThrows(OutOfDeviceMemoryException.class, () -> kernels.table("x", large));
            int[] found = new int[3];
            gpu.copyOut(kernels.table("x", small), MemorySegment.ofArray(found));
            assertArrayEquals(small, found);
            used.close();
            gpu.copyOut(kernels.table("x", large), MemorySegment.ofArray(new int[large.length]));
        }
    }

    /// A kernel that is used for the first time when all memory is in use or kept finds room for its code, which the emulator keeps elsewhere: here
    /// it takes a MiB while it is loaded.
    @Test void whatIsKeptGivesWayToCode() {
        EmulatedGpu gpu = new EmulatedGpu().capacity(3 * MIB);
        gpu.texts((name, text) -> {
            gpu.free(gpu.allocate(MIB, "code of " + name));
            return text;
        });
        try (CudaDevice device = new CudaDevice(gpu)) {
            Buffer x = device.allocate(DType.F32, 1);
            device.allocate(DType.U8, 5 * MIB / 2).close();
            device.elementwise().fill(Matrix.row(x), 3);
            float[] found = new float[1];
            device.read(x, 0, found);
            assertEquals(3, found[0]);
            device.allocate(DType.U8, 5 * MIB / 2);
            assertThrows(OutOfDeviceMemoryException.class, () -> device.elementwise().scale(2, Matrix.row(x), Matrix.row(x)));
        }
    }

    /// Buffers in use stay, and the message counts them.
    @Test void whatIsInUseDoesNotGiveWay() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(3 * MIB); CudaMemory memory = new CudaMemory(gpu)) {
            CudaBuffer used = memory.allocate(DType.U8, MIB);
            memory.allocate(DType.U8, MIB / 2).close();
            String message = assertThrows(OutOfDeviceMemoryException.class, () -> memory.allocate(DType.F32, MIB)).getMessage();
            assertTrue(message.contains("F32[1048576]") && message.contains("4194304 bytes asked, 1048576 used") && message.contains("2097152 free"),
                    message);
            gpu.copyIn(used.address(), MemorySegment.ofArray(new byte[] {1}));
            used.close();
        }
    }

    /// Whatever the order in which blocks come back, the next step meets the same addresses.
    @Test void aStepMeetsTheAddressesOfTheStepBefore() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(MIB); CudaMemory memory = new CudaMemory(gpu)) {
            CudaBuffer[] first = new CudaBuffer[3];
            CudaBuffer[] second = new CudaBuffer[3];
            for (int i = 0; i < 3; i++) first[i] = memory.allocate(DType.F32, 100);
            long[] addresses = Arrays.stream(first).mapToLong(b -> b.address()).toArray();
            for (int i : new int[] {1, 0, 2}) first[i].close();
            for (int i = 0; i < 3; i++) second[i] = memory.allocate(DType.F32, 100);
            assertArrayEquals(addresses, Arrays.stream(second).mapToLong(b -> b.address()).toArray());
            for (CudaBuffer b : second) b.close();
        }
    }

    /// Sequences whose lengths are never the same: random, then ever longer.
    @Test void stepsOfEverOtherSizesHoldAtMostTwiceWhatIsUsed() {
        SplittableRandom random = new SplittableRandom(3);
        holdsAtMostTwice(_ -> random.nextInt(1, 100_000_000));
        int[] length = {0};
        holdsAtMostTwice(_ -> length[0] += 60_000);
    }

    private static void holdsAtMostTwice(IntUnaryOperator sizes) {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(1L << 40); CudaMemory memory = new CudaMemory(gpu)) {
            for (int step = 0; step < 200; step++) {
                List<CudaBuffer> open = new ArrayList<>();
                for (int i = 0; i < 8; i++) open.add(memory.allocate(DType.F32, sizes.applyAsInt(i)));
                open.forEach(CudaBuffer::close);
                // A class is at most an eighth larger than what was asked for; 64 MiB disturb nobody.
                long most = 2 * (memory.peakBytes() * 9 / 8) + 64 * MIB;
                assertTrue(memory.heldBytes() <= most, memory.heldBytes() + " held, live at most " + memory.peakBytes());
                assertEquals(0, memory.liveBytes());
            }
        }
    }

    /// A batch that just fits has no room for blocks of twice its size.
    @Test void aBufferTakesNoBlockOfAnotherClass() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(3 * MIB); CudaMemory memory = new CudaMemory(gpu)) {
            memory.allocate(DType.U8, 2 * MIB).close();
            memory.allocate(DType.U8, 3 * MIB / 2);
            memory.allocate(DType.U8, 3 * MIB / 2);
        }
    }

    /// Beyond 64 MiB at most 2 MiB are lost, not an eighth.
    @Test void aLargeBlockIsHardlyLargerThanWhatWasAsked() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(106L * MIB); CudaMemory memory = new CudaMemory(gpu)) {
            memory.allocate(DType.U8, 105L * MIB).close();
        }
    }
}
