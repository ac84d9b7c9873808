package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Runs a family's cases in the emulator under two schedules and timings, or once on hardware ([TestGpu]): the CPU's bits, no finding, nothing left
/// in the device's memory. One of the two is a card of which a block has little shared memory, so every kernel must fit there or be refused in words.
abstract class BitTest {
    private final List<BitCase> cases;
    private final List<EmulatedGpu.Settings> settings;

    BitTest(List<BitCase> cases) { this(cases, 89); }

    /// @param second compute capability of the second card
    BitTest(List<BitCase> cases, int second) {
        this.cases = cases;
        this.settings = List.of(new EmulatedGpu.Settings(90, Schedule.ROUND_ROBIN, Timing.LATE, 1, 2),
                new EmulatedGpu.Settings(second, Schedule.RANDOM, Timing.RANDOM, 2, 2));
    }

    @TestFactory Stream<DynamicTest> sameBitsAsTheCpu() {
        return cases.stream().flatMap(c -> settings.stream().limit(TestGpu.real() ? 1 : settings.size())
                .map(s -> DynamicTest.dynamicTest(c.name() + ", " + (TestGpu.real() ? "hardware" : s.schedule()), () -> run(c, s))));
    }

    private static void run(BitCase c, EmulatedGpu.Settings settings) {
        Bits bits = new Bits(TestGpu.open(settings));
        try (bits) {
            c.body().accept(bits);
        }
        assertEquals(0, bits.gpu.liveBytes(), "bytes that are still held");
    }
}
