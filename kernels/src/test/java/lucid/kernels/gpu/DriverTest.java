package lucid.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Closing after a fault, when every call of the driver fails with the fault's code.
class DriverTest {
    @Test void everythingIsTriedAndTheFirstErrorIsThrown() {
        DriverException first = new DriverException("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal address", "waiting for the GPU");
        List<String> done = new ArrayList<>();
        DriverException thrown = assertThrows(DriverException.class, () -> Driver.all(List.of(() -> done.add("a"), () -> { throw first; }, () -> done.add("b"),
                () -> { throw new DriverException("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal address", "cuMemFree"); }, () -> done.add("c"))));
        assertSame(first, thrown);
        assertEquals(List.of("a", "b", "c"), done);
        assertEquals(1, thrown.getSuppressed().length);
    }
}
