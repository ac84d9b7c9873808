package lucid.nn.file;

import java.nio.ByteBuffer;

/// A tensor to be written; its elements are read when its place in the file has come.
public record NewTensor(String name, StoredType type, long[] shape, Source source) {
    /// Where the elements come from: `read` fills `chunk`, a little-endian buffer with room for `count` elements, from element `from` on.
    @FunctionalInterface
    public interface Source {
        void read(long from, int count, ByteBuffer chunk);
    }

    /// The same under another name.
    public NewTensor named(String other) { return new NewTensor(other, type, shape, source); }

    /// Number of elements; 1 for a scalar.
    public long elements() {
        long n = 1;
        for (long d : shape) n = Math.multiplyExact(n, d);
        return n;
    }

    /// Size in the file.
    ///
    /// @throws ArithmeticException beyond 2^63 - 1
    public long bytes() { return Math.multiplyExact(elements(), (long) type.bytes()); }
}
