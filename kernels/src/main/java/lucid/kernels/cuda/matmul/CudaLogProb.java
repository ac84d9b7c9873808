package lucid.kernels.cuda.matmul;

import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.LogProbArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [LogProb] on a GPU. With products that are the CPU's, bit for bit the CPU's: logits exist as one chunk; forward walks the vocabulary in whole
/// blocks and carries each row's running softmax along in device memory; backward computes the same chunk again, turns it into dLogits where it lies
/// and multiplies it on. (A kernel without logits in memory would not pay there. A block's terms need the maximum of its 2048 columns first, so it
/// would hold 16 rows of them in shared memory, and a tile of 16 rows halves the speed of an f32 product, 4096 flops and 61 ps of an H200 for each
/// logit at width 2048; to write a logit and to read it twice takes 2.5 ps.)
///
/// With [CudaTensorMatMul], forward and backward are [TensorLogProb]'s, and a row has the order of `logprob_strips` everywhere.
///
/// Targets stay on the device: a kernel looks at them, and what is wrong with one [lucid.kernels.cuda.launch.Complaints] says later. To the others it
/// is a token that no chunk holds.
public final class CudaLogProb implements LogProb {
    /// Logits in a chunk: 128 MiB, enough rows and columns for products at full speed.
    private static final int CHUNK = 1 << 25;
    private static final int ROWS = CHUNK / VOCAB_BLOCK;

    private final Kernels kernels;
    private final MatMul products;
    private final Elementwise elements;
    private final int chunk;
    /// Null where products are not this package's on tensor cores.
    private final TensorLogProb tensor;

    public CudaLogProb(Kernels kernels, MatMul products, Elementwise elements) { this(kernels, products, elements, CHUNK); }

    /// @param chunk logits in a chunk; shows in no bit
    public CudaLogProb(Kernels kernels, MatMul products, Elementwise elements, int chunk) {
        this.kernels = kernels;
        this.products = products;
        this.elements = elements;
        this.chunk = chunk;
        this.tensor = products instanceof CudaTensorMatMul factors ? new TensorLogProb(kernels, factors, chunk) : null;
    }

    @Override public void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse,
            Buffer top) {
        String operation = "logProb.forward";
        LogProbArguments.forward(operation, hidden, head, targets, temperature, logProb, entropy, lse, top);
        targets(operation, targets, head.rows(), false);
        if (hidden.rows() == 0) return;
        if (tensor != null) {
            softmax(hidden, head, targets, temperature, logProb, entropy, lse, top);
            return;
        }
        int most = Math.min(ROWS, Math.max(1, chunk / VOCAB_BLOCK));
        for (int r = 0; r < hidden.rows(); r += most) {
            Matrix rows = hidden.rows(r, Math.min(hidden.rows(), r + most));
            int columns = Math.max(1, chunk / rows.rows() / VOCAB_BLOCK) * VOCAB_BLOCK;
            Softmax softmax = new Softmax(rows.rows(), r, targets, temperature, logProb, entropy, lse, null, top);
            try (CudaBuffer logits = kernels.scratch(F32, (long) rows.rows() * Math.min(columns, head.rows()));
                    CudaBuffer state = kernels.scratch(F32, 4L * rows.rows())) {
                for (int v = 0; v < head.rows(); v += columns) {
                    Matrix part = head.rows(v, Math.min(head.rows(), v + columns));
                    Matrix x = Matrix.of(logits, rows.rows(), part.rows());
                    products.multiply(rows, false, part, true, null, Accumulate.SET, x);
                    softmax.absorb(x, v, state, v + part.rows() == head.rows());
                }
            }
        }
    }

    private void softmax(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse, Buffer top) {
        int rows = hidden.rows();
        int blocks = blocks(head.rows());
        try (CudaBuffer partial = kernels.scratch(F32, 3L * rows * blocks); CudaBuffer state = kernels.scratch(F32, 4L * rows)) {
            // For a target outside the vocabulary, of which only the next read will say that it is one.
            elements.fill(Matrix.of(state, 4, rows), 0);
            tensor.forward(hidden, head, targets, temperature, partial, state);
            // No chunk of logits: the state holds the target's.
            new Softmax(rows, 0, targets, temperature, logProb, entropy, lse, null, top).merge(partial, blocks, null, 0, state, false, true);
        }
    }

    private static int blocks(int columns) { return (columns + VOCAB_BLOCK - 1) / VOCAB_BLOCK; }

    @Override public void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        String operation = "logProb.ofLogits";
        LogProbArguments.ofLogits(operation, logits, targets, temperature, logProb, entropy, lse);
        targets(operation, targets, logits.cols(), false);
        if (logits.rows() == 0) return;
        new Softmax(logits.rows(), 0, targets, temperature, logProb, entropy, lse, null, null).absorb(logits, 0, null, true);
    }

    /// The running softmax of rows `firstRow .. firstRow + rows`, and where its results go; an output may be null.
    private final class Softmax {
        private final int rows;
        private final int firstRow;
        private final Buffer targets;
        private final float temperature;
        private final Buffer[] outputs;

        Softmax(int rows, int firstRow, Buffer targets, float temperature, Buffer... outputs) {
            this.rows = rows;
            this.firstRow = firstRow;
            this.targets = targets;
            this.temperature = temperature;
            this.outputs = outputs;
        }

        /// Takes the logits of vocabulary entries `first` on, a multiple of the block; `state` carries on from chunk to chunk.
        void absorb(Matrix logits, int first, Buffer state, boolean last) {
            int blocks = blocks(logits.cols());
            int units = Math.multiplyExact(rows, blocks);
            try (CudaBuffer partial = kernels.scratch(F32, 3L * units)) {
                if (units > 0) {
                    int inBlock = tensor == null ? 16 : 8;
                    kernels.call(tensor == null ? "logprob_blocks_f32_sm80" : "logprob_strips_f32_sm80").view(logits).buffer(partial).u32(rows)
                            .u32(logits.cols()).u32(blocks)
                            .u32(units).f32(temperature).launch((units + inBlock - 1) / inBlock, 256);
                }
                merge(partial, blocks, logits, first, state, first == 0, last);
            }
        }

        /// Goes on from the state unless this is the `start`; `logits` may be null where the state holds the target's.
        void merge(Buffer partial, int blocks, Matrix logits, int first, Buffer state, boolean start, boolean last) {
            Kernels.Launching merge = kernels.call("logprob_merge_f32_sm80").buffer(partial).bufferOrNull(state).viewOrNull(logits)
                    .u64(CudaBuffer.address(targets) + 4L * firstRow);
            for (Buffer out : outputs) merge.u64(out == null ? 0 : CudaBuffer.address(out) + 4L * firstRow);
            merge.u32(rows).u32(logits == null ? 0 : logits.cols()).u32(blocks).u32(first).u32(start ? 1 : 0).u32(last ? 1 : 0).f32(temperature)
                    .launch((rows + 127) / 128, 128);
        }
    }

    @Override public void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups,
            Accumulate mode,
                                   Matrix dHidden, Matrix dHead) {
        String operation = "logProb.backward";
        LogProbArguments.backward(operation, hidden, head, targets, temperature, lse, dLogProb, groups, mode, dHidden, dHead);
        targets(operation, targets, head.rows(), false);
        int rows = hidden.rows();
        if (rows == 0) return;
        boolean aside = dHidden != null && mode == Accumulate.ADD;
        try (CudaBuffer own = kernels.scratch(F32, aside ? hidden.size() : 0)) {
            Matrix sum = aside ? Matrix.of(own, rows, hidden.cols()) : dHidden;
            if (tensor != null) tensor.backward(hidden, head, targets, temperature, lse, dLogProb, groups, sum, dHead);
            else backward(hidden, head, targets, temperature, lse, dLogProb, groups, sum, dHead);
            if (aside) elements.binary(Elementwise.Binary.ADD, dHidden, sum, dHidden);
        }
    }

    private void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Matrix sum,
            Matrix dHead) {
        int rows = hidden.rows();
        // A group's chain must see all its rows in one call, so chunks divide the vocabulary and never the rows.
        int columns = Math.min(head.rows(), Math.max(64, chunk / rows / 64 * 64));
        try (CudaBuffer logits = kernels.scratch(F32, (long) rows * columns)) {
            for (int v = 0; v < head.rows(); v += columns) {
                Matrix part = head.rows(v, Math.min(head.rows(), v + columns));
                Matrix x = Matrix.of(logits, rows, part.rows());
                products.multiply(hidden, false, part, true, null, Accumulate.SET, x);
                gradient(x, targets, lse, dLogProb, v, false, false, temperature, x);
                if (sum != null && v == 0) products.multiply(x, false, part, false, null, Accumulate.SET, sum);
                else if (sum != null) products.multiplyContinue(x, false, part, false, sum);
                if (dHead != null) products.gradWeight(x, hidden, groups, dHead.rows(v, v + part.rows()));
            }
        }
    }

    private void gradient(Matrix logits, Buffer targets, Buffer lse, Buffer coefficient, int first, boolean add, boolean negate,
            float temperature, Matrix y) {
        if (logits.size() == 0) return;
        kernels.call("logprob_gradient_f32_sm80").view(logits).view(y).buffer(targets).buffer(lse).buffer(coefficient)
                .u32(logits.rows()).u32(logits.cols()).u32(first).u32(add ? 1 : 0).u32(negate ? 1 : 0).f32(temperature)
                .launch(Math.min(64, (logits.cols() + 255) / 256), Math.min(logits.rows(), 65535), 1, 256, 0);
    }

    @Override public void ratio(ClippedLoss settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio,
            Buffer kl, Buffer loss,
                                Buffer coefficient) {
        int n = LogProbArguments.ratio("logProb.ratio", settings, logProb, old, reference, advantage, weight, ratio, kl, loss, coefficient);
        if (n == 0) return;
        Kernels.Launching call = kernels.call("logprob_ratio_f32_sm80").buffer(logProb).buffer(old).bufferOrNull(reference).buffer(advantage)
                .buffer(weight)
                .buffer(ratio).buffer(kl).buffer(loss).buffer(coefficient);
        call.u32(n).f32(1 - settings.epsilonLow()).f32(1 + settings.epsilonHigh()).f32(settings.ratioCap()).f32(settings.beta())
                .f32(settings.klClamp()).u32(settings.ratioGiven() ? 1 : 0).u32(settings.surrogate() == Surrogate.CISPO ? 1 : 0)
                .u32(settings.klTimesRatio() ? 1 : 0).launch((n + 255) / 256, 256);
    }

    @Override public void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse) {
        String operation = "logProb.crossEntropy";
        LogProbArguments.crossEntropy(operation, logits, targets, loss, lse);
        targets(operation, targets, logits.cols(), true);
        if (logits.rows() == 0) return;
        new Softmax(logits.rows(), 0, targets, 1, null, null, lse, loss, null).absorb(logits, 0, null, true);
    }

    @Override public void crossEntropyBackward(Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode, Matrix dLogits) {
        String operation = "logProb.crossEntropy backward";
        LogProbArguments.crossEntropyBackward(operation, logits, targets, lse, dLoss, mode, dLogits);
        targets(operation, targets, logits.cols(), true);
        gradient(logits, targets, lse, dLoss, 0, mode == Accumulate.ADD, true, 1, dLogits);
    }

    private void targets(String operation, Buffer targets, int vocabulary, boolean mayIgnore) {
        kernels.complaints().lookAt(kernels, operation, "targets", targets, vocabulary, mayIgnore ? IGNORED : null);
    }
}
