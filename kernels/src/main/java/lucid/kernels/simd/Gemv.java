package lucid.kernels.simd;

import java.util.Arrays;
import lucid.kernels.contract.DType;

/// Products of at most eight rows with a weight stored row by row ([n, k]): decoding. The weight is read once, and what is read is transposed in
/// registers on its way into the chains ([GemvTile]), without the packed panel of [Gemm]. A thread takes 2 · LANES rows of the weight at a time, eight
/// vectors (512 bytes) of each row in turn: half as much is no faster, twice as much a fifth slower, four times as much a third
/// (measured; the half transposed blocks then no longer stay in L1).
///
/// Measured on one core of an Intel Xeon (family 6, model 207, 2 MiB L2), share of a plain read loop over the same 45 or 90 MB in the same process (26 to 29 GB/s),
/// in thread CPU time: f32 0.61 to 0.78 with one row (0.34 to 0.42 through [Gemm]), 0.45 with eight (0.30); bf16 0.49 to 0.62 with one row (0.19 to 0.27), 0.27 with
/// eight (0.20), where the FMAs alone take longer than the reading.
final class Gemv {
    /// Rows that one reading of the weight serves.
    static final int ROWS = 8;

    /// What one thread keeps: the half transposed blocks and the chains of a column panel.
    private static final class Lane {
        final int[] squares = new int[2 * Transpose.SCRATCH];
        final float[] sums = new float[ROWS * GemmTile.WIDTH];
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
        return x.out().rows() <= ROWS && !x.b().lanesInRow() && x.b().type() != DType.F16 && x.cuts().length == 2;
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

    /// All chains of one column panel, from their start to the result.
    private void panel(Gemm.Product x, int column, int height, int k, Lane lane) {
        Operand w = x.b();
        int m = x.out().rows();
        if (x.resume()) x.out().read(0, column, m, lane.sums, 0);
        else Arrays.fill(lane.sums, 0);
        int columns = Transpose.columns(w.type());
        int steps = k / columns;
        int last = Math.min(w.lanes() - column, GemmTile.WIDTH) - 1;
        int second = Math.min(Species.LANES, last);
        long at = w.at() + column * w.pitch();
        for (int s = 0; s < steps; s += Transpose.STEPS) {
            int count = Math.min(Transpose.STEPS, steps - s);
            long here = at + (long) s * Species.LANES * 4;
            Transpose.spreadRows(w.memory(), here, w.pitch(), Math.min(last, Species.LANES - 1), count, lane.squares, 0);
            Transpose.spreadRows(w.memory(), here + second * w.pitch(), w.pitch(), last - second, count, lane.squares, Transpose.SCRATCH);
            if (w.type() == DType.F32) GemvTile.run(height, lane.squares, count, rows, s * columns * height, lane.sums);
            else GemvTileBf16.run(height, lane.squares, count, rows, s * columns * height, lane.sums);
        }
        for (int p = steps * columns; p < k; p++) link(w, at + (long) p * w.type().bytes(), last, height, p, lane.sums);
        x.out().write(0, column, m, lane.sums, 0);
    }

    /// One link of every chain, for the positions after the last whole block.
    private void link(Operand w, long at, int last, int height, int p, float[] sums) {
        for (int j = 0; j <= last; j++) {
            float b = Widen.scalar(w.memory(), at + j * w.pitch(), w.type());
            for (int r = 0; r < height; r++) {
                int i = r * GemmTile.WIDTH + j;
                sums[i] = Math.fma(rows[p * height + r], b, sums[i]);
            }
        }
    }
}
