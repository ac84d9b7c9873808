package lucid.kernels.ptx.tensor.form;

/// The shared memory of one block.
///
/// @param bytes its bytes; not copied
/// @param base the shared address of `bytes[0]`, without the bits of the cluster rank
public record SharedView(byte[] bytes, int base) {
    /// The index in [#bytes] of a shared address.
    ///
    /// @throws IllegalArgumentException if `count` bytes from there are not all inside
    public int index(int address, int count, String what) {
        int at = address - base;
        if (at < 0 || at > bytes.length - count) {
            throw new IllegalArgumentException(String.format("%s: found shared address 0x%x (%d bytes), wanted 0x%x .. 0x%x, the shared memory of "
                    + "the block",
                    what, address, count, base, base + bytes.length));
        }
        return at;
    }

    /// Whether all that a factor may touch, its k contiguous, lies inside: rows of the swizzle are taken as whole ones.
    public boolean holds(MatrixDescriptor factor, int count) {
        int width = factor.swizzle().width();
        int first = width > 0 ? factor.start() & -128 : factor.start();
        int last = factor.start() + (count / 8 - 1) * factor.stride() + (width > 0 ? (7 * width + 32 + 127) & -128 : 7 * 16 + factor.leading() + 16);
        return first >= base && last <= base + bytes.length;
    }
}
