package lucid.kernels.corpus;

import static lucid.kernels.corpus.CorpusCase.Format.BF16;
import static lucid.kernels.corpus.CorpusCase.Format.F32;
import static lucid.kernels.corpus.CorpusCase.Format.U32;
import static lucid.kernels.corpus.Data.U;
import static lucid.kernels.corpus.Data.ceilDiv;

import java.util.List;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.tensor.form.Swizzle;

/// Matrix products and attention.
///
/// A tensor core may add the products of a step in any order and may truncate instead of round, so a sum of K products is held to 2 K u sum |a b|
/// (every addition off by one unit in the last place); a scalar fma chain to K u sum |a b|.
final class MatrixCases {
    private MatrixCases() {
    }

    static List<CorpusCase> all() {
        return List.of(mma(1, 1, 8), mma(64, 64, 64), mma(70, 50, 40), mma(65, 129, 104), splitK(16, 16, 16, 1, 16), splitK(17, 19, 70, 3, 32),
                attention(1, 1), attention(2, 69), attention(1, 130),
                wgmma(5, 3, 8), wgmma(128, 64, 64), wgmma(130, 70, 328), simt(1, 1, 1), simt(64, 64, 16), simt(67, 70, 21));
    }

    private record Product(float[] a, float[] b, double[] c, double[] bound) {
    }

    /// C = A B^T (or A B) and its bound, `error` being the relative error of one step.
    private static Product product(int m, int n, int k, boolean bTransposed, float[] a, float[] b, double error) {
        double[] c = new double[m * n];
        double[] bound = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int l = 0; l < k; l++) {
                    double p = (double) a[i * k + l] * (bTransposed ? b[j * k + l] : b[l * n + j]);
                    c[i * n + j] += p;
                    bound[i * n + j] += Math.abs(p) * k * error;
                }
            }
        }
        return new Product(a, b, c, bound);
    }

    static CorpusCase mma(int m, int n, int k) {
        Product p = product(m, n, k, true, Data.normalBf16(21, m * k), Data.normalBf16(22, n * k), 2 * U);
        return CorpusCase.of("gemm_nt_64x64x32_bf16_sm80", m + "x" + n + "x" + k).grid(ceilDiv(n, 64), ceilDiv(m, 64), 1).block(128, 1)
                .in("A", Data.bf16(p.a)).in("B", Data.bf16(p.b))
                .out("C", F32, p.c, p.bound).u32("M", m).u32("N", n).u32("K", k).build();
    }

    static CorpusCase wgmma(int m, int n, int k) {
        Product p = product(m, n, k, true, Data.normalBf16(23, m * k), Data.normalBf16(24, n * k), 2 * U);
        return CorpusCase.of("gemm_nt_128x64x64_bf16_sm90a", m + "x" + n + "x" + k).grid(ceilDiv(n, 64), ceilDiv(m, 128), 1).block(384, 1)
                .shared(73776)
                .mapIn("mapA", TensorMap.Type.BF16, m, k, 128, 64, Swizzle.BYTES_128, Data.bf16(p.a))
                        .mapIn("mapB", TensorMap.Type.BF16, n, k, 64, 64, Swizzle.BYTES_128, Data.bf16(p.b))
                .out("C", F32, p.c, p.bound).u32("M", m).u32("N", n).u32("K", k).build();
    }

    static CorpusCase splitK(int m, int n, int k, int splits, int chunk) {
        Product p = product(m, n, k, false, Data.normal(25, m * k), Data.normal(26, k * n), U);
        int tiles = ceilDiv(n, 16) * ceilDiv(m, 16);
        return CorpusCase.of("gemm_splitk_16x16_f32_sm80", m + "x" + n + "x" + k + " splits=" + splits).grid(ceilDiv(n, 16), ceilDiv(m, 16), splits)
                .block(16, 16).in("A", Data.f32(p.a))
                .in("B", Data.f32(p.b)).out("C", F32, p.c, p.bound).scratch("workspace", 4 * splits * m * n).zeroed("arrived", U32, new double[tiles])
                        .u32("M", m).u32("N", n).u32("K", k)
                .u32("chunk", chunk).build();
    }

    static CorpusCase simt(int m, int n, int k) {
        float[] a = Data.normal(30, m * k);
        float[] b = Data.normal(31, k * n);
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = 0;
                for (int l = 0; l < k; l++) sum = Math.fma(a[i * k + l], b[l * n + j], sum);
                c[i * n + j] = sum; // the kernel's order is the textbook's: equal to the bit
            }
        }
        return CorpusCase.of("gemm_nn_64x64x8_f32_sm80", m + "x" + n + "x" + k).grid(ceilDiv(n, 64), ceilDiv(m, 64), 1).block(256, 1)
                .in("A", Data.f32(a)).in("B", Data.f32(b))
                .out("C", F32, c, new double[c.length]).u32("M", m).u32("N", n).u32("K", k).build();
    }

    /// P is rounded to bf16 (8 bits: 2^-8 relative) before it meets V, O is rounded to bf16 at the end; everything else is far smaller.
    static CorpusCase attention(int heads, int s) {
        int d = 64;
        float[] q = Data.normalBf16(27, heads * s * d);
        float[] k = Data.normalBf16(28, heads * s * d);
        float[] v = Data.normalBf16(29, heads * s * d);
        double scale = 1 / Math.sqrt(d);
        double[] o = new double[q.length];
        double[] oBound = new double[q.length];
        double[] lse = new double[heads * s];
        double[] lseBound = new double[heads * s];
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < s; i++) {
                int row = h * s + i;
                double[] p = new double[i + 1];
                double sum = 0;
                for (int j = 0; j <= i; j++) {
                    double dot = 0;
                    for (int e = 0; e < d; e++) dot += (double) q[row * d + e] * k[(h * s + j) * d + e];
                    p[j] = Math.exp(dot * scale);
                    sum += p[j];
                }
                lse[row] = Math.log(sum);
                lseBound[row] = 1e-5;
                for (int e = 0; e < d; e++) {
                    double absolute = 0;
                    for (int j = 0; j <= i; j++) {
                        double term = p[j] / sum * v[(h * s + j) * d + e];
                        o[row * d + e] += term;
                        absolute += Math.abs(term);
                    }
                    oBound[row * d + e] = 1.01 * 0x1p-8 * (absolute + Math.abs(o[row * d + e])) + 1e-5;
                }
            }
        }
        return CorpusCase.of("attention_causal_64x32x64_bf16_sm80", "heads=" + heads + " S=" + s).grid(ceilDiv(s, 64), heads, 1).block(128, 1)
                .in("Q", Data.bf16(q)).in("K", Data.bf16(k))
                .in("V", Data.bf16(v)).out("O", BF16, o, oBound).out("L", F32, lse, lseBound).u32("S", s)
                        .f32("scaleLog2", (float) (scale * 1.4426950408889634)).build();
    }
}
