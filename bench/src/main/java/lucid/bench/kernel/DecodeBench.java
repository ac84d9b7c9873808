package lucid.bench.kernel;

import java.util.Arrays;
import java.util.stream.Stream;
import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Products with few rows, as in decoding: a 2048 x 11008 weight is read once per call, so memory is the limit, until the
/// FMAs of the rows take longer than the reading: 8 rows of a 16-bit weight need 8 operations for each byte.
///
/// One weight alone may stay in the last cache of a large processor. `layers` of them in turn do not, as in a model: then calls and the read loop both have the bandwidth of the
/// memory itself. A weight lies row by row, or is packed ([lucid.kernels.Device#prepack], which does nothing for f16).
///
/// OpenBLAS has f32 only. libtorch multiplies 16-bit weights with rows of the same type, and so rounds what Lucid does not. Neither has a layout of its own.
public class DecodeBench extends KernelBench {
    private static final int WIDTH = 2048;
    private static final int OUTPUTS = 11008;
    private static final int READINGS = 40;

    @Param({"1", "2", "4", "8"}) public int rows;
    @Param({"1", "16"}) public int layers;

    @State(Scope.Benchmark) public static class Weights {
        @Param({"F32", "BF16", "F16"}) public DType weights;
    }

    @State(Scope.Benchmark) public static class LaidWeights extends Weights {
        @Param({"packed", "rows"}) public String layout;
    }

    @State(Scope.Benchmark) public static class OpenBlasWeights {
        @Param("F32") public DType weights;
    }

    private DType weights;
    private Matrix x;
    private Matrix[] w;
    private Matrix y;
    private int next;

    @Override void prepare() {
        weights = DType.valueOf(parameter("weights"));
        x = random(rows, WIDTH);
        w = new Matrix[layers];
        Arrays.setAll(w, _ -> random(weights, OUTPUTS, WIDTH));
        y = random(rows, OUTPUTS);
        if ("packed".equals(parameter("layout"))) pack();
    }

    /// Until every weight has been read often enough to be packed.
    private void pack() {
        long before = device.liveBytes();
        for (Matrix weight : w) device.prepack(weight);
        for (int i = 0; i < READINGS * layers; i++) multiply(null);
        boolean packed = device.liveBytes() - before >= (long) layers * OUTPUTS * WIDTH * weights.bytes();
        if (!packed && weights != DType.F16) throw new IllegalStateException("the weights are not packed after " + READINGS + " readings");
    }

    @Override void limit(String kernel, Limit limit) {
        double bytes = (double) WIDTH * OUTPUTS * weights.bytes();
        limit.either(workers, block(layers * bytes), bytes, 2.0 * rows * WIDTH * OUTPUTS);
    }

    /// Rows below 1 that are rounded to 16 bits are off by half a unit in the last place, at most, and so is each product with a weight below 1; then the result is rounded, which is below 64.
    @Override Comparison comparison(String kernel) {
        Matrix rounded = x;
        double tolerance = Comparison.sumOf(WIDTH);
        if (weights != DType.F32) {
            rounded = Matrix.of(device.allocate(weights, x.size()), rows, WIDTH);
            device.conversion().convert(x, rounded);
            tolerance = (WIDTH + 64) * (weights == DType.F16 ? 0x1p-12 : 0x1p-9);
        }
        Matrix[] operands = Stream.concat(Stream.of(rounded), Stream.of(w)).toArray(Matrix[]::new);
        return new Comparison("product", () -> multiply(null), y, tolerance, operands);
    }

    @Benchmark public void multiply(LaidWeights asked) {
        device.matMul().multiply(x, false, w[next], true, null, Accumulate.SET, y);
        next = (next + 1) % layers;
    }

    @Benchmark public void multiply_libtorch(Weights asked) { peer(); }

    @Benchmark public void multiply_openblas(OpenBlasWeights asked) { peer(); }
}
