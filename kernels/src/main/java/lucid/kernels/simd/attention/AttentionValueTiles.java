package lucid.kernels.simd.attention;

import static lucid.kernels.simd.vector.Species.F;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.simd.vector.Species;

/// `o = o c + p v`, block of keys after block of keys: outputs stay in registers from the first block to the last. Probabilities lie as
/// [AttentionTallSoftmax] leaves them, values in panels [keys][32]. Beside [AttentionColumnTiles] because of the shrinking, and because one block
/// alone is only 32 FMAs a chain: loading and storing a tile's accumulators took a fifth of its time, and the outputs of a panel went through L1 with
/// every block.
final class AttentionValueTiles {
    private static final int L = Species.LANES;
    /// Columns of a panel of values.
    private static final int COLUMNS = AttentionRowTiles.PANEL;
    /// Rows of a panel of scores.
    private static final int ROWS = AttentionTallSoftmax.PANEL;
    private static final int BLOCK = AttentionTallSoftmax.BLOCK;

    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    /// Bytes from key to key of a panel of values, and to its second half.
    private static final long PITCH = 4L * COLUMNS;
    private static final long HALF = 4L * L;

    private AttentionValueTiles() {}

    /// For `blocks` blocks of `keys` keys each (of 32, if there are several): `o[oo + r·cols + x]`, `p = s[so + block + k·ROWS + r]`, `c = s[shrink +
    /// block + r]`, the values in memory that begins lines, `v[vo + x/32·step + (block + k)·32 + x mod 32]`. One row, or a multiple of the tallest
    /// tile; cols a multiple of 16.
    static void multiplyAdd(int rows, int cols, int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, int vo, int step,
            float[] o, int oo) {
        if (blocks == 0) return;
        int height = Math.min(rows, AttentionRowTiles.ROWS);
        for (int x = 0; x < cols; x += 2 * L) {
            long values = 4L * (vo + x / COLUMNS * step + x % COLUMNS);
            for (int r = 0; r < rows; r += height)
                tile(height, x + 2 * L <= cols, blocks, keys, s, so + r, shrink + r, v, values, o, oo + r * cols + x, cols);
        }
    }

    private static void tile(int height, boolean wide, int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o,
            int oo, int ldo) {
        if (height == 8) {
            if (wide) tile8x2(blocks, keys, s, so, shrink, v, vo, o, oo, ldo);
            else tile8x1(blocks, keys, s, so, shrink, v, vo, o, oo, ldo);
        } else if (height == 4) {
            if (wide) tile4x2(blocks, keys, s, so, shrink, v, vo, o, oo, ldo);
            else tile4x1(blocks, keys, s, so, shrink, v, vo, o, oo, ldo);
        } else if (wide) {
            tile1x2(blocks, keys, s, so, shrink, v, vo, o, oo);
        } else {
            tile1x1(blocks, keys, s, so, shrink, v, vo, o, oo);
        }
    }

    private static void tile8x2(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo, int ldo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo), c01 = FloatVector.fromArray(F, o, oo + L);
        FloatVector c10 = FloatVector.fromArray(F, o, oo + ldo), c11 = FloatVector.fromArray(F, o, oo + ldo + L);
        FloatVector c20 = FloatVector.fromArray(F, o, oo + 2 * ldo), c21 = FloatVector.fromArray(F, o, oo + 2 * ldo + L);
        FloatVector c30 = FloatVector.fromArray(F, o, oo + 3 * ldo), c31 = FloatVector.fromArray(F, o, oo + 3 * ldo + L);
        FloatVector c40 = FloatVector.fromArray(F, o, oo + 4 * ldo), c41 = FloatVector.fromArray(F, o, oo + 4 * ldo + L);
        FloatVector c50 = FloatVector.fromArray(F, o, oo + 5 * ldo), c51 = FloatVector.fromArray(F, o, oo + 5 * ldo + L);
        FloatVector c60 = FloatVector.fromArray(F, o, oo + 6 * ldo), c61 = FloatVector.fromArray(F, o, oo + 6 * ldo + L);
        FloatVector c70 = FloatVector.fromArray(F, o, oo + 7 * ldo), c71 = FloatVector.fromArray(F, o, oo + 7 * ldo + L);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x); c01 = c01.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 1]); c10 = c10.mul(x); c11 = c11.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 2]); c20 = c20.mul(x); c21 = c21.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 3]); c30 = c30.mul(x); c31 = c31.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 4]); c40 = c40.mul(x); c41 = c41.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 5]); c50 = c50.mul(x); c51 = c51.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 6]); c60 = c60.mul(x); c61 = c61.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 7]); c70 = c70.mul(x); c71 = c71.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE), v1 = FloatVector.fromMemorySegment(F, v, p + HALF, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00); c01 = x.fma(v1, c01);
                x = FloatVector.broadcast(F, s[i + 1]); c10 = x.fma(v0, c10); c11 = x.fma(v1, c11);
                x = FloatVector.broadcast(F, s[i + 2]); c20 = x.fma(v0, c20); c21 = x.fma(v1, c21);
                x = FloatVector.broadcast(F, s[i + 3]); c30 = x.fma(v0, c30); c31 = x.fma(v1, c31);
                x = FloatVector.broadcast(F, s[i + 4]); c40 = x.fma(v0, c40); c41 = x.fma(v1, c41);
                x = FloatVector.broadcast(F, s[i + 5]); c50 = x.fma(v0, c50); c51 = x.fma(v1, c51);
                x = FloatVector.broadcast(F, s[i + 6]); c60 = x.fma(v0, c60); c61 = x.fma(v1, c61);
                x = FloatVector.broadcast(F, s[i + 7]); c70 = x.fma(v0, c70); c71 = x.fma(v1, c71);
            }
        }
        c00.intoArray(o, oo); c01.intoArray(o, oo + L);
        c10.intoArray(o, oo + ldo); c11.intoArray(o, oo + ldo + L);
        c20.intoArray(o, oo + 2 * ldo); c21.intoArray(o, oo + 2 * ldo + L);
        c30.intoArray(o, oo + 3 * ldo); c31.intoArray(o, oo + 3 * ldo + L);
        c40.intoArray(o, oo + 4 * ldo); c41.intoArray(o, oo + 4 * ldo + L);
        c50.intoArray(o, oo + 5 * ldo); c51.intoArray(o, oo + 5 * ldo + L);
        c60.intoArray(o, oo + 6 * ldo); c61.intoArray(o, oo + 6 * ldo + L);
        c70.intoArray(o, oo + 7 * ldo); c71.intoArray(o, oo + 7 * ldo + L);
    }

    private static void tile8x1(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo, int ldo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo);
        FloatVector c10 = FloatVector.fromArray(F, o, oo + ldo);
        FloatVector c20 = FloatVector.fromArray(F, o, oo + 2 * ldo);
        FloatVector c30 = FloatVector.fromArray(F, o, oo + 3 * ldo);
        FloatVector c40 = FloatVector.fromArray(F, o, oo + 4 * ldo);
        FloatVector c50 = FloatVector.fromArray(F, o, oo + 5 * ldo);
        FloatVector c60 = FloatVector.fromArray(F, o, oo + 6 * ldo);
        FloatVector c70 = FloatVector.fromArray(F, o, oo + 7 * ldo);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 1]); c10 = c10.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 2]); c20 = c20.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 3]); c30 = c30.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 4]); c40 = c40.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 5]); c50 = c50.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 6]); c60 = c60.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 7]); c70 = c70.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00);
                x = FloatVector.broadcast(F, s[i + 1]); c10 = x.fma(v0, c10);
                x = FloatVector.broadcast(F, s[i + 2]); c20 = x.fma(v0, c20);
                x = FloatVector.broadcast(F, s[i + 3]); c30 = x.fma(v0, c30);
                x = FloatVector.broadcast(F, s[i + 4]); c40 = x.fma(v0, c40);
                x = FloatVector.broadcast(F, s[i + 5]); c50 = x.fma(v0, c50);
                x = FloatVector.broadcast(F, s[i + 6]); c60 = x.fma(v0, c60);
                x = FloatVector.broadcast(F, s[i + 7]); c70 = x.fma(v0, c70);
            }
        }
        c00.intoArray(o, oo);
        c10.intoArray(o, oo + ldo);
        c20.intoArray(o, oo + 2 * ldo);
        c30.intoArray(o, oo + 3 * ldo);
        c40.intoArray(o, oo + 4 * ldo);
        c50.intoArray(o, oo + 5 * ldo);
        c60.intoArray(o, oo + 6 * ldo);
        c70.intoArray(o, oo + 7 * ldo);
    }

    private static void tile4x2(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo, int ldo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo), c01 = FloatVector.fromArray(F, o, oo + L);
        FloatVector c10 = FloatVector.fromArray(F, o, oo + ldo), c11 = FloatVector.fromArray(F, o, oo + ldo + L);
        FloatVector c20 = FloatVector.fromArray(F, o, oo + 2 * ldo), c21 = FloatVector.fromArray(F, o, oo + 2 * ldo + L);
        FloatVector c30 = FloatVector.fromArray(F, o, oo + 3 * ldo), c31 = FloatVector.fromArray(F, o, oo + 3 * ldo + L);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x); c01 = c01.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 1]); c10 = c10.mul(x); c11 = c11.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 2]); c20 = c20.mul(x); c21 = c21.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 3]); c30 = c30.mul(x); c31 = c31.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE), v1 = FloatVector.fromMemorySegment(F, v, p + HALF, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00); c01 = x.fma(v1, c01);
                x = FloatVector.broadcast(F, s[i + 1]); c10 = x.fma(v0, c10); c11 = x.fma(v1, c11);
                x = FloatVector.broadcast(F, s[i + 2]); c20 = x.fma(v0, c20); c21 = x.fma(v1, c21);
                x = FloatVector.broadcast(F, s[i + 3]); c30 = x.fma(v0, c30); c31 = x.fma(v1, c31);
            }
        }
        c00.intoArray(o, oo); c01.intoArray(o, oo + L);
        c10.intoArray(o, oo + ldo); c11.intoArray(o, oo + ldo + L);
        c20.intoArray(o, oo + 2 * ldo); c21.intoArray(o, oo + 2 * ldo + L);
        c30.intoArray(o, oo + 3 * ldo); c31.intoArray(o, oo + 3 * ldo + L);
    }

    private static void tile4x1(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo, int ldo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo);
        FloatVector c10 = FloatVector.fromArray(F, o, oo + ldo);
        FloatVector c20 = FloatVector.fromArray(F, o, oo + 2 * ldo);
        FloatVector c30 = FloatVector.fromArray(F, o, oo + 3 * ldo);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 1]); c10 = c10.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 2]); c20 = c20.mul(x);
            x = FloatVector.broadcast(F, s[shrink + 3]); c30 = c30.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00);
                x = FloatVector.broadcast(F, s[i + 1]); c10 = x.fma(v0, c10);
                x = FloatVector.broadcast(F, s[i + 2]); c20 = x.fma(v0, c20);
                x = FloatVector.broadcast(F, s[i + 3]); c30 = x.fma(v0, c30);
            }
        }
        c00.intoArray(o, oo);
        c10.intoArray(o, oo + ldo);
        c20.intoArray(o, oo + 2 * ldo);
        c30.intoArray(o, oo + 3 * ldo);
    }

    private static void tile1x2(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo), c01 = FloatVector.fromArray(F, o, oo + L);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x); c01 = c01.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE), v1 = FloatVector.fromMemorySegment(F, v, p + HALF, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00); c01 = x.fma(v1, c01);
            }
        }
        c00.intoArray(o, oo); c01.intoArray(o, oo + L);
    }

    private static void tile1x1(int blocks, int keys, float[] s, int so, int shrink, MemorySegment v, long vo, float[] o, int oo) {
        FloatVector c00 = FloatVector.fromArray(F, o, oo);
        long p = vo;
        for (int b = 0; b < blocks; b++, so += BLOCK, shrink += BLOCK) {
            FloatVector x;
            x = FloatVector.broadcast(F, s[shrink]); c00 = c00.mul(x);
            for (int i = so, end = so + keys * ROWS; i < end; i += ROWS, p += PITCH) {
                FloatVector v0 = FloatVector.fromMemorySegment(F, v, p, NATIVE);
                x = FloatVector.broadcast(F, s[i]); c00 = x.fma(v0, c00);
            }
        }
        c00.intoArray(o, oo);
    }
}
