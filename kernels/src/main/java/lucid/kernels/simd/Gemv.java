package lucid.kernels.simd;

import java.util.Arrays;
import lucid.kernels.contract.DType;

/// Products of at most eight rows with a weight stored row by row ([n, k]): decoding. The weight is read once, and what is read is transposed in
/// registers on its way into the chains ([GemvTile]), without the packed panel of [Gemm]. A thread takes 2 · LANES rows of the weight at a time.
///
/// Measured on one core of an Intel Xeon (family 6, model 207), share of a plain read loop over the same 45 or 90 MB (26 GB/s, `lucid.bench.probe.ReadBandwidth`): 0.88 with one row of f32
/// while memory was free; 0.70 to 0.80 with 1, 2, 4 and 8 rows of f32 and 0.65 to 0.80 with 1 to 4 of bf16 while other processes used it; two separate passes had 0.62 to 0.82 and
/// 0.37 to 0.58 there. Eight rows of bf16 are bound by their FMAs (0.60).
final class Gemv {
    /// Rows that one reading of the weight serves.
    static final int ROWS = 8;

    /// What one thread keeps: the half transposed blocks and the chains of a column panel.
    private static final class Lane {
        final int[] squares = new int[Math.max(GemvTileBf16.SCRATCH, Transpose.SCRATCH)];
        final float[] sums = new float[ROWS * GemmTile.WIDTH + Species.LANES];
    }

    private final Workers workers;
    private final Lane[] lanes;
    private float[] rows = new float[0];

    Gemv(Workers workers) {
        this.workers = workers;
        lanes = new Lane[workers.threads()];
        Arrays.setAll(lanes, _ -> new Lane());
    }

    /// Whether the product is of this kind.
    static boolean fits(Gemm.Product x) {
        return x.out().rows() <= ROWS && x.out().cols() >= GemmTile.WIDTH && !x.b().lanesInRow() && x.b().type() != DType.F16 && x.cuts().length == 2;
    }

    void run(Gemm.Product x) {
        int m = x.out().rows();
        int k = x.k();
        int height = m <= 2 ? m : m <= 4 ? 4 : 8;
        if (rows.length < k * height + Species.LANES) rows = new float[k * height + Species.LANES];
        x.a().pack(0, height, 0, k, rows, 0, lanes[0].squares);
        int panels = (x.out().cols() + GemmTile.WIDTH - 1) / GemmTile.WIDTH;
        Workers.Body work = (from, to, thread) -> {
            for (int panel = from; panel < to; panel++) panel(x, panel * GemmTile.WIDTH, height, k, lanes[thread]);
        };
        if ((long) m * x.out().cols() * k < Gemm.PARALLEL_FMAS) work.run(0, panels, 0);
        else workers.parallel(panels, 1, work);
    }

    /// All chains of one column panel, from their start to the result. The last panel begins where a whole one ends with the weight, and delivers only what is new.
    private void panel(Gemm.Product x, int column, int height, int k, Lane lane) {
        Operand w = x.b();
        int m = x.out().rows();
        int first = Math.min(column, x.out().cols() - GemmTile.WIDTH);
        if (x.resume()) x.out().read(0, first, m, lane.sums, 0);
        else Arrays.fill(lane.sums, 0);
        int columns = Transpose.columns(w.type());
        int steps = k / columns;
        long at = w.offset(first, 0);
        if (steps > 0) {
            if (w.type() == DType.F32) GemvTile.run(height, w.memory(), at, w.pitch(), steps, lane.squares, rows, lane.sums);
            else GemvTileBf16.run(height, w.memory(), at, w.pitch(), steps, lane.squares, rows, lane.sums);
        }
        for (int p = steps * columns; p < k; p++) link(w, at + (long) p * w.type().bytes(), height, p, lane.sums);
        x.out().write(0, column, m, lane.sums, column - first);
    }

    /// One link of every chain, for the positions after the last whole block.
    private void link(Operand w, long at, int height, int p, float[] sums) {
        for (int j = 0; j < GemmTile.WIDTH; j++) {
            float b = Widen.scalar(w.memory(), at + j * w.pitch(), w.type());
            for (int r = 0; r < height; r++) {
                int i = r * GemmTile.WIDTH + j;
                sums[i] = Math.fma(rows[p * height + r], b, sums[i]);
            }
        }
    }
}
