package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// f32 products `[m, k] · [n, k]ᵀ`, as a linear layer computes them, beside OpenBLAS and, where it was built, libtorch. Shapes: square ones, and a 3B
/// model's layer at 256 and 640 tokens.
public class MatMulBench extends KernelBench {
    @Param({"1024x1024x1024", "2048x2048x2048", "256x11008x2048", "640x2048x2048"}) public String shape;

    private int m;
    private int n;
    private int k;
    private Matrix a;
    private Matrix b;
    private Matrix c;

    @Override void prepare() {
        String[] sizes = shape.split("x");
        m = Integer.parseInt(sizes[0]);
        n = Integer.parseInt(sizes[1]);
        k = Integer.parseInt(sizes[2]);
        a = random(m, k);
        b = random(n, k);
        c = random(m, n);
    }

    @Override void limit(String kernel, Limit limit) { limit.arithmetic(workers, 2.0 * m * n * k); }

    @Benchmark public void multiply() { device.matMul().multiply(a, false, b, true, null, Accumulate.SET, c); }

    @Override Comparison comparison(String kernel) { return new Comparison("product", this::multiply, c, Comparison.sumOf(k), a, b); }

    @Benchmark public void multiply_libtorch() { peer(); }

    @Benchmark public void multiply_openblas() { peer(); }
}
