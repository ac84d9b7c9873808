package lucid.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.regex.Pattern;
import lucid.grpo.console.UsageException;
import lucid.kernels.CudaDevice;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Replay;
import org.junit.jupiter.api.Test;

/// The command for a GPU, tried in the emulator, so that it does not fail for a silly reason where there is one.
class GpuBenchTest {
    private final StringWriter text = new StringWriter();

    private GpuBench bench() { return new GpuBench(EmulatedGpu::new, true, new PrintWriter(text)); }

    @Test void everyCaseRuns() {
        List<GpuBench.Row> rows = bench().run(Pattern.compile(""));
        assertEquals(GpuCases.all(true).stream().filter(c -> !c.label().equals("cublas") && !c.label().equals("cudnn")).count(), rows.size(),
                text.toString());
        assertTrue(rows.stream().allMatch(r -> r.microseconds() > 0 && r.rate() > 0 && r.share() > 0), text.toString());
        assertTrue(text.toString().contains("cublas left out: matmul CUBLAS: found emulated GPU") && text.toString()
                .contains("cudnn left out: patch embedding CUDNN: found emulated GPU") && text.toString().contains("say nothing of a GPU"),
                text.toString());
    }

    /// Where memory is kept, as a GPU does, the fourth step is graphs alone. (The first copies tables that the others find, the second is new without
    /// them, the third is recorded.)
    @Test void aStepOfDecodingBecomesGraphs() {
        EmulatedGpu gpu = new EmulatedGpu().capacity(1 << 28);
        try (CudaDevice device = new CudaDevice(gpu, Precision.TENSOR); GpuData data = new GpuData(device, gpu)) {
            GpuDecode decode = new GpuDecode(data, new GpuDecode.Sizes(2, 64, 96, 4, 2, 16, 300, 9, 6, 3));
            for (int i = 0; i < 3; i++) decode.step();
            Replay.Counts before = gpu.replayed();
            decode.step();
            assertEquals(new Replay.Counts(0, before.recordings(), 0), gpu.replayed().minus(before));
            assertTrue(before.recordings() > 0);
        }
    }

    @Test void aPatternThatFindsNothingIsRefused() {
        assertTrue(assertThrows(UsageException.class, () -> bench().run(Pattern.compile("nosuch"))).getMessage().contains("MatMul.multiply"));
    }
}
