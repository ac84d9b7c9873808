package lucid.kernels.corpus;

import static lucid.kernels.corpus.CorpusCase.Format.BF16;
import static lucid.kernels.corpus.CorpusCase.Format.F32;
import static lucid.kernels.corpus.CorpusCase.Format.S32;
import static lucid.kernels.corpus.CorpusCase.Format.U32;
import static lucid.kernels.corpus.Data.ceilDiv;

import java.util.List;
import java.util.Random;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.tensor.form.Swizzle;

/// Kernels whose results are exact: an element depends on a fixed few inputs by rounded operations that Java repeats bit for bit, or on counting.
final class ElementCases {
    private ElementCases() {
    }

    static List<CorpusCase> all() {
        return List.of(vectorAdd(1), vectorAdd(8), vectorAdd(511), vectorAdd(512), vectorAdd(1030), transpose(1, 1), transpose(32, 32),
                transpose(33, 70), histogram(5, 1), histogram(3003, 2),
                stencil(1, 1), stencil(512, 1), stencil(5 * 512 + 7, 2), stencil(1026, 1), scaleTma(1, 4, 1), scaleTma(40, 100, 2),
                        scaleTma(100, 68, 1), multicast(5, 100), multicast(21, 600), scan(1, 1), scan(2, 300), scan(1, 256),
                reverse(1, 1), reverse(64 * 9 + 5, 1), reverse(64 * 7, 2), transposeStmatrix(8, 1), transposeStmatrix(72, 70));
    }

    static CorpusCase vectorAdd(int n) {
        float[] a = Data.normal(1, n);
        float[] b = Data.normal(2, n);
        double[] c = new double[n];
        for (int i = 0; i < n; i++) c[i] = a[i] + b[i]; // one rounding to f32, as add.rn
        return CorpusCase.of("vector_add_f32_sm80", "n=" + n).grid(ceilDiv(n, 512), 1, 1).block(128, 1).in("a", Data.f32(a)).in("b", Data.f32(b))
                .out("c", F32, c, new double[n])
                .u32("n", n).build();
    }

    static CorpusCase transpose(int rows, int cols) {
        float[] x = Data.normal(3, rows * cols);
        double[] y = new double[rows * cols];
        for (int r = 0; r < rows; r++) for (int c = 0; c < cols; c++) y[c * rows + r] = x[r * cols + c];
        return CorpusCase.of("transpose_32x32_f32_sm80", rows + "x" + cols).grid(ceilDiv(cols, 32), ceilDiv(rows, 32), 1).block(32, 8)
                .in("x", Data.f32(x))
                .out("y", F32, y, new double[y.length]).u32("rows", rows).u32("cols", cols).build();
    }

    static CorpusCase histogram(int n, int blocks) {
        byte[] data = new byte[(n + 3) / 4 * 4]; // the last word is whole so that the buffer is; its surplus bytes must not be counted
        Random random = new Random(4);
        double[] bins = new double[256];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) Math.min(255, Math.abs(random.nextGaussian()) * 20); // many equal values: the atomics collide
            if (i < n) bins[data[i] & 255]++;
        }
        return CorpusCase.of("histogram_256_u32_sm80", "n=" + n + " blocks=" + blocks).grid(blocks, 1, 1).block(256, 1).in("data", data)
                .zeroed("bins", U32, bins).u32("n", n).build();
    }

    static CorpusCase stencil(int n, int blocks) {
        float[] x = Data.normal(5, n);
        float w0 = 0.3f;
        float w1 = -1.7f;
        float w2 = 0.9f;
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            float before = i == 0 ? 0 : x[i - 1];
            float after = i == n - 1 ? 0 : x[i + 1];
            y[i] = Math.fma(w2, after, Math.fma(w1, x[i], w0 * before));
        }
        return CorpusCase.of("stencil3_cp_async_f32_sm80", "n=" + n + " blocks=" + blocks).grid(blocks, 1, 1).block(128, 1).in("x", Data.f32(x))
                .out("y", F32, y, new double[n]).u32("n", n)
                .f32("w0", w0).f32("w1", w1).f32("w2", w2).build();
    }

    static CorpusCase scaleTma(int rows, int cols, int blocks) {
        float[] x = Data.normal(6, rows * cols);
        float alpha = 1.1f;
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) y[i] = x[i] * alpha;
        return CorpusCase.of("scale_tma_ring_f32_sm90a", rows + "x" + cols + " blocks=" + blocks).grid(blocks, 1, 1).block(160, 1).shared(20528)
                .mapIn("mapX", TensorMap.Type.F32, rows, cols, 32, 32, Swizzle.BYTES_128, Data.f32(x))
                .mapOut("mapY", TensorMap.Type.F32, rows, cols, 32, 32, Swizzle.NONE, F32, y, new double[y.length]).u32("rows", rows)
                        .u32("cols", cols).f32("alpha", alpha).build();
    }

    static CorpusCase multicast(int rows, int cols) {
        float[] x = Data.normal(7, rows * cols);
        float[] w = Data.normal(8, cols);
        double[] y = new double[x.length];
        for (int r = 0; r < rows; r++) for (int c = 0; c < cols; c++) y[r * cols + c] = x[r * cols + c] * w[c];
        return CorpusCase.of("cluster_multicast_scale_f32_sm90a", rows + "x" + cols).grid(2 * ceilDiv(rows, 16), 1, 1).cluster(2).block(256, 1)
                .shared(1032)
                .mapIn("mapW", TensorMap.Type.F32, 0, cols, 0, 128, Swizzle.NONE, Data.f32(w)).in("x", Data.f32(x))
                        .out("y", F32, y, new double[y.length]).u32("rows", rows)
                .u32("cols", cols).build();
    }

    static CorpusCase scan(int rows, int cols) {
        Random random = new Random(9);
        int[] x = new int[rows * cols];
        double[] y = new double[x.length];
        for (int r = 0; r < rows; r++) {
            int sum = 0;
            for (int c = 0; c < cols; c++) {
                x[r * cols + c] = random.nextInt();
                y[r * cols + c] = sum += x[r * cols + c];
            }
        }
        return CorpusCase.of("scan_inclusive_s32_sm80", rows + "x" + cols).grid(rows, 1, 1).block(128, 1).in("x", Data.s32(x))
                .out("y", S32, y, new double[y.length]).u32("cols", cols).build();
    }

    static CorpusCase reverse(int n, int blocks) {
        float[] x = Data.normal(10, n);
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            int from = i ^ 63;
            y[i] = from < n ? x[from] : 0;
        }
        return CorpusCase.of("named_barrier_reverse_f32_sm80", "n=" + n + " blocks=" + blocks).grid(blocks, 1, 1).block(128, 1).in("x", Data.f32(x))
                .out("y", F32, y, new double[n])
                .u32("n", n).build();
    }

    static CorpusCase transposeStmatrix(int rows, int cols) {
        float[] x = Data.normal(13, rows * cols);
        double[] y = new double[x.length];
        for (int r = 0; r < rows; r++) for (int c = 0; c < cols; c++) y[c * rows + r] = Data.toBf16(x[r * cols + c]);
        return CorpusCase.of("transpose_stmatrix_tma_bf16_sm90a", rows + "x" + cols).grid(ceilDiv(cols, 64), ceilDiv(rows, 64), 1).block(128, 1)
                .shared(8192).in("x", Data.f32(x))
                .mapOut("mapY", TensorMap.Type.BF16, cols, rows, 64, 64, Swizzle.BYTES_128, BF16, y, new double[y.length]).u32("rows", rows)
                        .u32("cols", cols).build();
    }
}
