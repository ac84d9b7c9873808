package lucid.kernels.contract.operand;

/// A typed block of device memory. Opaque: only the device that made it can look inside, so a GPU may hold it just as well.
/// Freed by [#close()]; a buffer that came from a pool goes back to it.
public interface Buffer extends AutoCloseable {
    DType dtype();

    /// Number of elements.
    long length();

    /// Gives the memory back. Closing twice is an error: somebody would be using memory that belongs to another.
    @Override void close();
}
