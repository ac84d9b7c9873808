package lucid.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.check.LogProbArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.matmul.SimdMatMul;
import lucid.kernels.simd.rows.BinaryLoops;
import lucid.kernels.simd.rows.SoftmaxGradient;
import lucid.kernels.simd.rows.SoftmaxRows;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.work.Grain;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// See [LogProb]. Logits exist as one chunk of at most [#CHUNK] values (or one column block of all rows): forward walks the vocabulary in whole
/// blocks and carries each row's running softmax along; backward computes the same chunk again, turns it into dLogits where it lies and multiplies it
/// on.
public final class SimdLogProb implements LogProb {
    /// Logits in a chunk: 16 MiB.
    private static final int CHUNK = 1 << 22;
    /// Rows that share one pass over the head, so that a chunk of whole vocabulary blocks fits.
    private static final int ROWS = CHUNK / VOCAB_BLOCK;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final Workers workers;
    private final SimdMatMul products;
    private final SoftmaxRows softmax;
    private final NativeScratch logits;
    private final NativeScratch gradient;

    public SimdLogProb(Workers workers, SimdMatMul products) {
        this.workers = workers;
        this.products = products;
        softmax = new SoftmaxRows(workers.threads());
        logits = new NativeScratch(workers);
        gradient = new NativeScratch(workers);
    }

    @Override public void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse,
            Buffer top) {
        String operation = "logProb.forward";
        LogProbArguments.forward(operation, hidden, head, targets, temperature, logProb, entropy, lse, top);
        int[] target = targets(operation, targets, head.rows(), false);
        Outputs out = new Outputs(logProb, entropy, lse, top);
        for (int r = 0; r < hidden.rows(); r += ROWS) {
            Matrix rows = hidden.rows(r, Math.min(hidden.rows(), r + ROWS));
            int columns = CHUNK / rows.rows() / VOCAB_BLOCK * VOCAB_BLOCK;
            softmax.begin(rows.rows(), temperature);
            for (int v = 0; v < head.rows(); v += columns) {
                Matrix part = head.rows(v, Math.min(head.rows(), v + columns));
                Matrix chunk = logits.matrix(rows.rows(), part.rows());
                products.multiply(rows, false, part, true, null, Accumulate.SET, chunk);
                absorb(chunk, v, target, r);
            }
            for (int i = 0; i < rows.rows(); i++) out.write(i, r + i);
        }
    }

    @Override public void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        String operation = "logProb.ofLogits";
        LogProbArguments.ofLogits(operation, logits, targets, temperature, logProb, entropy, lse);
        int[] target = targets(operation, targets, logits.cols(), false);
        Outputs out = new Outputs(logProb, entropy, lse, null);
        softmax.begin(logits.rows(), temperature);
        absorb(logits, 0, target, 0);
        for (int r = 0; r < logits.rows(); r++) out.write(r, r);
    }

    /// Feeds logits of columns `first` on to the running softmax; the chunk's row 0 has target `target[firstRow]`.
    private void absorb(Matrix chunk, int first, int[] target, int firstRow) {
        MemorySegment memory = HostBuffer.segment(chunk);
        long at = HostBuffer.byteOffset(chunk);
        workers.parallel(chunk.rows(), Grain.rows(chunk.cols()), (from, to, thread) -> {
            for (int r = from; r < to; r++) softmax.absorb(r, memory, at + r * chunk.stride() * 4, first, chunk.cols(), target[firstRow + r], thread);
        });
    }

    /// Where log-probability, entropy and lse of a row go, and whether its target is the likeliest token (null: nowhere).
    private final class Outputs {
        private final MemorySegment logProb;
        private final MemorySegment entropy;
        private final MemorySegment lse;
        private final MemorySegment top;

        Outputs(Buffer logProb, Buffer entropy, Buffer lse, Buffer top) {
            this.logProb = memory(logProb);
            this.entropy = memory(entropy);
            this.lse = memory(lse);
            this.top = top == null ? null : memory(top);
        }

        void write(int from, int row) {
            float total = softmax.lse(from);
            logProb.set(FLOAT, 4L * row, softmax.target(from) - total);
            entropy.set(FLOAT, 4L * row, softmax.entropy(from));
            lse.set(FLOAT, 4L * row, total);
            if (top != null) top.set(FLOAT, 4L * row, softmax.target(from) >= softmax.max(from) ? 1 : 0);
        }
    }

    @Override public void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups,
            Accumulate mode,
                                   Matrix dHidden, Matrix dHead) {
        String operation = "logProb.backward";
        LogProbArguments.backward(operation, hidden, head, targets, temperature, lse, dLogProb, groups, mode, dHidden, dHead);
        int[] target = targets(operation, targets, head.rows(), false);
        int rows = hidden.rows();
        if (rows == 0) return;
        Matrix sum = dHidden == null || mode == Accumulate.SET ? dHidden : gradient.matrix(rows, hidden.cols());
        // A group's chain must see all its rows in one call, so chunks divide the vocabulary and never the rows.
        int columns = Math.max(2 * Lanes.COUNT, CHUNK / rows / Lanes.COUNT * Lanes.COUNT);
        for (int v = 0; v < head.rows(); v += columns) {
            Matrix part = head.rows(v, Math.min(head.rows(), v + columns));
            Matrix chunk = logits.matrix(rows, part.rows());
            products.multiply(hidden, false, part, true, null, Accumulate.SET, chunk);
            differentiate(chunk, v, target, temperature, HostBuffer.of(lse).segment(), HostBuffer.of(dLogProb).segment());
            if (sum != null && v == 0) products.multiply(chunk, false, part, false, null, Accumulate.SET, sum);
            else if (sum != null) products.multiplyContinue(chunk, false, part, false, sum);
            if (dHead != null) products.gradWeight(chunk, hidden, groups, dHead.rows(v, v + part.rows()));
        }
        if (sum != dHidden) add(sum, dHidden);
    }

    /// Logits of columns `first` on become `dLogits = c / temperature · (onehot(target) - softmax)`, in place.
    private void differentiate(Matrix chunk, int first, int[] target, float temperature, MemorySegment lse, MemorySegment dLogProb) {
        MemorySegment memory = HostBuffer.segment(chunk);
        workers.parallel(chunk.rows(), Grain.rows(chunk.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long at = r * chunk.stride() * 4;
                float c = dLogProb.get(FLOAT, 4L * r) / temperature;
                SoftmaxGradient.row(memory, at, chunk.cols(), target[r] - first, temperature, lse.get(FLOAT, 4L * r), c, memory, at, false);
            }
        });
    }

    private void add(Matrix from, Matrix to) {
        MemorySegment source = HostBuffer.segment(from);
        MemorySegment sink = HostBuffer.segment(to);
        long base = HostBuffer.byteOffset(to);
        workers.parallel(to.rows(), Grain.rows(to.cols()), (first, last, _) -> {
            for (int r = first; r < last; r++) {
                long at = base + r * to.stride() * 4;
                BinaryLoops.run(Binary.ADD, sink, at, source, r * from.stride() * 4, sink, at, to.cols());
            }
        });
    }

    @Override public void ratio(ClippedLoss settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio,
            Buffer kl, Buffer loss, Buffer coefficient) {
        int rows = LogProbArguments.ratio("logProb.ratio", settings, logProb, old, reference, advantage, weight, ratio, kl, loss, coefficient);
        MemorySegment ref = reference == null ? null : HostBuffer.of(reference).segment();
        PolicyTerms.Rows x = new PolicyTerms.Rows(memory(logProb), memory(old), ref, memory(advantage), memory(weight), memory(ratio), memory(kl),
                memory(loss), memory(coefficient));
        PolicyTerms terms = new PolicyTerms(settings);
        workers.parallel(rows, Grain.rows(16), (from, to, _) -> terms.run(x, from, to));
    }

    @Override public void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse) {
        String operation = "logProb.crossEntropy";
        LogProbArguments.crossEntropy(operation, logits, targets, loss, lse);
        int[] target = targets(operation, targets, logits.cols(), true);
        softmax.begin(logits.rows(), 1);
        absorb(logits, 0, target, 0);
        for (int r = 0; r < logits.rows(); r++) {
            float total = softmax.lse(r);
            HostBuffer.of(lse).segment().set(FLOAT, 4L * r, total);
            HostBuffer.of(loss).segment().set(FLOAT, 4L * r, target[r] == IGNORED ? 0 : total - softmax.target(r));
        }
    }

    @Override public void crossEntropyBackward(Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode, Matrix dLogits) {
        String operation = "logProb.crossEntropy backward";
        LogProbArguments.crossEntropyBackward(operation, logits, targets, lse, dLoss, mode, dLogits);
        int[] target = targets(operation, targets, logits.cols(), true);
        MemorySegment x = HostBuffer.segment(logits);
        MemorySegment out = HostBuffer.segment(dLogits);
        MemorySegment sums = HostBuffer.of(lse).segment();
        MemorySegment c = HostBuffer.of(dLoss).segment();
        boolean add = mode == Accumulate.ADD;
        workers.parallel(logits.rows(), Grain.rows(logits.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long a = HostBuffer.byteOffset(logits) + r * logits.stride() * 4;
                long b = HostBuffer.byteOffset(dLogits) + r * dLogits.stride() * 4;
                if (target[r] != IGNORED)
                    SoftmaxGradient.row(x, a, logits.cols(), target[r], 1, sums.get(FLOAT, 4L * r), -c.get(FLOAT, 4L * r), out, b, add);
                else if (!add) out.asSlice(b, 4L * logits.cols()).fill((byte) 0);
            }
        });
    }

    private static MemorySegment memory(Buffer b) { return HostBuffer.of(b).segment(); }

    private static int[] targets(String operation, Buffer targets, int vocabulary, boolean mayIgnore) {
        int[] values = memory(targets).asSlice(0, 4L * targets.length()).toArray(ValueLayout.JAVA_INT);
        LogProbArguments.targets(operation, values, vocabulary, mayIgnore);
        return values;
    }
}
