package lucid.kernels.ptx.tensor.form;

/// How 16-byte pieces of shared memory are permuted so that 8 rows of a matrix fall into different banks (PTX ISA, "Swizzling modes").
///
/// `swizzle(a) = a ^ (((a >> 7) & (width / 16 - 1)) << 4)` on absolute shared addresses; the pattern repeats after 8 rows of `width` bytes.
/// **The two encodings differ**: 1, 2, 3 mean 32, 64, 128 bytes in a tensor map, and 128, 64, 32 bytes in a matrix descriptor.
public enum Swizzle {
    NONE(0, 0), BYTES_32(32, 3), BYTES_64(64, 2), BYTES_128(128, 1);

    private final int width;
    private final int descriptorCode;

    Swizzle(int width, int descriptorCode) {
        this.width = width;
        this.descriptorCode = descriptorCode;
    }

    /// Bytes of a row of the pattern; 0 without swizzle.
    public int width() { return width; }

    /// Bytes after which the pattern repeats, to which a tile should be aligned; 16 without swizzle.
    public int pattern() { return width == 0 ? 16 : 8 * width; }

    /// Bits 62-63 of a matrix descriptor.
    public int descriptorCode() { return descriptorCode; }

    /// The physical address of a logical one.
    public int apply(int address) { return width == 0 ? address : address ^ (address >> 7 & (width >> 4) - 1) << 4; }

    static Swizzle ofDescriptor(int code) {
        for (Swizzle s : values()) {
            if (s.descriptorCode == code) return s;
        }
        throw new IllegalArgumentException("matrix descriptor: found swizzle code " + code + ", wanted 0 .. 3");
    }
}
