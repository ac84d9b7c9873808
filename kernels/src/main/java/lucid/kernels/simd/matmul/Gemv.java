package lucid.kernels.simd.matmul;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.Transpose;
import lucid.kernels.simd.vector.Widen;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// Products of at most eight rows with a weight [n, k]: decoding. A packed one is read as it is ([GemvPanel]). One that is stored row by row is read
/// once, and what is read is transposed in registers on its way into the chains ([GemvTile]), without the packed panel of [Gemm]. A thread takes
/// panels of 2 · LANES rows of the weight, several that follow each other: it asks memory for the next while it computes ([GemvRows]).
final class Gemv {
    /// Rows that one reading of the weight serves.
    static final int ROWS = 8;

    /// Panels that a thread takes at a time, at most: the first of them is not asked for early.
    private static final int PANELS = 8;
    /// The same of a packed weight: the longer the streams, the further ahead they are read. 8 panels, one group after the other: 0.97 of the speed.
    private static final int PACKED_PANELS = 32;

    /// Steps that are read at a time from STEPS_FROM rows on; with fewer rows one: the fewer instructions lie between two readings, the further ahead
    /// the processor sees.
    private static final int STEPS = 2;
    private static final int STEPS_FROM = 4;

    /// What one thread keeps: half transposed squares, those in use and those to come, and the chains of the column panels at hand.
    private static final class Lane {
        final MemorySegment squares;
        final float[] sums = new float[Math.max(ROWS * GemmTile.WIDTH + Species.LANES, GemvPanel.SUMS)];
        int touched;

        Lane(Workers workers) { squares = new NativeScratch(workers).floats((int) (2 * STEPS * GemvRows.SQUARE / Float.BYTES)); }
    }

    private final Workers workers;
    private final Lane[] lanes;
    private final int[] squares = new int[Transpose.SCRATCH];
    private float[] rows = new float[0];

    Gemv(Workers workers) {
        this.workers = workers;
        lanes = new Lane[workers.threads()];
        Arrays.setAll(lanes, _ -> new Lane(workers));
    }

    /// Whether the product is of this kind.
    static boolean fits(Gemm.Product x) {
        boolean rows = x.b().packed() || !x.b().lanesInRow() && x.out().cols() >= GemmTile.WIDTH;
        return x.out().rows() > 0 && x.out().rows() <= ROWS && x.k() > 0 && rows && x.cuts().length == 2;
    }

    /// Whether there are products, all of this kind.
    static boolean fit(Gemm.Product[]... rounds) {
        for (Gemm.Product[] round : rounds) {
            for (Gemm.Product x : round) if (!fits(x)) return false;
        }
        return rounds.length > 0;
    }

    /// Some panels of a round's products, one after the other.
    private record Piece(Gemm.Product[] round, int from, int to) {}

    /// Products of one left factor. A thread goes through a piece of all products of a round before it takes the next piece, so what is there when a
    /// result is written may be the result of the product before.
    ///
    /// @param rounds products with weights of one shape each
    void run(Gemm.Product[]... rounds) {
        Gemm.Product x = rounds[0][0];
        int m = x.out().rows();
        int k = x.k();
        int height = m <= 2 ? m : m <= 4 ? 4 : 8;
        if (rows.length < k * height + Species.LANES) rows = new float[k * height + Species.LANES];
        x.a().pack(0, height, 0, k, rows, 0, squares);
        long fmas = 0;
        for (Gemm.Product[] round : rounds) fmas += (long) round.length * m * round[0].out().cols() * k;
        List<Piece> pieces = pieces(rounds, height, fmas < Gemm.PARALLEL_FMAS);
        workers.parallel(pieces.size(), fmas < Gemm.PARALLEL_FMAS ? pieces.size() : 1, (from, to, thread) -> {
            for (int i = from; i < to; i++) {
                Piece p = pieces.get(i);
                for (Gemm.Product each : p.round) panels(each, p.from, p.to, height, k, lanes[thread]);
            }
        });
    }

    /// Fewer and fewer panels, so that all threads end at the same time; whole groups of those that are read side by side while they are more than one.
    ///
    /// @param alone whether one thread does everything
    private List<Piece> pieces(Gemm.Product[][] rounds, int height, boolean alone) {
        int left = 0;
        for (Gemm.Product[] round : rounds) left += panels(round[0]);
        List<Piece> pieces = new ArrayList<>();
        for (Gemm.Product[] round : rounds) {
            boolean packed = round[0].b().packed();
            int together = packed ? GemvPanel.together(height) : 1, most = alone ? left : packed ? PACKED_PANELS : PANELS, end = panels(round[0]);
            for (int at = 0, size; at < end; at += size, left -= size) {
                size = Math.clamp(alone ? end : left / (2 * lanes.length), 1, most);
                size = Math.min(end - at, size < together ? size : size - size % together);
                pieces.add(new Piece(round, at, at + size));
            }
        }
        return pieces;
    }

    private static int panels(Gemm.Product x) { return GemmPlan.panels(x.out().cols(), GemmTile.WIDTH); }

    /// Packed panels that are read side by side lie a part of the piece apart, so that every stream goes on where it ended when the next ones begin.
    private void panels(Gemm.Product x, int from, int to, int height, int k, Lane lane) {
        if (!x.b().packed()) {
            for (int panel = from; panel < to; panel++) panel(x, panel * GemmTile.WIDTH, panel + 1 < to, height, k, lane);
            return;
        }
        int apart = GemmPlan.panels(to - from, GemvPanel.together(height));
        for (int first = from; first < from + apart; first++) packedPanels(x, first, GemmPlan.panels(to - first, apart), apart, height, k, lane);
    }

    private void packedPanels(Gemm.Product x, int first, int panels, int apart, int height, int k, Lane lane) {
        int m = x.out().rows(), tile = height * GemmTile.WIDTH, column = first * GemmTile.WIDTH, step = apart * GemmTile.WIDTH;
        if (!x.resume()) Arrays.fill(lane.sums, 0);
        for (int i = 0; x.resume() && i < panels; i++) x.out().read(0, column + i * step, m, lane.sums, i * tile);
        GemvPanel.run(height, x.b(), column, panels, apart, k, rows, lane.sums);
        for (int i = 0; i < panels; i++) x.out().write(0, column + i * step, m, lane.sums, i * tile);
    }

    /// All chains of one column panel, from their start to the result. The last panel begins where a whole one ends with the weight, and delivers
    /// only what is new.
    private void panel(Gemm.Product x, int column, boolean follows, int height, int k, Lane lane) {
        Operand w = x.b();
        int m = x.out().rows();
        int first = Math.min(column, x.out().cols() - GemmTile.WIDTH);
        if (x.resume()) x.out().read(0, first, m, lane.sums, 0);
        else Arrays.fill(lane.sums, 0);
        int columns = Transpose.columns(w.type());
        int steps = k / columns;
        long at = w.offset(first, 0);
        for (int group = 0; steps > 0 && group < GemmTile.WIDTH; group += Species.LANES) {
            boolean more = (follows || group == 0) && first + group + 2 * Species.LANES <= x.out().cols();
            group(GemvRows.of(w.memory(), at + group * w.pitch(), w.pitch(), steps, more), w.type(), height, columns * height, lane, group);
        }
        for (int p = steps * columns; p < k; p++) link(w, at + (long) p * w.type().bytes(), height, p, lane.sums);
        x.out().write(0, column, m, lane.sums, column - first);
    }

    /// All chains of LANES columns. The next squares are asked for before those at hand are used, so the processor computes while it waits.
    private void group(GemvRows w, DType type, int height, int each, Lane lane, int group) {
        int most = height < STEPS_FROM ? 1 : STEPS;
        long now = lane.squares.address();
        long next = now + STEPS * GemvRows.SQUARE;
        int count = Math.min(most, w.steps());
        w.load(0, count, now);
        for (int s = 0; s < w.steps(); ) {
            int after = Math.min(most, w.steps() - s - count);
            lane.touched |= w.touch(s + count, after);
            w.load(s + count, after, next);
            switch (type) {
                case F32 -> GemvTile.run(height, now, count * GemvRows.TURNS, rows, s * each, lane.sums, group);
                case BF16 -> GemvTileBf16.run(height, now, count * GemvRows.TURNS, rows, s * each, lane.sums, group);
                default -> GemvTileF16.run(height, now, count * GemvRows.TURNS, rows, s * each, lane.sums, group);
            }
            s += count;
            count = after;
            long used = now;
            now = next;
            next = used;
        }
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
