package lucid.kernels.cuda.attention;

import lucid.kernels.contract.Attention;
import lucid.kernels.contract.check.AttentionArguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.Precision;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Attention] on a GPU in f32, bit for bit the CPU's. Spans of few rows (decoding) and of many have a kernel of their own, few rows with many keys
/// two ([SplitAttention]); the backward is one kernel over queries (dq, and δ for the other) and one over keys (dk, dv).
///
/// On tensor cores (a named choice, because it changes bits) heads to 128 dimensions go to [TensorAttention]; larger ones stay in f32. The choice
/// depends on the size of a head alone, so that rollout and training still agree.
public final class CudaAttention implements Attention {
    private static final int MOST_DIM = 256;
    /// Rows of a unit of the flat kernel.
    private static final int FLAT_ROWS = 8;
    /// Spans of so many rows (query, head of a key head) go to the flat kernel: two units of it still beat a tile that is three quarters empty.
    private static final int FLAT_MOST = 16;
    private static final int TILE_ROWS = 64;
    /// Head sizes of the kernels.
    private static final int[] FLAT_SIZES = {64, 128, MOST_DIM};
    private static final int[] SIZES = {32, 64, 80, 128, MOST_DIM};

    private final Kernels kernels;
    private final SplitAttention split;
    private final TensorAttention tensor;
    /// The largest head that this GPU's shared memory has room for.
    private final int mostDim;
    private AttentionTables last;

    /// @param precision other than EXACT: on tensor cores where there is a kernel
    public CudaAttention(Kernels kernels, Precision precision) {
        this.kernels = kernels;
        this.split = new SplitAttention(kernels, SplitAttention.Form.EXACT);
        this.tensor = precision == Precision.EXACT ? null : new TensorAttention(kernels, precision == Precision.WGMMA);
        this.mostDim = fits(tileBytes(MOST_DIM)) ? MOST_DIM : MOST_DIM / 2;
    }

    /// Whether a block of this GPU may have so much shared memory: 227 KB on compute capability 9.0, 163 KB on 8.0, 99 KB on 8.6, 8.9 and 12.0.
    private boolean fits(int bytes) { return bytes <= kernels.gpu().limits().sharedBytes(); }

    /// Shared memory of `attention_forward_tile`, which wants the most of the kernels for heads of 256.
    private static int tileBytes(int d) { return 4 * (64 * d + 32 * d + 32 * (d + 4) + 32 * 68); }

    /// Shared memory of `attention_backward_query`.
    private static int queryBytes(int d, int rows) { return 4 * (2 * rows * d + 2 * 32 * d + 32 * (d + 4) + 32 * (rows + 4) + 2 * rows); }

    /// Shared memory of `attention_backward_key`.
    private static int keyBytes(int d, int rows) { return 4 * (2 * 32 * d + 2 * rows * d + 2 * rows * (d + 4) + 2 * rows * 36 + 3 * rows); }

    @Override public void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        String name = "attention forward";
        check(name, plan, q, k, v, out, lse);
        AttentionArguments.results(name, q, k, v, out, lse);
        AttentionTables tables = tables(plan);
        if (onTensorCores(plan)) {
            tensor.forward(tables, scale, q, k, v, out, lse);
            return;
        }
        boolean apart = split.wants(tables);
        if (apart) split.forward(tables, scale, q, k, v, out, lse);
        else forward("flat", plan, tables.units(FLAT_ROWS, 1, FLAT_MOST), scale, q, k, v, out, lse);
        forward("tile", plan, tables.units(TILE_ROWS, (apart ? SplitAttention.MOST_ROWS : FLAT_MOST) + 1, Integer.MAX_VALUE), scale, q, k,
                v, out, lse);
    }

    private void forward(String form, AttentionPlan plan, AttentionUnits units, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        if (units.count() == 0) return;
        boolean flat = form.equals("flat");
        int d = size(plan.headDim(), flat ? FLAT_SIZES : SIZES);
        int shared = flat ? 0 : tileBytes(d);
        long table = kernels.table("attention, " + form, units.words());
        kernels.call("attention_forward_" + form + "_d" + d + "_f32_sm80").view(q).view(k).view(v).view(out).view(lse).u64(table)
                .u32(plan.heads() / plan.kvHeads())
                .u32(plan.headDim()).u32(vectors(plan, q, k, v, out)).f32(scale).launch(units.count(), plan.kvHeads(), 1, flat ? 256 : 128, shared);
    }

    private AttentionTables tables(AttentionPlan plan) {
        if (last == null || last.plan != plan) last = new AttentionTables(plan);
        return last;
    }

    /// The smallest head size for which there is a kernel and that holds `dim`.
    static int size(int dim, int... sizes) {
        for (int s : sizes) {
            if (s >= dim) return s;
        }
        throw new IllegalArgumentException("attention: heads of " + dim + " dimensions; wanted at most " + MOST_DIM);
    }

    private boolean onTensorCores(AttentionPlan plan) { return tensor != null && plan.headDim() <= TensorAttention.MOST_DIM; }

    /// 1 where four dimensions of a head can be moved as one vector, else 0.
    static int vectors(AttentionPlan plan, Matrix... matrices) {
        for (Matrix m : matrices) {
            if (CudaBuffer.source(m) % 16 != 0 || m.stride() % 4 != 0) return 0;
        }
        return plan.headDim() % 4 == 0 ? 1 : 0;
    }

    @Override public void backward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut,
                                   Matrix dq, Matrix dk, Matrix dv) {
        String name = "attention backward";
        check(name, plan, q, k, v, out, lse);
        AttentionArguments.gradients(name, q, k, v, out, lse, dOut, dq, dk, dv);
        AttentionTables tables = tables(plan);
        if (onTensorCores(plan)) {
            tensor.backward(tables, scale, q, k, v, out, lse, dOut, dq, dk, dv);
            return;
        }
        int d = size(plan.headDim(), SIZES);
        int rows = d == MOST_DIM ? 16 : 32;
        AttentionUnits units = tables.units(rows);
        AttentionKeys keys = tables.keys(KEY_BLOCK);
        int group = plan.heads() / plan.kvHeads();
        int vectors = vectors(plan, q, k, v, out, dOut, dq, dk, dv);
        try (CudaBuffer delta = kernels.scratch(DType.F32, (long) q.rows() * plan.heads()); CudaBuffer table = kernels.table(units.words());
                CudaBuffer tiles = kernels.table(keys.tileWords()); CudaBuffer entries = kernels.table(keys.entryWords())) {
            if (units.count() > 0) {
                kernels.call("attention_backward_query_d" + d + "_f32_sm80").view(q).view(k).view(v).view(out).view(lse).view(dOut).view(dq)
                        .buffer(delta).buffer(table)
                        .u32(group).u32(plan.headDim()).u32(vectors).f32(scale).launch(units.count(), plan.kvHeads(), 1, 128, queryBytes(d, rows));
            }
            if (keys.tiles() > 0) {
                // 32 rows of heads of 128 want more than a block has outside data centres; a kernel for 16 is for those. How many rows shows in no
                // bit.
                boolean fewer = d < MOST_DIM && !fits(keyBytes(d, rows));
                kernels.call("attention_backward_key_d" + d + (fewer ? "_r16" : "") + "_f32_sm80").view(q).view(k).view(v).view(lse).view(dOut)
                        .buffer(delta).view(dk).view(dv)
                        .buffer(tiles).buffer(entries).u32(group).u32(plan.headDim()).u32(vectors).f32(scale)
                        .launch(keys.tiles(), plan.kvHeads(), 1, 128, keyBytes(d, fewer ? 16 : rows));
            }
        }
    }

    private void check(String name, AttentionPlan plan, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        Checks.present(name, "plan", plan);
        Checks.that(plan.headDim() <= MOST_DIM, name, "heads of " + plan.headDim() + " dimensions; the CUDA device has kernels for at most "
                + MOST_DIM + "; wanted smaller heads, or --device simd");
        Checks.that(plan.headDim() <= mostDim, name, "heads of " + plan.headDim() + " dimensions want " + tileBytes(MOST_DIM)
                + " bytes of shared memory for a block; this GPU has "
                + kernels.gpu().limits().sharedBytes() + ", enough for " + mostDim + "; wanted smaller heads, or --device simd");
        AttentionArguments.shapes(name, plan, q, k, v, out, lse);
        AttentionArguments.Extent.of(plan).within(name, q, k);
    }
}
