package lucid.kernels.simd.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostMemory;
import lucid.kernels.simd.matmul.SimdMatMul;
import org.junit.jupiter.api.Test;

class NativeScratchTest {
    @Test void keepsItsMemoryUntilMoreIsWantedOrItsOwnerCloses() {
        Workers workers = new Workers(1);
        NativeScratch scratch = new NativeScratch(workers);
        assertEquals(0, workers.scratchBytes());
        Matrix first = scratch.matrix(10, 20);
        assertSame(first.buffer(), scratch.matrix(4, 50).buffer());
        assertEquals(800, workers.scratchBytes());
        assertEquals(0, scratch.floats(300).address() % 64);
        assertEquals(1200, workers.scratchBytes(), "the smaller block is given back");
        workers.close();
        assertEquals(0, workers.scratchBytes());
        workers.close();
    }

    @Test void aSecondProductTakesNoMoreThanTheFirst() {
        Workers workers = new Workers(1);
        SimdMatMul products = new SimdMatMul(workers);
        long before = workers.scratchBytes();
        try (HostMemory memory = new HostMemory("test")) {
            Matrix a = Matrix.of(memory.allocate(DType.F32, 100 * 300), 100, 300);
            Matrix b = Matrix.of(memory.allocate(DType.F32, 200 * 300), 200, 300);
            Matrix c = Matrix.of(memory.allocate(DType.F32, 100 * 200), 100, 200);
            products.multiply(a, false, b, true, null, Accumulate.SET, c);
            long held = workers.scratchBytes();
            assertTrue(held > before, held + " bytes after a product, " + before + " before it");
            products.multiply(a, false, b, true, null, Accumulate.SET, c);
            assertEquals(held, workers.scratchBytes());
        }
        workers.close();
        assertEquals(0, workers.scratchBytes());
    }
}
