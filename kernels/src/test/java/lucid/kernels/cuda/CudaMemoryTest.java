package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.DType;
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

    /// Buffers in use stay, and the message counts them.
    @Test void whatIsInUseDoesNotGiveWay() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(3 * MIB); CudaMemory memory = new CudaMemory(gpu)) {
            CudaBuffer used = memory.allocate(DType.U8, MIB);
            memory.allocate(DType.U8, MIB / 2).close();
            String message = assertThrows(OutOfDeviceMemoryException.class, () -> memory.allocate(DType.F32, MIB)).getMessage();
            assertTrue(message.contains("F32[1048576]") && message.contains("4194304 bytes asked, 1048576 used") && message.contains("2097152 free"), message);
            gpu.copyIn(used.address(), MemorySegment.ofArray(new byte[] {1}));
            used.close();
        }
    }

    /// A recording that fails gives its memory back.
    @Test void aFailedRecordingKeepsNothing() {
        try (EmulatedGpu gpu = new EmulatedGpu().capacity(MIB); CudaMemory memory = new CudaMemory(gpu)) {
            assertThrows(IllegalStateException.class, () -> gpu.record(() -> {
                memory.allocate(DType.U8, MIB).close();
                throw new IllegalStateException("stopped");
            }));
            memory.allocate(DType.U8, MIB).close();
        }
    }
}
