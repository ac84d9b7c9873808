package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;

/// The register tiles of the matrix product: `height` rows by two vectors, one chain `acc = fma(a_k, b_k, acc)` per lane, ascending k.
///
/// Every accumulator is a local variable of its own, because HotSpot does not turn an array of vectors into registers. Two vectors wide, because
/// each broadcast of `a` then feeds two FMAs; as tall as the register file allows: 12 · 2 + 3 of the 32 registers of AVX-512,
/// 8 · 2 + 3 of the 32 of NEON. The low tiles are for the rows that are left over; four rows are still eight
/// independent chains, which is what two FMA ports of latency four need, so a single row costs no more than four.
///
/// With the 16 registers of AVX2 four rows are all: HotSpot loads what is broadcast ahead, and of six rows three chains then waited in memory at
/// every position (0.44 of the FMA peak; four rows 0.60, with two positions a turn and strips of four rows 0.82; one core of an AMD EPYC, family 26,
/// `-XX:UseAVX=2`).
///
/// The left factor is packed in strips of [#STRIP] rows, [k][STRIP]: as many rows as one transposition in registers takes, so the rows of a tile are
/// one to three strips at a constant distance. The right factor is read where it is, row by row at any pitch: a packed panel is the pitch of WIDTH
/// floats, and a matrix that lies the right way round needs no packing at all. In L1 or streaming from L2, near or at a pitch of a few cache lines,
/// the tile runs at the same speed.
///
/// Measured on one core of an Intel Xeon (family 6, model 207, AVX-512, 2 MiB L2; thread CPU time, on a shared machine): 91 to 93 % of the FMA peak
/// of the same minute at chains of 105 to 1024 with panels in L1 or L2, 89 % with the right factor read in place.
public final class GemmTile {
    /// Columns of a tile: two vectors.
    public static final int WIDTH = 2 * LANES;
    /// Rows of the tallest tile.
    public static final int HEIGHT = LANES == 16 ? 12 : LANES == 8 ? 4 : 8;
    /// Rows of a strip of the packed left factor.
    public static final int STRIP = 4;
    /// Floats of a tile.
    public static final int SIZE = HEIGHT * WIDTH;

    /// Whether the right factor is f32; in a copy of this class ([Intrinsics]) it is bf16, in the order of [PanelOrder].
    private static final boolean WIDE = TileCopy.wide(MethodHandles.lookup());
    /// Where fresh chains start: choosing between two arrays costs nothing, choosing between two kinds of vectors 24 times costs 7 %.
    private static final float[] ZEROS = new float[SIZE];

    private GemmTile() {}

    /// The tile height for a panel with `rows` rows left: the lowest that holds them.
    public static int height(int rows) {
        if (rows <= 4) return 4;
        if (LANES == 16 && rows <= 8) return 8;
        return HEIGHT;
    }

    /// `c[r][j] = chain over p of fma(a[p][r], b[p][j])`, from 0 or, if `resume`, from what c holds.
    ///
    /// @param a     strips [k][STRIP], from `ao` on, `as` floats from strip to strip
    /// @param b     rows of WIDTH numbers, from byte `bo` on, `pitch` bytes from row to row
    /// @param c     tile [height][WIDTH], from `co` on
    static void run(int height, float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        if (height == 4) rows4(a, ao, as, b, bo, pitch, k, c, co, resume);
        else if (LANES == 16 && height == 12) rows12(a, ao, as, b, bo, pitch, k, c, co, resume);
        else rows8(a, ao, as, b, bo, pitch, k, c, co, resume);
    }

    /// 12 rows x 2 vectors.
    private static void rows12(float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        float[] from = resume ? c : ZEROS;
        int at = resume ? co : 0;
        FloatVector x0 = FloatVector.fromArray(F, from, at), y0 = FloatVector.fromArray(F, from, at + LANES);
        FloatVector x1 = FloatVector.fromArray(F, from, at + 2 * LANES), y1 = FloatVector.fromArray(F, from, at + 3 * LANES);
        FloatVector x2 = FloatVector.fromArray(F, from, at + 4 * LANES), y2 = FloatVector.fromArray(F, from, at + 5 * LANES);
        FloatVector x3 = FloatVector.fromArray(F, from, at + 6 * LANES), y3 = FloatVector.fromArray(F, from, at + 7 * LANES);
        FloatVector x4 = FloatVector.fromArray(F, from, at + 8 * LANES), y4 = FloatVector.fromArray(F, from, at + 9 * LANES);
        FloatVector x5 = FloatVector.fromArray(F, from, at + 10 * LANES), y5 = FloatVector.fromArray(F, from, at + 11 * LANES);
        FloatVector x6 = FloatVector.fromArray(F, from, at + 12 * LANES), y6 = FloatVector.fromArray(F, from, at + 13 * LANES);
        FloatVector x7 = FloatVector.fromArray(F, from, at + 14 * LANES), y7 = FloatVector.fromArray(F, from, at + 15 * LANES);
        FloatVector x8 = FloatVector.fromArray(F, from, at + 16 * LANES), y8 = FloatVector.fromArray(F, from, at + 17 * LANES);
        FloatVector x9 = FloatVector.fromArray(F, from, at + 18 * LANES), y9 = FloatVector.fromArray(F, from, at + 19 * LANES);
        FloatVector x10 = FloatVector.fromArray(F, from, at + 20 * LANES), y10 = FloatVector.fromArray(F, from, at + 21 * LANES);
        FloatVector x11 = FloatVector.fromArray(F, from, at + 22 * LANES), y11 = FloatVector.fromArray(F, from, at + 23 * LANES);
        for (int i = ao, end = ao + k * STRIP; i < end; i += STRIP, bo += pitch) {
            FloatVector u = PanelOrder.low(b, bo, WIDE), v = PanelOrder.high(b, bo, WIDE), s;
            s = FloatVector.broadcast(F, a[i]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[i + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[i + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[i + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
            s = FloatVector.broadcast(F, a[i + as]); x4 = s.fma(u, x4); y4 = s.fma(v, y4);
            s = FloatVector.broadcast(F, a[i + as + 1]); x5 = s.fma(u, x5); y5 = s.fma(v, y5);
            s = FloatVector.broadcast(F, a[i + as + 2]); x6 = s.fma(u, x6); y6 = s.fma(v, y6);
            s = FloatVector.broadcast(F, a[i + as + 3]); x7 = s.fma(u, x7); y7 = s.fma(v, y7);
            s = FloatVector.broadcast(F, a[i + 2 * as]); x8 = s.fma(u, x8); y8 = s.fma(v, y8);
            s = FloatVector.broadcast(F, a[i + 2 * as + 1]); x9 = s.fma(u, x9); y9 = s.fma(v, y9);
            s = FloatVector.broadcast(F, a[i + 2 * as + 2]); x10 = s.fma(u, x10); y10 = s.fma(v, y10);
            s = FloatVector.broadcast(F, a[i + 2 * as + 3]); x11 = s.fma(u, x11); y11 = s.fma(v, y11);
        }
        x0.intoArray(c, co); y0.intoArray(c, co + LANES);
        x1.intoArray(c, co + 2 * LANES); y1.intoArray(c, co + 3 * LANES);
        x2.intoArray(c, co + 4 * LANES); y2.intoArray(c, co + 5 * LANES);
        x3.intoArray(c, co + 6 * LANES); y3.intoArray(c, co + 7 * LANES);
        x4.intoArray(c, co + 8 * LANES); y4.intoArray(c, co + 9 * LANES);
        x5.intoArray(c, co + 10 * LANES); y5.intoArray(c, co + 11 * LANES);
        x6.intoArray(c, co + 12 * LANES); y6.intoArray(c, co + 13 * LANES);
        x7.intoArray(c, co + 14 * LANES); y7.intoArray(c, co + 15 * LANES);
        x8.intoArray(c, co + 16 * LANES); y8.intoArray(c, co + 17 * LANES);
        x9.intoArray(c, co + 18 * LANES); y9.intoArray(c, co + 19 * LANES);
        x10.intoArray(c, co + 20 * LANES); y10.intoArray(c, co + 21 * LANES);
        x11.intoArray(c, co + 22 * LANES); y11.intoArray(c, co + 23 * LANES);
    }

    /// 8 rows x 2 vectors.
    private static void rows8(float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        float[] from = resume ? c : ZEROS;
        int at = resume ? co : 0;
        FloatVector x0 = FloatVector.fromArray(F, from, at), y0 = FloatVector.fromArray(F, from, at + LANES);
        FloatVector x1 = FloatVector.fromArray(F, from, at + 2 * LANES), y1 = FloatVector.fromArray(F, from, at + 3 * LANES);
        FloatVector x2 = FloatVector.fromArray(F, from, at + 4 * LANES), y2 = FloatVector.fromArray(F, from, at + 5 * LANES);
        FloatVector x3 = FloatVector.fromArray(F, from, at + 6 * LANES), y3 = FloatVector.fromArray(F, from, at + 7 * LANES);
        FloatVector x4 = FloatVector.fromArray(F, from, at + 8 * LANES), y4 = FloatVector.fromArray(F, from, at + 9 * LANES);
        FloatVector x5 = FloatVector.fromArray(F, from, at + 10 * LANES), y5 = FloatVector.fromArray(F, from, at + 11 * LANES);
        FloatVector x6 = FloatVector.fromArray(F, from, at + 12 * LANES), y6 = FloatVector.fromArray(F, from, at + 13 * LANES);
        FloatVector x7 = FloatVector.fromArray(F, from, at + 14 * LANES), y7 = FloatVector.fromArray(F, from, at + 15 * LANES);
        for (int i = ao, end = ao + k * STRIP; i < end; i += STRIP, bo += pitch) {
            FloatVector u = PanelOrder.low(b, bo, WIDE), v = PanelOrder.high(b, bo, WIDE), s;
            s = FloatVector.broadcast(F, a[i]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[i + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[i + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[i + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
            s = FloatVector.broadcast(F, a[i + as]); x4 = s.fma(u, x4); y4 = s.fma(v, y4);
            s = FloatVector.broadcast(F, a[i + as + 1]); x5 = s.fma(u, x5); y5 = s.fma(v, y5);
            s = FloatVector.broadcast(F, a[i + as + 2]); x6 = s.fma(u, x6); y6 = s.fma(v, y6);
            s = FloatVector.broadcast(F, a[i + as + 3]); x7 = s.fma(u, x7); y7 = s.fma(v, y7);
        }
        x0.intoArray(c, co); y0.intoArray(c, co + LANES);
        x1.intoArray(c, co + 2 * LANES); y1.intoArray(c, co + 3 * LANES);
        x2.intoArray(c, co + 4 * LANES); y2.intoArray(c, co + 5 * LANES);
        x3.intoArray(c, co + 6 * LANES); y3.intoArray(c, co + 7 * LANES);
        x4.intoArray(c, co + 8 * LANES); y4.intoArray(c, co + 9 * LANES);
        x5.intoArray(c, co + 10 * LANES); y5.intoArray(c, co + 11 * LANES);
        x6.intoArray(c, co + 12 * LANES); y6.intoArray(c, co + 13 * LANES);
        x7.intoArray(c, co + 14 * LANES); y7.intoArray(c, co + 15 * LANES);
    }

    /// 4 rows x 2 vectors, two positions a turn.
    private static void rows4(float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        float[] from = resume ? c : ZEROS;
        int at = resume ? co : 0;
        FloatVector x0 = FloatVector.fromArray(F, from, at), y0 = FloatVector.fromArray(F, from, at + LANES);
        FloatVector x1 = FloatVector.fromArray(F, from, at + 2 * LANES), y1 = FloatVector.fromArray(F, from, at + 3 * LANES);
        FloatVector x2 = FloatVector.fromArray(F, from, at + 4 * LANES), y2 = FloatVector.fromArray(F, from, at + 5 * LANES);
        FloatVector x3 = FloatVector.fromArray(F, from, at + 6 * LANES), y3 = FloatVector.fromArray(F, from, at + 7 * LANES);
        int i = ao;
        for (int end = ao + (k & -2) * STRIP; i < end; i += 2 * STRIP, bo += 2 * pitch) {
            FloatVector u = PanelOrder.low(b, bo, WIDE), v = PanelOrder.high(b, bo, WIDE), s;
            s = FloatVector.broadcast(F, a[i]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[i + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[i + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[i + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
            u = PanelOrder.low(b, bo + pitch, WIDE);
            v = PanelOrder.high(b, bo + pitch, WIDE);
            s = FloatVector.broadcast(F, a[i + STRIP]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[i + STRIP + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[i + STRIP + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[i + STRIP + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
        }
        if ((k & 1) != 0) {
            FloatVector u = PanelOrder.low(b, bo, WIDE), v = PanelOrder.high(b, bo, WIDE), s;
            s = FloatVector.broadcast(F, a[i]); x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            s = FloatVector.broadcast(F, a[i + 1]); x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            s = FloatVector.broadcast(F, a[i + 2]); x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            s = FloatVector.broadcast(F, a[i + 3]); x3 = s.fma(u, x3); y3 = s.fma(v, y3);
        }
        x0.intoArray(c, co); y0.intoArray(c, co + LANES);
        x1.intoArray(c, co + 2 * LANES); y1.intoArray(c, co + 3 * LANES);
        x2.intoArray(c, co + 4 * LANES); y2.intoArray(c, co + 5 * LANES);
        x3.intoArray(c, co + 6 * LANES); y3.intoArray(c, co + 7 * LANES);
    }
}
