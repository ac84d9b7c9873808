package lucid.kernels.simd.attention;

import static lucid.kernels.simd.vector.Species.F;

import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Attention;
import lucid.kernels.simd.vector.Species;

/// `C += Aᵀ B` over `float[]` scratch, A stored as it left the scores: [k][32 keys]. Serves dk and dv, whose rows are keys and whose chain runs over
/// queries. The twin of [AttentionRowTiles]; two classes because HotSpot drops the range check of `a[x + k * 32]` and of `a[x + k]`, not of
/// `a[x + k * stride]`.
final class AttentionColumnTiles {
    private static final int L = Species.LANES;

    private static final int KEYS = Attention.KEY_BLOCK;

    private static final int PANEL = AttentionRowTiles.PANEL;

    private AttentionColumnTiles() {}

    /// C[rows x cols] += Aᵀ B, `a[ao + k·32 + r]`, `b[bo + x/32·step + k·32 + x mod 32]`; cols a multiple of 16.
    static void multiplyAdd(int rows, int cols, int n, float[] a, int ao, float[] b, int bo, int step, float[] c, int co, int ldc) {
        if (n <= 0) return;
        for (int r = 0; r < rows; ) {
            int left = rows - r;
            int size = AttentionRowTiles.ROWS == 8 && left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            int x = 0;
            for (; x + 2 * L <= cols; x += 2 * L) wide(size, n, a, ao + r, b, bo + x / PANEL * step + x % PANEL, c, co + r * ldc + x, ldc);
            if (x < cols) narrow(size, n, a, ao + r, b, bo + x / PANEL * step, c, co + r * ldc + x, ldc);
            r += size;
        }
    }

    private static void wide(int size, int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        switch (size) {
            case 8 -> tile8x2(n, a, ao, b, bo, c, co, ldc);
            case 4 -> tile4x2(n, a, ao, b, bo, c, co, ldc);
            case 2 -> tile2x2(n, a, ao, b, bo, c, co, ldc);
            default -> tile1x2(n, a, ao, b, bo, c, co, ldc);
        }
    }

    private static void narrow(int size, int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        switch (size) {
            case 8 -> tile8x1(n, a, ao, b, bo, c, co, ldc);
            case 4 -> tile4x1(n, a, ao, b, bo, c, co, ldc);
            case 2 -> tile2x1(n, a, ao, b, bo, c, co, ldc);
            default -> tile1x1(n, a, ao, b, bo, c, co, ldc);
        }
    }

    private static void tile8x2(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co), c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc), c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc), c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc), c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc), c41 = FloatVector.fromArray(F, c, co + 4 * ldc + L);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc), c51 = FloatVector.fromArray(F, c, co + 5 * ldc + L);
        FloatVector c60 = FloatVector.fromArray(F, c, co + 6 * ldc), c61 = FloatVector.fromArray(F, c, co + 6 * ldc + L);
        FloatVector c70 = FloatVector.fromArray(F, c, co + 7 * ldc), c71 = FloatVector.fromArray(F, c, co + 7 * ldc + L);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p), b1 = FloatVector.fromArray(F, b, p + L);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            c01 = s.fma(b1, c01);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
            c11 = s.fma(b1, c11);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 2]);
            c20 = s.fma(b0, c20);
            c21 = s.fma(b1, c21);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 3]);
            c30 = s.fma(b0, c30);
            c31 = s.fma(b1, c31);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 4]);
            c40 = s.fma(b0, c40);
            c41 = s.fma(b1, c41);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 5]);
            c50 = s.fma(b0, c50);
            c51 = s.fma(b1, c51);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 6]);
            c60 = s.fma(b0, c60);
            c61 = s.fma(b1, c61);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 7]);
            c70 = s.fma(b0, c70);
            c71 = s.fma(b1, c71);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + L);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + L);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + L);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + L);
    }

    private static void tile4x2(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co), c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc), c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc), c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc), c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p), b1 = FloatVector.fromArray(F, b, p + L);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            c01 = s.fma(b1, c01);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
            c11 = s.fma(b1, c11);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 2]);
            c20 = s.fma(b0, c20);
            c21 = s.fma(b1, c21);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 3]);
            c30 = s.fma(b0, c30);
            c31 = s.fma(b1, c31);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
    }

    private static void tile2x2(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co), c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc), c11 = FloatVector.fromArray(F, c, co + ldc + L);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p), b1 = FloatVector.fromArray(F, b, p + L);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            c01 = s.fma(b1, c01);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
            c11 = s.fma(b1, c11);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
    }

    private static void tile1x2(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co), c01 = FloatVector.fromArray(F, c, co + L);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p), b1 = FloatVector.fromArray(F, b, p + L);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            c01 = s.fma(b1, c01);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
    }

    private static void tile8x1(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c60 = FloatVector.fromArray(F, c, co + 6 * ldc);
        FloatVector c70 = FloatVector.fromArray(F, c, co + 7 * ldc);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 2]);
            c20 = s.fma(b0, c20);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 3]);
            c30 = s.fma(b0, c30);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 4]);
            c40 = s.fma(b0, c40);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 5]);
            c50 = s.fma(b0, c50);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 6]);
            c60 = s.fma(b0, c60);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 7]);
            c70 = s.fma(b0, c70);
        }
        c00.intoArray(c, co);
        c10.intoArray(c, co + ldc);
        c20.intoArray(c, co + 2 * ldc);
        c30.intoArray(c, co + 3 * ldc);
        c40.intoArray(c, co + 4 * ldc);
        c50.intoArray(c, co + 5 * ldc);
        c60.intoArray(c, co + 6 * ldc);
        c70.intoArray(c, co + 7 * ldc);
    }

    private static void tile4x1(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 2]);
            c20 = s.fma(b0, c20);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 3]);
            c30 = s.fma(b0, c30);
        }
        c00.intoArray(c, co);
        c10.intoArray(c, co + ldc);
        c20.intoArray(c, co + 2 * ldc);
        c30.intoArray(c, co + 3 * ldc);
    }

    private static void tile2x1(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
            s = FloatVector.broadcast(F, a[ao + k * KEYS + 1]);
            c10 = s.fma(b0, c10);
        }
        c00.intoArray(c, co);
        c10.intoArray(c, co + ldc);
    }

    private static void tile1x1(int n, float[] a, int ao, float[] b, int bo, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        for (int k = 0, p = bo; k < n; k++, p += PANEL) {
            FloatVector b0 = FloatVector.fromArray(F, b, p);
            FloatVector s = FloatVector.broadcast(F, a[ao + k * KEYS]);
            c00 = s.fma(b0, c00);
        }
        c00.intoArray(c, co);
    }
}
