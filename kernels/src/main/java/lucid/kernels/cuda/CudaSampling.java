package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.I32;
import static lucid.kernels.contract.operand.DType.I64;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Sampling] on a GPU: the CPU's tokens and probabilities, to the bit. A row of logits goes through a few kernels that hand its weights
/// `exp(logit / temperature - maximum)` on in device memory; only what a rule asks for runs.
///
/// A row without a finite maximum gets no token, which [lucid.kernels.cuda.launch.Complaints] says later; probabilities, which may be written over
/// the logits, wait for that.
public final class CudaSampling implements Sampling {
    /// Ids whose weights are added in 16 lanes before they enter the running sum.
    private static final int BLOCK = 256;
    private static final int GRID_Y = 65535;

    private final Kernels kernels;

    public CudaSampling(Kernels kernels) { this.kernels = kernels; }

    @Override public void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids) {
        String operation = "sampling.sample";
        Arguments.sample(operation, rule, logits, counters, ids);
        if (logits.rows() == 0) return;
        try (Run run = new Run(operation, rule, logits)) {
            run.peaks(rule.greedy() ? ids : null);
            if (!rule.greedy()) {
                run.weigh();
                run.choose(key, counters, ids);
            }
        }
    }

    @Override public void probabilities(Rule rule, Matrix logits, Matrix y) {
        String operation = "sampling.probabilities";
        Arguments.probabilities(operation, rule, logits, y);
        if (logits.size() == 0) return;
        try (Run run = new Run(operation, rule, logits)) {
            Buffer chosen = rule.greedy() ? run.scratch(I32, logits.rows()) : null;
            run.peaks(chosen);
            kernels.complaints().check(); // before y is written, which may be the logits
            if (!rule.greedy()) {
                run.weigh();
                run.choose(0, null, null);
            }
            run.spread(chosen, y);
        }
    }

    /// The kernels of one call, and the memory between them.
    private final class Run implements AutoCloseable {
        private final List<CudaBuffer> open = new ArrayList<>();
        private final Rule rule;
        private final Matrix logits;
        private final int rows;
        private final int cols;
        private final float temperature;
        private final Buffer maxima;
        private final long bad;
        private Buffer weights;
        private Buffer totals;

        Run(String operation, Rule rule, Matrix logits) {
            this.rule = rule;
            this.logits = logits;
            rows = logits.rows();
            cols = logits.cols();
            temperature = rule.greedy() ? 1 : rule.temperature();
            // May complain about earlier calls, so before there is memory to give back.
            bad = kernels.complaints().word((row, value) -> Arguments.largestLogit(operation, rule, row, Float.intBitsToFloat(value)));
            maxima = scratch(F32, rows);
        }

        Buffer scratch(DType dtype, long length) {
            CudaBuffer buffer = kernels.scratch(dtype, length);
            open.add(buffer);
            return buffer;
        }

        void peaks(Buffer ids) {
            kernels.call("sampling_max_f32_sm80").view(logits).buffer(maxima).bufferOrNull(ids).u64(bad).u32(cols).f32(temperature).launch(rows, 512);
        }

        /// The weights after every filter but min-p.
        void weigh() {
            boolean topK = rule.topK() > 0 && rule.topK() < cols;
            boolean topP = rule.topP() < 1;
            long size = (long) rows * cols;
            weights = scratch(F32, size);
            Buffer scaled = topK || topP ? scratch(F32, size) : null;
            kernels.call("sampling_weigh_f32_sm80").view(logits).buffer(maxima).buffer(weights).bufferOrNull(scaled).u32(rows).u32(cols)
                    .f32(temperature)
                    .launch((cols + 255) / 256, Math.min(rows, GRID_Y), 1, 256, 0);
            if (topK) kernels.call("sampling_top_k_f32_sm80").buffer(weights).buffer(scaled).u32(cols).u32(rule.topK()).launch(rows, 512);
            if (topP) {
                kernels.call("sampling_top_p_f32_sm80").buffer(weights).buffer(scaled).buffer(maxima).buffer(scratch(I32, size))
                        .buffer(scratch(I32, size))
                        .buffer(scratch(I32, size)).buffer(scratch(I32, size)).u32(cols).f32(temperature).f64(1 - (double) rule.topP())
                                .launch(rows, 512);
            }
        }

        /// Min-p, the totals, and with `ids` the tokens.
        void choose(long key, Buffer counters, Buffer ids) {
            int blocks = (cols + BLOCK - 1) / BLOCK;
            int units = Math.multiplyExact(rows, blocks);
            Buffer sums = scratch(F32, units);
            totals = scratch(I64, rows);
            kernels.call("sampling_sums_f32_sm80").buffer(weights).buffer(sums).u32(cols).u32(blocks).u32(units).f32(rule.minP())
                    .launch((units + 15) / 16, 256);
            kernels.call("sampling_choose_f32_sm80").buffer(weights).buffer(sums).buffer(maxima).buffer(totals).bufferOrNull(counters)
                    .bufferOrNull(ids)
                    .u64(key).u32(cols).u32(blocks).f32(temperature).launch(rows, 128);
        }

        void spread(Buffer ids, Matrix y) {
            kernels.call("sampling_spread_f32_sm80").bufferOrNull(weights).bufferOrNull(totals).bufferOrNull(ids).view(y).u32(rows).u32(cols)
                    .launch((cols + 255) / 256, Math.min(rows, GRID_Y), 1, 256, 0);
        }

        @Override public void close() { open.forEach(CudaBuffer::close); }
    }

    @Override public void normal(long key, float mean, float std, Matrix y) {
        Checks.type("sampling.normal", "y", y, F32);
        if (y.size() == 0) return;
        kernels.call("sampling_normal_f32_sm80").view(y).u64(y.size()).u64(y.cols()).u64(key).f32(mean).f32(std)
                .launch((y.size() + 1023) / 1024, 256);
    }
}
