package lucid.kernels.cuda.attention;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// Attention with bf16 factors and f32 sums on tensor cores. Every row, decoding or not, goes through the same products in the same order, in key
/// blocks that begin at the span's key number 0, so a row's bits depend on no other row, and rollout and training agree. The arguments were checked
/// by [CudaAttention].
///
/// Few rows with many keys go to [SplitAttention]. Where keys are read by many rows the kernels copy tiles that were rounded and laid out for them
/// before (`attention_pack`): once per call, and a shared prefix once for all its spans.
final class TensorAttention {
    /// Larger heads have no kernel here.
    static final int MOST_DIM = 128;
    /// Head sizes of the kernels.
    static final int[] SIZES = {64, 80, MOST_DIM};
    /// Rows and keys of a tile of the kernel by `wgmma`.
    private static final int WGMMA_ROWS = 128;
    /// Spans of so many rows (query, head of a key head) or fewer are not worth packing.
    private static final int FEW_ROWS = SplitAttention.MOST_ROWS;

    private final Kernels kernels;
    private final boolean hopper;
    private final SplitAttention split;

    /// @param hopper the forward by `wgmma`; otherwise by `mma.sync`, as the backward always
    TensorAttention(Kernels kernels, boolean hopper) {
        this.kernels = kernels;
        this.hopper = hopper;
        this.split = new SplitAttention(kernels, hopper ? SplitAttention.Form.WGMMA : SplitAttention.Form.TENSOR);
    }

    void forward(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        boolean apart = split.wants(tables);
        if (apart) split.forward(tables, scale, q, k, v, out, lse);
        if (!hopper) {
            byWarps(tables.units(AttentionTiles.ROWS, apart ? SplitAttention.MOST_ROWS + 1 : 1, Integer.MAX_VALUE), tables.plan, scale, q, k,
                    v, out, lse);
            return;
        }
        if (!apart) fewRows(tables, scale, q, k, v, out, lse);
        byWarpgroups(tables, scale, q, k, v, out, lse);
    }

    /// Spans of few rows read their keys as they are: rounding a whole cache for one query would cost more than the query. The bits are those of the
    /// packed kernel.
    private void fewRows(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionPlan plan = tables.plan;
        AttentionUnits units = tables.units(FEW_ROWS, 1, FEW_ROWS);
        if (units.count() == 0) return;
        int d = CudaAttention.size(plan.headDim(), SIZES);
        long table = kernels.table("attention, few rows", units.words());
        kernels.call("attention_forward_wgmma_rows_d" + d + "_bf16_sm90a").view(q).view(k).view(v).view(out).view(lse).u64(table)
                .u32(plan.heads() / plan.kvHeads())
                .u32(plan.headDim()).u32(CudaAttention.vectors(plan, q, k, v, out)).f32(scale)
                        .launch(units.count(), plan.kvHeads(), 1, 256, 5 * 256 * d + 72);
    }

    private void byWarpgroups(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionPlan plan = tables.plan;
        AttentionTiles tiles = tables.tiles(WGMMA_ROWS, FEW_ROWS + 1);
        AttentionUnits units = tiles.units();
        if (units.count() == 0) return;
        int d = CudaAttention.size(plan.headDim(), SIZES);
        int group = plan.heads() / plan.kvHeads();
        long table = kernels.table("attention, many rows", units.words());
        try (CudaBuffer packedQ = packed(plan, tiles.rowTiles(), WGMMA_ROWS); CudaBuffer packedK = packed(plan, tiles.keyTiles(), WGMMA_ROWS);
                CudaBuffer packedV = packed(plan, tiles.keyTiles(), WGMMA_ROWS)) {
            pack(plan, "rows", tiles.rowTiles(), tiles.rowWords(), WGMMA_ROWS, group, q, packedQ, null, null);
            pack(plan, "keys", tiles.keyTiles(), tiles.keyWords(), WGMMA_ROWS, 1, k, packedK, v, packedV);
            kernels.call("attention_forward_wgmma_d" + d + "_bf16_sm90a").buffer(packedQ).buffer(packedK).buffer(packedV).view(out).view(lse)
                    .u64(table).u32(group).u32(plan.headDim())
                    .u32(CudaAttention.vectors(plan, out)).f32(scale).launch(units.count(), plan.kvHeads(), 1, 384, 5 * 256 * d + 72);
        }
    }

    private void byWarps(AttentionUnits units, AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        if (units.count() == 0) return;
        int d = CudaAttention.size(plan.headDim(), SIZES);
        long table = kernels.table("attention, tensor", units.words());
        kernels.call("attention_forward_tensor_d" + d + "_bf16_sm80").view(q).view(k).view(v).view(out).view(lse).u64(table)
                .u32(plan.heads() / plan.kvHeads()).u32(plan.headDim())
                .u32(CudaAttention.vectors(plan, q, k, v, out)).f32(scale).launch(units.count(), plan.kvHeads(), 1, 128, 3 * 64 * (2 * d + 16));
    }

    void backward(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut, Matrix dq, Matrix dk,
            Matrix dv) {
        AttentionPlan plan = tables.plan;
        AttentionTiles tiles = tables.tiles(AttentionTiles.ROWS, 1);
        int group = plan.heads() / plan.kvHeads();
        int rowTiles = tiles.rowTiles();
        try (CudaBuffer packedQ = packed(plan, rowTiles, AttentionTiles.ROWS); CudaBuffer packedDOut = packed(plan, rowTiles, AttentionTiles.ROWS);
                CudaBuffer stats = kernels.scratch(F32, (long) rowTiles * plan.kvHeads() * 3 * AttentionTiles.ROWS)) {
            if (rowTiles > 0) {
                pack(plan, "rows", rowTiles, tiles.rowWords(), AttentionTiles.ROWS, group, q, packedQ, dOut, packedDOut);
                queries(plan, tiles, scale, k, v, out, lse, dOut, packedQ, packedDOut, stats, dq);
            }
            keys(plan, tables.keys(AttentionTiles.ROWS), scale, k, v, packedQ, packedDOut, stats, dk, dv);
        }
    }

    private void queries(AttentionPlan plan, AttentionTiles tiles, float scale, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut,
            CudaBuffer packedQ, CudaBuffer packedDOut,
                         CudaBuffer stats, Matrix dq) {
        int group = plan.heads() / plan.kvHeads();
        int d = CudaAttention.size(plan.headDim(), SIZES);
        AttentionUnits units = tiles.units();
        long table = kernels.table("attention backward, rows", units.words());
        try (CudaBuffer packedK = packed(plan, tiles.keyTiles(), AttentionTiles.ROWS);
                CudaBuffer packedV = packed(plan, tiles.keyTiles(), AttentionTiles.ROWS)) {
            pack(plan, "keys", tiles.keyTiles(), tiles.keyWords(), AttentionTiles.ROWS, 1, k, packedK, v, packedV);
            kernels.call("attention_backward_delta_f32_sm80").view(out).view(lse).view(dOut).buffer(stats).u64(table).u32(group).u32(plan.headDim())
                    .launch(units.count(), plan.kvHeads(), 1, 256, 0);
            kernels.call("attention_backward_query_tensor_d" + d + "_bf16_sm80").buffer(packedQ).buffer(packedDOut).buffer(packedK).buffer(packedV)
                    .buffer(stats).view(dq).u64(table)
                    .u32(group).u32(plan.headDim()).u32(CudaAttention.vectors(plan, dq)).f32(scale)
                            .launch(units.count(), plan.kvHeads(), 1, 128, 6 * 128 * d + 768);
        }
    }

    private void keys(AttentionPlan plan, AttentionKeys keys, float scale, Matrix k, Matrix v, CudaBuffer packedQ, CudaBuffer packedDOut,
            CudaBuffer stats, Matrix dk, Matrix dv) {
        if (keys.tiles() == 0) return;
        int d = CudaAttention.size(plan.headDim(), SIZES);
        long table = kernels.table("attention backward, keys", keys.tileWords());
        long entries = keys.entries() == 0 ? table : kernels.table("attention backward, spans", keys.entryWords());
        kernels.call("attention_backward_key_tensor_d" + d + "_bf16_sm80").view(k).view(v).buffer(packedQ).buffer(packedDOut).buffer(stats).view(dk)
                .view(dv).u64(table).u64(entries)
                .u32(plan.heads() / plan.kvHeads()).u32(plan.headDim()).u32(CudaAttention.vectors(plan, k, v, dk, dv)).f32(scale)
                .launch(keys.tiles(), plan.kvHeads(), 1, 128, 6 * 128 * d + 2 * 768);
    }

    private CudaBuffer packed(AttentionPlan plan, int tiles, int rows) {
        return kernels.scratch(BF16, (long) tiles * plan.kvHeads() * rows * CudaAttention.size(plan.headDim(), SIZES));
    }

    /// One matrix, or with `y` two of the same shape, into packed tiles.
    private void pack(AttentionPlan plan, String what, int tiles, int[] words, int rows, int group, Matrix x, CudaBuffer toX, Matrix y,
            CudaBuffer toY) {
        int vectors = y == null ? CudaAttention.vectors(plan, x) : CudaAttention.vectors(plan, x, y);
        long table = kernels.table("attention, tiles of " + rows + " " + what, words);
        kernels.call("attention_pack_bf16_sm80").view(x).viewOrNull(y).buffer(toX).bufferOrNull(toY).u64(table)
                .u32(Integer.numberOfTrailingZeros(rows))
                .u32(CudaAttention.size(plan.headDim(), SIZES) / 8).u32(group).u32(plan.headDim()).u32(vectors)
                        .launch(tiles, plan.kvHeads(), y == null ? 1 : 2, 256, 0);
    }
}
