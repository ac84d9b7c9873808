package lucid.bench.kernel;

import java.util.stream.Stream;
import lucid.bench.kernel.KernelPeer.Operand;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// A kernel of Lucid as a peer has to compute it. Nothing is timed that gives something else.
///
/// @param operation by which the peer knows it
/// @param kernel    Lucid's call
/// @param result    where that leaves its result
/// @param tolerance how far apart two elements may be; 0 where IEEE arithmetic leaves no choice
/// @param operands  what the peer is given
record Comparison(String operation, Runnable kernel, Matrix result, double tolerance, Matrix... operands) {
    /// Room for any order of a sum of n products of two factors in [-1, 1): either is within `n · 2^-23` of the true one.
    static double sumOf(int n) { return n * 0x1p-22; }

    /// Gives the peer its operands, and compares what it computes.
    ///
    /// @throws IllegalStateException if that is not what Lucid computes
    void check(KernelPeer peer, Device device, int threads) {
        // Before Lucid's call, which may write where it reads.
        peer.prepare(threads, operation, Stream.of(operands).map(m -> operand(device, m)));
        peer.run();
        kernel.run();
        float[] found = peer.result();
        float[] wanted = wide(device, result);
        if (found.length != wanted.length)
            throw new IllegalStateException(peer.library() + " computes something else than " + operation + ": found " + found.length
                    + " elements, wanted " + wanted.length);
        for (int i = 0; i < wanted.length; i++) {
            // Equal infinities have no difference.
            if (found[i] != wanted[i] && !(Math.abs(found[i] - wanted[i]) <= tolerance)) {
                throw new IllegalStateException(peer.library() + " computes something else than " + operation + ": element " + i + " is " + found[i]
                        + ", wanted " + wanted[i] + " within " + tolerance);
            }
        }
    }

    private static Operand operand(Device device, Matrix m) {
        int n = Math.toIntExact(m.size());
        Object values = switch (m.dtype()) {
            case F32 -> new float[n];
            case BF16, F16 -> new short[n];
            case I32 -> new int[n];
            default -> throw new IllegalArgumentException("operand " + m.describe() + ": no peer takes it");
        };
        device.read(m.buffer(), m.offset(), values);
        return new Operand(m.dtype(), m.rows(), m.cols(), values);
    }

    /// The elements of a matrix of any type.
    static float[] wide(Device device, Matrix m) {
        float[] values = new float[Math.toIntExact(m.size())];
        Matrix wide = Matrix.of(device.allocate(DType.F32, m.size()), m.rows(), m.cols());
        if (m.dtype() == DType.F32) device.elementwise().copy(m, wide);
        else device.conversion().convert(m, wide);
        device.read(wide.buffer(), 0, values);
        wide.buffer().close();
        return values;
    }
}
