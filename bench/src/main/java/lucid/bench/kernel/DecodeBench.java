package lucid.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.host.HostBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Products with few rows, as in decoding: a 2048 x 11008 weight is read once per call, so memory is the limit, until the
/// FMAs of the rows take longer than the reading: 8 rows of a 16-bit weight need 8 operations for each byte.
///
/// One weight alone may stay in the last cache of a large processor. `layers` of them in turn do not, as in a model: then calls and the read loop
/// both have the bandwidth of the memory itself. A weight lies row by row, or is packed ([lucid.kernels.Device#packedOrder], which does not take
/// f16). The read loop reads what the products read.
///
/// OpenBLAS has f32 only. libtorch multiplies 16-bit weights with rows of the same type, and so rounds what Lucid does not. Neither has a layout of
/// its own.
public class DecodeBench extends KernelBench {
    private static final int WIDTH = 2048;
    private static final int OUTPUTS = 11008;

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
    private List<MemorySegment> read;
    private int next;

    @Override void prepare() {
        weights = DType.valueOf(parameter("weights"));
        x = random(rows, WIDTH);
        w = new Matrix[layers];
        Arrays.setAll(w, _ -> random(weights, OUTPUTS, WIDTH));
        y = random(rows, OUTPUTS);
        read = Stream.of(w).map("packed".equals(parameter("layout")) ? this::packed : DecodeBench::segment).toList();
    }

    /// What products read of w: its copy, or w itself where its type is not packed.
    private MemorySegment packed(Matrix w) {
        PackedOrder order = device.packedOrder().orElseThrow();
        if (!order.takes(w.dtype())) return segment(w);
        HostBuffer copy = HostBuffer.of(w.buffer()).beside(order.length(OUTPUTS, WIDTH));
        order.pack(w, copy);
        order.use(w, copy);
        return copy.segment();
    }

    private static MemorySegment segment(Matrix w) { return HostBuffer.segment(w); }

    @Override void limit(String kernel, Limit limit) {
        limit.either(workers, read, (double) WIDTH * OUTPUTS * weights.bytes(), 2.0 * rows * WIDTH * OUTPUTS);
    }

    /// Rows below 1 that are rounded to 16 bits are off by half a unit in the last place, at most, and so is each product with a weight below 1; then
    /// the result is rounded, which is below 64.
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
