package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Runs a family's cases in the emulator under two schedules and timings, or once on hardware ([TestGpu]): the CPU's bits, no finding, nothing left in the device's memory.
abstract class BitTest {
    private static final List<EmulatedGpu.Settings> SETTINGS = List.of(new EmulatedGpu.Settings(90, Schedule.ROUND_ROBIN, Timing.LATE, 1, 2),
            new EmulatedGpu.Settings(80, Schedule.RANDOM, Timing.RANDOM, 2, 2));

    private final List<BitCase> cases;

    BitTest(List<BitCase> cases) { this.cases = cases; }

    @TestFactory Stream<DynamicTest> sameBitsAsTheCpu() {
        return cases.stream().flatMap(c -> SETTINGS.stream().limit(TestGpu.real() ? 1 : SETTINGS.size()).map(s -> DynamicTest.dynamicTest(c.name() + ", " + (TestGpu.real() ? "hardware" : s.schedule()), () -> run(c, s))));
    }

    private static void run(BitCase c, EmulatedGpu.Settings settings) {
        Bits bits = new Bits(TestGpu.open(settings));
        try (bits) {
            c.body().accept(bits);
        }
        assertEquals(0, bits.gpu.liveBytes(), "bytes that are still held");
    }
}
