package lucid.kernels.cuda;

import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// Few queries with many keys (decoding behind a long cache) on all of a GPU: one kernel splits the keys over blocks and leaves scores, one splits the dimensions of a head over blocks and goes
/// through the keys in order. The bits are those of the kernels that give a unit of rows to one block, so which of them runs is a matter of time alone. The arguments were checked by
/// [CudaAttention].
final class SplitAttention {
    /// Spans of so many rows (query, head of a key head) or fewer are few: a tile of 64 rows would be one block per key head.
    static final int MOST_ROWS = 64;
    /// The kernel for few rows and few keys finds 256 scores at once, with a warp for each key block. Twice through that is its share; two launches are not worth less. The number is by counting
    /// instructions and not measured; it decides on time only.
    static final int FEW_KEYS = 512;
    /// Scores of more bytes are not worth their memory.
    private static final long MOST_BYTES = 512 << 20;
    private static final int ROWS = 8;
    private static final int KEY_BLOCK = 32;
    /// Keys of a block of the first kernel.
    private static final int CHUNK = 64;
    /// Room for keys grows in steps of so many. Grids and addresses depend on the room, so a step of decoding repeats the one before ([lucid.kernels.gpu.Replay]) except where the room grows.
    private static final int ROOM = 512;
    /// With so many blocks of the second kernel a chip of 132 multiprocessors is busy, and slices of twice the size find all weights half as often.
    private static final int MANY_BLOCKS = 128;
    private static final int SLICE = 16;

    private final Kernels kernels;

    SplitAttention(Kernels kernels) { this.kernels = kernels; }

    private static AttentionUnits units(AttentionTables tables) { return tables.units(ROWS, 1, MOST_ROWS); }

    private static int room(AttentionUnits units) { return Math.ceilDiv(units.mostKeys(), ROOM) * ROOM; }

    /// Whether a span of few rows sees many keys. Then all spans of few rows come here: were it decided span by span, every completion that grows long would change the launches of its step.
    boolean wants(AttentionTables tables) {
        AttentionUnits units = units(tables);
        return units.mostKeys() > FEW_KEYS && 4L * units.count() * tables.plan.kvHeads() * ROWS * room(units) <= MOST_BYTES;
    }

    void forward(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionPlan plan = tables.plan;
        AttentionUnits units = units(tables);
        int room = room(units);
        int group = plan.heads() / plan.kvHeads();
        long rows = (long) units.count() * plan.kvHeads() * ROWS;
        long table = kernels.table("attention, split", units.words());
        try (CudaBuffer scores = kernels.scratch(DType.F32, rows * room); CudaBuffer peaks = kernels.scratch(DType.F32, rows * (room / KEY_BLOCK))) {
            kernels.call("attention_decode_scores_f32_sm80").view(q).view(k).buffer(scores).buffer(peaks).u64(table).u32(room).u32(group).u32(plan.headDim())
                    .u32(CudaAttention.vectors(plan, q, k)).f32(scale).launch(units.count(), plan.kvHeads(), room / CHUNK, 128, scoresBytes(plan.headDim()));
            int slice = slice(plan, units);
            kernels.call("attention_decode_values_s" + slice + "_f32_sm80").view(v).view(out).view(lse).buffer(scores).buffer(peaks).u64(table).u32(room).u32(group).u32(plan.headDim())
                    .u32(CudaAttention.vectors(plan, v)).launch(units.count(), plan.kvHeads(), Math.ceilDiv(plan.headDim(), slice), 192, 9504 + 4 * 512 * slice);
        }
    }

    private static int scoresBytes(int dim) {
        int quads = Math.ceilDiv(dim, 4);
        return 128 * quads + 16 * CHUNK * (quads | 1);
    }

    /// Dimensions per block of the second kernel.
    private static int slice(AttentionPlan plan, AttentionUnits units) {
        boolean many = (long) units.count() * plan.kvHeads() * Math.ceilDiv(plan.headDim(), 2 * SLICE) >= MANY_BLOCKS;
        return many && plan.headDim() > SLICE ? 2 * SLICE : SLICE;
    }
}
