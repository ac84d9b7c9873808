package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemvRows.ADDRESS;
import static lucid.kernels.simd.matmul.GemvRows.ALL;
import static lucid.kernels.simd.matmul.GemvRows.STEP;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.DType;

/// The register tiles of few rows over a panel of a [PackedWeight]: [height] rows by WIDTH columns, one chain `acc = fma(a_k, b_k, acc)` per lane, ascending k.
/// What is read is one stream, which every processor's prefetchers follow.
///
/// One and two rows go from line to line by a step that HotSpot does not know, so it does not unroll the loop: eight loads that take every eighth line are eight streams to AMD's prefetchers ([GemvRows]), and which of them
/// they follow differs from process to process. On one core of an AMD EPYC (family 26), from memory, where a loop that only reads has 31 to 37 GB/s, one row of bf16 has 28 to 29 GB/s instead of 22 to 24, two rows 23 to 25
/// (before 20 to 25, and 13 in one process of three). Four and eight rows are as fast either way: what they compute for a line fills the window in which the processor looks ahead.
final class GemvPanel {
    private static final int WIDTH = GemmTile.WIDTH;

    private GemvPanel() {}

    /// Continues the chains of `height` (1, 2, 4 or 8) rows.
    ///
    /// @param a rows [k][height]
    /// @param c chains [height][WIDTH]
    static void run(int height, Operand w, int column, int k, float[] a, float[] c) {
        long first = w.offset(column, 0);
        Objects.checkFromIndexSize(first, k * w.pitch(), w.memory().byteSize());
        Objects.checkFromIndexSize(0, k * height, a.length);
        long from = w.memory().address() + first;
        boolean wide = w.type() == DType.F32;
        switch (height) {
            case 1 -> rows1(from, wide, w.pitch(), from + k * w.pitch(), a, c);
            case 2 -> rows2(from, wide, w.pitch(), from + k * w.pitch(), a, c);
            case 4 -> rows4(from, wide, k, a, c);
            default -> rows8(from, wide, k, a, c);
        }
    }

    private static void rows1(long from, boolean wide, long pitch, long end, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        for (int p = 0; from != end; p++, from += pitch) {
            long at = from & ADDRESS;
            FloatVector u = PanelOrder.low(ALL, at, wide), v = PanelOrder.high(ALL, at, wide), s;
            s = FloatVector.broadcast(F, a[p]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
    }

    private static void rows2(long from, boolean wide, long pitch, long end, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        for (int j = 0; from != end; j += 2, from += pitch) {
            long at = from & ADDRESS;
            FloatVector u = PanelOrder.low(ALL, at, wide), v = PanelOrder.high(ALL, at, wide), s;
            s = FloatVector.broadcast(F, a[j]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[j + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
    }

    private static void rows4(long from, boolean wide, int k, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x2 = FloatVector.fromArray(F, c, 2 * WIDTH), y2 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x3 = FloatVector.fromArray(F, c, 3 * WIDTH), y3 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        for (int p = 0; p < k; p++) {
            int j = 4 * p;
            long at = (from & ADDRESS) + p * (wide ? 2 * STEP : STEP);
            FloatVector u = PanelOrder.low(ALL, at, wide), v = PanelOrder.high(ALL, at, wide), s;
            s = FloatVector.broadcast(F, a[j]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[j + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[j + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[j + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
        x2.intoArray(c, 2 * WIDTH); y2.intoArray(c, 2 * WIDTH + LANES);
        x3.intoArray(c, 3 * WIDTH); y3.intoArray(c, 3 * WIDTH + LANES);
    }

    private static void rows8(long from, boolean wide, int k, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x2 = FloatVector.fromArray(F, c, 2 * WIDTH), y2 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x3 = FloatVector.fromArray(F, c, 3 * WIDTH), y3 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        FloatVector x4 = FloatVector.fromArray(F, c, 4 * WIDTH), y4 = FloatVector.fromArray(F, c, 4 * WIDTH + LANES);
        FloatVector x5 = FloatVector.fromArray(F, c, 5 * WIDTH), y5 = FloatVector.fromArray(F, c, 5 * WIDTH + LANES);
        FloatVector x6 = FloatVector.fromArray(F, c, 6 * WIDTH), y6 = FloatVector.fromArray(F, c, 6 * WIDTH + LANES);
        FloatVector x7 = FloatVector.fromArray(F, c, 7 * WIDTH), y7 = FloatVector.fromArray(F, c, 7 * WIDTH + LANES);
        for (int p = 0; p < k; p++) {
            int j = 8 * p;
            long at = (from & ADDRESS) + p * (wide ? 2 * STEP : STEP);
            FloatVector u = PanelOrder.low(ALL, at, wide), v = PanelOrder.high(ALL, at, wide), s;
            s = FloatVector.broadcast(F, a[j]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[j + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[j + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[j + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
            s = FloatVector.broadcast(F, a[j + 4]); x4 = s.fma(u, x4); y4 = s.fma(v, y4);
            s = FloatVector.broadcast(F, a[j + 5]); x5 = s.fma(u, x5); y5 = s.fma(v, y5);
            s = FloatVector.broadcast(F, a[j + 6]); x6 = s.fma(u, x6); y6 = s.fma(v, y6);
            s = FloatVector.broadcast(F, a[j + 7]); x7 = s.fma(u, x7); y7 = s.fma(v, y7);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
        x2.intoArray(c, 2 * WIDTH); y2.intoArray(c, 2 * WIDTH + LANES);
        x3.intoArray(c, 3 * WIDTH); y3.intoArray(c, 3 * WIDTH + LANES);
        x4.intoArray(c, 4 * WIDTH); y4.intoArray(c, 4 * WIDTH + LANES);
        x5.intoArray(c, 5 * WIDTH); y5.intoArray(c, 5 * WIDTH + LANES);
        x6.intoArray(c, 6 * WIDTH); y6.intoArray(c, 6 * WIDTH + LANES);
        x7.intoArray(c, 7 * WIDTH); y7.intoArray(c, 7 * WIDTH + LANES);
    }
}
