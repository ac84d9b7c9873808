package lucid.bench.kernel;

import java.util.ServiceLoader;
import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Matrix;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// f32 products `[m, k] · [n, k]ᵀ`, as a linear layer computes them, beside OpenBLAS and, where it was built, libtorch. Shapes: square ones, and a 3B model's layer at 256 and 640 tokens.
public class MatMulBench extends KernelBench {
    @Param({"1024x1024x1024", "2048x2048x2048", "256x11008x2048", "640x2048x2048"}) public String shape;

    private int m;
    private int n;
    private int k;
    private Matrix a;
    private Matrix b;
    private Matrix c;
    private FloatPointer peerA;
    private FloatPointer peerB;
    private FloatPointer peerC;
    private ProductPeer libtorch;

    @Override void prepare() {
        String[] sizes = shape.split("x");
        m = Integer.parseInt(sizes[0]);
        n = Integer.parseInt(sizes[1]);
        k = Integer.parseInt(sizes[2]);
        a = random(m, k);
        b = random(n, k);
        c = random(m, n);
        openblas_nolapack.blas_set_num_threads(THREADS);
        peerA = copy(a);
        peerB = copy(b);
        peerC = copy(c);
        openLibtorch();
    }

    private float[] values(Matrix matrix) {
        float[] values = new float[matrix.rows() * matrix.cols()];
        device.read(matrix.buffer(), 0, values);
        return values;
    }

    private FloatPointer copy(Matrix matrix) { return new FloatPointer(values(matrix)); }

    @TearDown(Level.Trial) public void freePeer() {
        peerA.close();
        peerB.close();
        peerC.close();
        if (libtorch != null) libtorch.close();
    }

    @Override void limit(String kernel, Limit limit) { limit.arithmetic(workers, 2.0 * m * n * k); }

    @Benchmark public void multiply() { device.matMul().multiply(a, false, b, true, null, Accumulate.SET, c); }

    private void openLibtorch() {
        libtorch = ServiceLoader.load(ProductPeer.class).findFirst().orElse(null);
        if (libtorch == null) return;
        libtorch.prepare(THREADS, values(a), values(b), m, n, k);
        libtorch.multiply();
        multiply();
        float[] found = libtorch.result();
        float[] wanted = values(c);
        // Factors in [-1, 1): a sum of k products in any order keeps within k · 2^-23 of the true one.
        for (int i = 0; i < wanted.length; i++) {
            if (!(Math.abs(found[i] - wanted[i]) <= k * 0x1p-22f)) throw new IllegalStateException("libtorch computes something else: element " + i + " is " + found[i] + ", wanted " + wanted[i]);
        }
    }

    /// Run only where it was built, see `lucid.bench.OptionalPeers`.
    @Benchmark public void multiply_libtorch() { libtorch.multiply(); }

    @Benchmark public void multiply_openblas() {
        openblas_nolapack.cblas_sgemm(openblas_nolapack.CblasRowMajor, openblas_nolapack.CblasNoTrans, openblas_nolapack.CblasTrans, m, n, k, 1, peerA, k, peerB, k, 0, peerC, n);
    }
}
