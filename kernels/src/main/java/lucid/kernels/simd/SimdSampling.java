package lucid.kernels.simd;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.math.NormalNumbers;
import lucid.kernels.math.Philox;
import lucid.kernels.simd.rows.SamplingRow;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// Rows are dealt to the workers; what happens to a row is in [SamplingRow]. See [Sampling].
public final class SimdSampling implements Sampling {
    private static final int NONE = Integer.MAX_VALUE;

    private final Workers workers;
    private final SamplingRow[] scratch;
    private final int[][] words;

    public SimdSampling(Workers workers) {
        this.workers = workers;
        scratch = new SamplingRow[workers.threads()];
        words = new int[workers.threads()][4];
        for (int i = 0; i < scratch.length; i++) scratch[i] = new SamplingRow();
    }

    @Override public void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids) {
        String operation = "sampling.sample";
        Arguments.sample(operation, rule, logits, counters, ids);
        MemorySegment cs = HostBuffer.of(counters).segment();
        MemorySegment is = HostBuffer.of(ids).segment();
        MemorySegment xs = HostBuffer.segment(logits);
        int n = logits.cols();
        rows(operation, rule, logits, (r, thread) -> {
            long xo = at(logits, r, 0);
            int id;
            if (rule.greedy()) {
                id = argMax(xs, xo, n);
            } else {
                SamplingRow row = scratch[thread];
                int[] out = words[thread];
                Philox.words(key, word(cs, r, 0), word(cs, r, 1), word(cs, r, 2), word(cs, r, 3), out);
                id = row.weigh(rule, xs, xo, n) ? row.choose(Philox.drawing(out[0])) : -1;
            }
            if (id >= 0) is.setAtIndex(ValueLayout.JAVA_INT, r, id);
            return id >= 0;
        });
    }

    private static int word(MemorySegment counters, int row, int i) { return counters.getAtIndex(ValueLayout.JAVA_INT, 4L * row + i); }

    @Override public void probabilities(Rule rule, Matrix logits, Matrix y) {
        String operation = "sampling.probabilities";
        Arguments.probabilities(operation, rule, logits, y);
        if (logits.cols() == 0) return;
        MemorySegment xs = HostBuffer.segment(logits);
        MemorySegment ys = HostBuffer.segment(y);
        int n = logits.cols();
        rows(operation, rule, logits, (r, thread) -> {
            long xo = at(logits, r, 0);
            long yo = at(y, r, 0);
            if (!rule.greedy()) {
                SamplingRow row = scratch[thread];
                boolean known = row.weigh(rule, xs, xo, n);
                if (known) row.probabilities(ys, yo);
                return known;
            }
            int id = argMax(xs, xo, n);
            if (id < 0) return false;
            ys.asSlice(yo, 4L * n).fill((byte) 0);
            ys.set(ValueLayout.JAVA_FLOAT, yo + 4L * id, 1f);
            return true;
        });
    }

    @FunctionalInterface
    private interface Row {
        /// False if the row's logits have no finite maximum.
        boolean run(int row, int thread);
    }

    private void rows(String operation, Rule rule, Matrix logits, Row body) {
        AtomicInteger bad = new AtomicInteger(NONE);
        workers.parallel(logits.rows(), Strips.grain(logits.cols()), (from, to, thread) -> {
            for (int r = from; r < to; r++) {
                if (!body.run(r, thread)) bad.accumulateAndGet(r, Math::min);
            }
        });
        int row = bad.get();
        if (row != NONE) Arguments.largestLogit(operation, rule, row, Lanes.max(HostBuffer.segment(logits), at(logits, row, 0), logits.cols()));
    }

    /// The lowest id of the largest logit; -1 if that is not finite.
    private static int argMax(MemorySegment x, long xo, int n) {
        float max = Lanes.max(x, xo, n);
        if (!Rule.GREEDY.possible(max)) return -1;
        for (int id = 0; ; id++, xo += 4) {
            if (x.get(ValueLayout.JAVA_FLOAT, xo) == max) return id;
        }
    }

    @Override public void normal(long key, float mean, float std, Matrix y) {
        Checks.type("sampling.normal", "y", y, F32);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, y.rows(), y.cols(), y.isDense(),
                (r, c, n, _) -> NormalNumbers.fill(key, mean, std, r * y.cols() + c, ys, at(y, r, c), n));
    }
}
