package lucid.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import lucid.kernels.gpu.EmulatedGpu;
import org.junit.jupiter.api.Test;

/// The command for a GPU, tried in the emulator, so that it does not fail for a silly reason where there is one.
class GpuBenchTest {
    private final StringWriter text = new StringWriter();

    private GpuBench bench() { return new GpuBench(EmulatedGpu::new, true, new PrintWriter(text)); }

    @Test void everyCaseRuns() {
        List<GpuBench.Row> rows = bench().run("");
        assertEquals(GpuCases.all(true).stream().filter(c -> c.precision() != lucid.kernels.cuda.Precision.CUBLAS).count(), rows.size(), text.toString());
        assertTrue(rows.stream().allMatch(r -> r.microseconds() > 0 && r.rate() > 0 && r.share() > 0), text.toString());
        assertTrue(text.toString().contains("CUBLAS left out: matmul CUBLAS: found emulated GPU") && text.toString().contains("say nothing of a GPU"), text.toString());
    }

    @Test void aPatternThatFindsNothingIsRefused() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> bench().run("nosuch")).getMessage().contains("MatMul.multiply"));
    }
}
