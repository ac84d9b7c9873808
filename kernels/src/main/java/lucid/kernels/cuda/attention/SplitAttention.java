package lucid.kernels.cuda.attention;

import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// Few queries with many keys (decoding behind a long cache) on all of a GPU: one kernel splits the keys over blocks and leaves scores, one splits
/// the dimensions of a head over blocks and goes through the keys in order. The bits are those of the kernels that give a unit of rows to one block,
/// so which of them runs is a matter of time alone. The arguments were checked by [CudaAttention].
public final class SplitAttention {
    /// Spans of so many rows (query, head of a key head) or fewer are few: a tile of 64 rows would be one block per key head.
    static final int MOST_ROWS = 64;
    /// The exact kernel for few rows finds 256 scores at once, with a warp for each key block. Twice through that is its share; a second launch is
    /// not worth less. The number is by counting instructions and not measured; it decides on time only.
    static final int FEW_KEYS = 512;
    /// Scores of more bytes are not worth their memory.
    private static final long MOST_BYTES = 512 << 20;
    /// Room for keys grows in steps of so many. Grids and addresses depend on the room, so a step of decoding repeats the one before
    /// ([lucid.kernels.gpu.Replay]) except where the room grows.
    private static final int ROOM = 512;
    /// With so many blocks of the second kernel a chip of 132 multiprocessors is busy, and slices of twice the size find all weights half as often.
    private static final int MANY_BLOCKS = 128;
    private static final int SLICE = 16;

    /// Who computes. The parameters of the kernels are the same.
    public enum Form {
        /// f32 by fma, the CPU's bits.
        EXACT(8, 32, 64),
        /// bf16 by `mma.sync`.
        TENSOR(16, 64, 64),
        /// bf16 by `wgmma`.
        WGMMA(16, 128, 128);

        private final int rows;
        private final int keyBlock;
        private final int chunk;

        /// @param rows     of a unit
        /// @param keyBlock keys that share a maximum
        /// @param chunk    keys of a block of the first kernel
        Form(int rows, int keyBlock, int chunk) {
            this.rows = rows;
            this.keyBlock = keyBlock;
            this.chunk = chunk;
        }

        private String scores(int dim) {
            return "attention_decode_scores_" + switch (this) {
                case EXACT -> "f32_sm80";
                case TENSOR -> "tensor_d" + CudaAttention.size(dim, TensorAttention.SIZES) + "_bf16_sm80";
                case WGMMA -> "wgmma_d" + CudaAttention.size(dim, TensorAttention.SIZES) + "_bf16_sm90a";
            };
        }

        private int scoresBytes(int dim) {
            int quads = Math.ceilDiv(dim, 4);
            return switch (this) {
                case EXACT -> 144 * quads + 16 * chunk * (quads | 1);
                case TENSOR -> 64 * 4 * (CudaAttention.size(dim, TensorAttention.SIZES) + 8) + 256;
                case WGMMA -> 384 * CudaAttention.size(dim, TensorAttention.SIZES);
            };
        }

        private String values(int slice) {
            return "attention_decode_values_" + switch (this) {
                case EXACT -> "s" + slice + "_f32_sm80";
                case TENSOR -> "tensor_s" + slice + "_bf16_sm80";
                case WGMMA -> "wgmma_s" + slice + "_bf16_sm90a";
            };
        }

        private int valuesThreads() { return this == EXACT ? 192 : 128; }

        private int valuesBytes(int slice) {
            return switch (this) {
                case EXACT -> 9504 + 4 * 512 * slice;
                case TENSOR -> 0;
                case WGMMA -> 40960 + 8192;
            };
        }

        /// Dimensions per block of the second kernel.
        private int slice(AttentionPlan plan, AttentionUnits units) {
            if (this != EXACT) return this == TENSOR ? 2 * SLICE : SLICE;
            boolean many = (long) units.count() * plan.kvHeads() * Math.ceilDiv(plan.headDim(), 2 * SLICE) >= MANY_BLOCKS;
            return many && plan.headDim() > SLICE ? 2 * SLICE : SLICE;
        }
    }

    private final Kernels kernels;
    private final Form form;

    /// The kernels of one form.
    public SplitAttention(Kernels kernels, Form form) {
        this.kernels = kernels;
        this.form = form;
    }

    private AttentionUnits units(AttentionTables tables) { return tables.units(form.rows, 1, MOST_ROWS); }

    private static int room(AttentionUnits units) { return Math.ceilDiv(units.mostKeys(), ROOM) * ROOM; }

    /// Whether a span of few rows sees many keys. Then all spans of few rows come here: were it decided span by span, every completion that grows
    /// long would change the launches of its step.
    public boolean wants(AttentionTables tables) {
        AttentionUnits units = units(tables);
        return units.mostKeys() > FEW_KEYS && 4L * units.count() * tables.plan.kvHeads() * form.rows * room(units) <= MOST_BYTES;
    }

    void forward(AttentionTables tables, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionPlan plan = tables.plan;
        AttentionUnits units = units(tables);
        int dim = plan.headDim();
        int group = plan.heads() / plan.kvHeads();
        int room = room(units);
        int slice = form.slice(plan, units);
        long rows = (long) units.count() * plan.kvHeads() * form.rows;
        long table = kernels.table("attention, split", units.words());
        try (CudaBuffer scores = kernels.scratch(DType.F32, rows * room);
                CudaBuffer peaks = kernels.scratch(DType.F32, rows * (room / form.keyBlock))) {
            kernels.call(form.scores(dim)).view(q).view(k).buffer(scores).buffer(peaks).u64(table).u32(room).u32(group).u32(dim)
                    .u32(CudaAttention.vectors(plan, q, k)).f32(scale)
                    .launch(units.count(), plan.kvHeads(), room / form.chunk, 128, form.scoresBytes(dim));
            kernels.call(form.values(slice)).view(v).view(out).view(lse).buffer(scores).buffer(peaks).u64(table).u32(room).u32(group).u32(dim)
                    .u32(CudaAttention.vectors(plan, v, out))
                    .launch(units.count(), plan.kvHeads(), Math.ceilDiv(dim, slice), form.valuesThreads(), form.valuesBytes(slice));
        }
    }
}
