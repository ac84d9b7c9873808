package lucid.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.gpu.nvidia.DriverException;
import org.junit.jupiter.api.Test;

/// Closing after a fault, when every call of the driver fails with the fault's code; and the driver's context, of which a thread has one.
class DriverTest {
    @Test void everythingIsTriedAndTheFirstErrorIsThrown() {
        DriverException first = new DriverException("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal address", "waiting for the GPU");
        List<String> done = new ArrayList<>();
        DriverException thrown = assertThrows(DriverException.class,
                () -> Driver.all(List.of(() -> done.add("a"), () -> { throw first; }, () -> done.add("b"),
                () -> { throw new DriverException("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal address", "cuMemFree"); }, () -> done.add("c"))));
        assertSame(first, thrown);
        assertEquals(List.of("a", "b", "c"), done);
        assertEquals(1, thrown.getSuppressed().length);
    }

    /// Two GPUs in one thread, taking turns: each finds its own context, and asks for it only when the other had it.
    @Test void aThreadHasTheContextOfTheGpuThatItWorksOn() throws InterruptedException {
        List<String> taken = new ArrayList<>();
        for (String gpu : List.of("a", "a", "b", "b", "a")) Driver.enter(gpu, () -> taken.add(gpu));
        Thread other = new Thread(() -> Driver.enter("a", () -> taken.add("a in another thread")));
        other.start();
        other.join();
        Driver.enter("a", () -> taken.add("again"));
        Driver.leave();
        Driver.enter("a", () -> taken.add("after it went"));
        assertThrows(IllegalStateException.class, () -> Driver.enter("b", () -> { throw new IllegalStateException("no context"); }));
        Driver.enter("a", () -> taken.add("after a failure"));
        assertEquals(List.of("a", "b", "a", "a in another thread", "after it went", "after a failure"), taken);
        Driver.leave();
    }
}
