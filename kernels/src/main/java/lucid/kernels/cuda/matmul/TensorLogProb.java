package lucid.kernels.cuda.matmul;

import static lucid.kernels.contract.operand.DType.BF16;

import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.Bf16Factor;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// Log-probabilities from hidden states on tensor cores. Forward: one kernel reduces the logits in its registers to the softmax of every block of the
/// vocabulary; logits never exist. Backward: a chunk of dLogits is made by one kernel from the product computed again, in bf16, which is what the two
/// products with it take.
///
/// Its logits have the bits of [CudaTensorMatMul]'s, its sums the order of `logprob_strips`: [LogProb#ofLogits] of a sampler's logits gives the same
/// bits.
final class TensorLogProb {
    private final Kernels kernels;
    private final CudaTensorMatMul products;
    private final int chunk;

    /// @param chunk dLogits, or rounded weights, in a chunk are twice as many; shows in no bit
    TensorLogProb(Kernels kernels, CudaTensorMatMul products, int chunk) {
        this.kernels = kernels;
        this.products = products;
        this.chunk = chunk;
    }

    /// @param partial `f32[blocks][3][rows]`: maximum, sum and weighted sum of every vocabulary block
    /// @param state   `f32[4][rows]`: nothing yet, and the target's logit / temperature
    void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, CudaBuffer partial, CudaBuffer state) {
        int rows = hidden.rows();
        int columns = Math.max(1, 2 * chunk / Math.max(1, head.cols()) / LogProb.VOCAB_BLOCK) * LogProb.VOCAB_BLOCK;
        try (Bf16Factor a = products.factor(hidden)) {
            for (int v = 0; v < head.rows(); v += Math.min(columns, head.rows() - v)) {
                // A head that is bf16 already is no copy, so it needs no chunks.
                try (Bf16Factor all = head.dtype() == BF16 ? products.factor(head)
                        : products.factor(head.rows(v, Math.min(head.rows(), v + columns)))) {
                    Matrix b = all.view();
                    long at = partial.address() + 12L * rows * (v / LogProb.VOCAB_BLOCK);
                    int blocks = tiles(b.rows(), LogProb.VOCAB_BLOCK);
                    Kernels.Launching call = factors("forward", a.view(), b).buffer(targets).u64(at).buffer(state);
                    launch(call.u32(rows).u32(b.rows()).u32(hidden.cols()).u32(v).f32(temperature), (long) tiles(rows, 128) * blocks);
                    if (b.rows() == head.rows()) return;
                }
            }
        }
    }

    /// @param dHidden is set; may be null, as dHead, which is added to
    void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Matrix dHidden,
            Matrix dHead) {
        int rows = hidden.rows();
        // A group's chain must see all its rows in one call, so chunks divide the vocabulary and never the rows.
        int columns = Math.min(head.rows(), Math.max(128, 2 * chunk / rows / 128 * 128));
        long stride = (columns + 7L) / 8 * 8;
        try (Bf16Factor a = products.factor(hidden); CudaBuffer memory = kernels.scratch(BF16, stride * rows)) {
            for (int v = 0; v < head.rows(); v += Math.min(columns, head.rows() - v)) {
                int to = v + Math.min(columns, head.rows() - v);
                Matrix d = new Matrix(memory, 0, rows, to - v, stride);
                try (Bf16Factor b = products.factor(head.rows(v, to))) {
                    Kernels.Launching call = factors("gradient", a.view(), b.view()).buffer(targets).buffer(lse).buffer(dLogProb).view(d);
                    launch(call.u32(rows).u32(to - v).u32(hidden.cols()).u32(v).f32(temperature),
                            (long) tiles(rows, 128) * tiles(to - v, products.hopper() ? 256 : 128));
                    if (dHidden != null) products.multiplyFactors(d, b.view(), v > 0, dHidden);
                    if (dHead != null) products.addGroups(d, a.view(), groups, dHead.rows(v, to));
                }
            }
        }
    }

    /// Begins a call, by `wgmma` or by `mma.sync` as the products are.
    private Kernels.Launching factors(String what, Matrix a, Matrix b) {
        if (!products.hopper()) return kernels.call("logprob_tensor_" + what + "_128x128x32_bf16_sm80").view(a).view(b);
        return kernels.call("logprob_wgmma_" + what + "_128x256x64_bf16_sm90a").map(products.map(a, 128)).map(products.map(b, 256));
    }

    private void launch(Kernels.Launching call, long blocks) {
        call.launch(blocks, 1, 1, products.hopper() ? 384 : 256, products.hopper() ? 4 * 49152 + 64 : 4 * 16384);
    }

    private static int tiles(int size, int tile) { return (int) (((long) size + tile - 1) / tile); }
}
