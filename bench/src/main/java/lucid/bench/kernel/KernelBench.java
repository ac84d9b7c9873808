package lucid.bench.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import lucid.bench.probe.Limit;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
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
/// A family says in [#prepare] what it needs, in [#limit] what one call works, and in [#comparison] what a peer has to compute.
///
/// A method `kernel_library` runs a peer's kernel. A method whose peer has not all values of a parameter, or to which a parameter makes no
/// difference, takes a state of its own that names those it has, since JMH combines the parameters of the states which a method asks for;
/// [#parameter] reads either.
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
    private UnaryOperator<String> parameters;
    private KernelPeer peer;

    @Setup(Level.Trial) public void open(BenchmarkParams params) {
        String[] name = method(params).split("_");
        open(params::getParam, name[0], name.length == 1 ? null : library(name[1]));
    }

    /// @param kernel Lucid's method
    /// @param peer   what is measured in its place, or null
    void open(UnaryOperator<String> parameters, String kernel, KernelPeer peer) {
        this.parameters = parameters;
        this.peer = peer;
        device = new SimdDevice(THREADS);
        workers = new Workers(THREADS);
        arena = Arena.ofShared();
        prepare();
        if (peer != null) comparison(kernel).check(peer, device, THREADS);
    }

    @Setup(Level.Iteration) public void probe(Limit limit, BenchmarkParams params) {
        limit(method(params).split("_")[0], limit);
    }

    private static String method(BenchmarkParams params) { return params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1); }

    @TearDown(Level.Trial) public void close() {
        if (peer != null) peer.close();
        workers.close();
        device.close();
        arena.close();
    }

    /// Allocates and fills the arguments.
    abstract void prepare();

    /// Names the work of one call of a kernel and probes its limit.
    abstract void limit(String kernel, Limit limit);

    /// What a method `kernel_library` measures; null where it does that by itself.
    KernelPeer library(String name) { return KernelPeer.of(name); }

    /// What a peer of a kernel has to compute; asked for only where there is a method `kernel_library`.
    Comparison comparison(String kernel) { throw new IllegalArgumentException("no comparison is known for " + kernel); }

    /// The body of every method `kernel_library`.
    final void peer() { peer.run(); }

    /// Value of a JMH parameter of the method that is measured; null where a peer lacks it.
    final String parameter(String name) { return parameters.apply(name); }

    /// For families that are bound by memory: the probe reads a block of as many bytes.
    void memory(Limit limit, double moved) { limit.memory(workers, List.of(block(moved)), moved); }

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
    Buffer ints(int n, int limit) { return ids(random.ints(n, 0, limit).toArray()).buffer(); }

    /// Whole numbers as one row.
    Matrix ids(int... values) {
        Buffer b = device.allocate(DType.I32, values.length);
        device.write(b, 0, values);
        return Matrix.row(b);
    }
}
