package lucid.bench.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import lucid.bench.Limit;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.simd.work.Workers;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/// What all kernel benchmarks share: a SIMD device, a pool of the same size for the probes, random data.
/// A family says in [#prepare] what it needs and in [#limit] what one call works.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public abstract class KernelBench {
    /// Threads of Lucid, of the probes and of every peer.
    static final int THREADS = Integer.getInteger("lucid.bench.threads", Runtime.getRuntime().availableProcessors());

    private final Random random = new Random(1);
    Device device;
    Workers workers;
    private Arena arena;
    private MemorySegment probed;

    @Setup(Level.Trial) public void open() {
        device = new SimdDevice(THREADS);
        workers = new Workers(THREADS);
        arena = Arena.ofShared();
        prepare();
    }

    @Setup(Level.Iteration) public void probe(Limit limit, BenchmarkParams params) {
        String method = params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1);
        limit(method.split("_")[0], limit);
    }

    @TearDown(Level.Trial) public void close() {
        workers.close();
        device.close();
        arena.close();
    }

    /// Allocates and fills the arguments.
    abstract void prepare();

    /// Names the work of one call of a kernel and probes its limit.
    abstract void limit(String kernel, Limit limit);

    /// For families that are bound by memory: the probe reads a block of as many bytes.
    void memory(Limit limit, double moved) { limit.memory(workers, block(moved), moved); }

    /// A block that the probe reads, made once.
    MemorySegment block(double bytes) {
        if (probed == null) probed = arena.allocate(Math.max(1 << 20, (long) bytes), 64).fill((byte) 1);
        return probed;
    }

    /// f32 from the uniform distribution on [-1, 1).
    Matrix random(int rows, int cols) {
        Matrix m = Matrix.of(device.allocate(DType.F32, (long) rows * cols), rows, cols);
        float[] values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) values[i] = 2 * random.nextFloat() - 1;
        device.write(m.buffer(), 0, values);
        return m;
    }

    Matrix random(DType type, int rows, int cols) {
        Matrix wide = random(rows, cols);
        if (type == DType.F32) return wide;
        Matrix narrow = Matrix.of(device.allocate(type, (long) rows * cols), rows, cols);
        device.conversion().convert(wide, narrow);
        wide.buffer().close();
        return narrow;
    }

    Buffer floats(int n) { return random(1, n).buffer(); }

    /// Whole numbers from `0 .. limit`.
    Buffer ints(int n, int limit) {
        Buffer b = device.allocate(DType.I32, n);
        int[] values = new int[n];
        Arrays.setAll(values, _ -> random.nextInt(limit));
        device.write(b, 0, values);
        return b;
    }
}
