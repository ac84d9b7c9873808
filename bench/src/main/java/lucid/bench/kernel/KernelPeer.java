package lucid.bench.kernel;

import java.util.ServiceLoader;
import java.util.stream.Stream;
import lucid.kernels.contract.operand.DType;

/// Another library's kernels, found by its service entry where it is on the class path: OpenBLAS always, libtorch where it was built (see
/// `lucid.bench.OptionalPeers`). One of them at a time, and only ever timed by a method `kernel_library` after [Comparison] has seen that it computes
/// what Lucid's `kernel` does.
public interface KernelPeer extends AutoCloseable {
    /// @param values row-major, an array as [lucid.kernels.Device#read] fills it: `float[]` for F32, `int[]` for I32, `short[]` for the 16-bit types
    record Operand(DType type, int rows, int cols, Object values) {}

    /// As the methods' names end and the table says.
    String library();

    /// Copies the operands, in their order, and makes one kernel ready.
    ///
    /// @param operation name of the kernel, see [Comparison]
    /// @param operands  read once, so that no two need be in the heap together
    /// @throws IllegalArgumentException if the library has no such kernel
    void prepare(int threads, String operation, Stream<Operand> operands);

    /// Computes once.
    void run();

    /// What the last call gave, row-major, widened to f32.
    float[] result();

    @Override void close();

    /// The library of that name.
    ///
    /// @throws IllegalStateException if it is not on the class path
    static KernelPeer of(String library) {
        return ServiceLoader.load(KernelPeer.class).stream().map(ServiceLoader.Provider::get).filter(peer -> peer.library().equals(library))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("peer " + library + " is not on the class path; wanted its service entry of "
                        + KernelPeer.class.getName()));
    }
}
