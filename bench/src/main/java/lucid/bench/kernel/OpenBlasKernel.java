package lucid.bench.kernel;

import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/// f32 products by OpenBLAS, into the same memory each time: `sgemm`, and `sgemv` for a single row. `product` takes its weights in turn; `gradWeight`
/// adds to the result, as Lucid's does.
public final class OpenBlasKernel implements KernelPeer {
    private record Factor(int rows, int cols, FloatPointer values) {}

    private Factor[] factors;
    private FloatPointer result;
    private Runnable call;
    private int next;

    @Override public String library() { return "openblas"; }

    @Override public void prepare(int threads, String operation, Stream<Operand> operands) {
        openblas_nolapack.blas_set_num_threads(threads);
        factors = operands.map(o -> new Factor(o.rows(), o.cols(), new FloatPointer((float[]) o.values()))).toArray(Factor[]::new);
        Factor a = factors[0];
        Factor b = factors[1];
        int none = openblas_nolapack.CblasNoTrans;
        int transposed = openblas_nolapack.CblasTrans;
        switch (operation) {
            case "product" -> ready(a.rows, b.rows, a.rows == 1 ? () -> gemv(a, right()) : () -> gemm(none, transposed, a.rows, b.rows, a.cols, a,
                    right(), 0));
            case "gradInput" -> ready(a.rows, b.cols, () -> gemm(none, none, a.rows, b.cols, a.cols, a, b, 0));
            case "gradWeight" -> ready(a.cols, b.cols, () -> gemm(transposed, none, a.cols, b.cols, a.rows, a, b, 1));
            default -> throw new IllegalArgumentException("openblas has no " + operation);
        }
    }

    private void ready(int m, int n, Runnable product) {
        result = new FloatPointer((long) m * n).zero();
        call = product;
    }

    /// The weights in turn.
    private Factor right() {
        next = next % (factors.length - 1) + 1;
        return factors[next];
    }

    private void gemm(int left, int right, int m, int n, int k, Factor a, Factor b, float beta) {
        openblas_nolapack.cblas_sgemm(openblas_nolapack.CblasRowMajor, left, right, m, n, k, 1, a.values, a.cols, b.values, b.cols, beta, result, n);
    }

    private void gemv(Factor x, Factor w) {
        openblas_nolapack.cblas_sgemv(openblas_nolapack.CblasRowMajor, openblas_nolapack.CblasNoTrans, w.rows, w.cols, 1, w.values, w.cols, x.values,
                1, 0, result, 1);
    }

    @Override public void run() { call.run(); }

    @Override public float[] result() {
        float[] values = new float[Math.toIntExact(result.limit())];
        result.get(values);
        return values;
    }

    @Override public void close() {
        for (Factor f : factors) f.values.close();
        if (result != null) result.close();
    }
}
