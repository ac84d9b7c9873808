package lucid.kernels.ptx.tensor.form;

/// The 64-bit description of a factor of `wgmma` in shared memory (PTX ISA, "Matrix descriptor format").
///
/// ```
/// 13:0 start >> 4   29:16 leading >> 4   45:32 stride >> 4   51:49 base offset   63:62 swizzle (1 = 128, 2 = 64, 3 = 32 bytes), others 0
/// ```
/// `mn` is the row of A or the column of B, `s` the size of an element, `T = 16 / s`, `W` the width of the swizzle. Byte address of element (mn, k):
///
/// | major | swizzle | address |
/// |---|---|---|
/// | K | W | swizzle(start + (mn % 8) W + (mn / 8) stride + k s), leading unused |
/// | K | none | start + (mn % 8) 16 + (mn / 8) stride + (k / T) leading + (k % T) s |
/// | MN | W | swizzle(start + (mn s) % W + (mn s / W) leading + (k % 8) W + (k / 8) stride) |
/// | MN | none | start + (mn % T) s + (mn / T) stride + (k % 8) 16 + (k / 8) leading |
///
/// @param start shared address of element (0, 0) without the cluster rank: 18 bits
/// @param leading leading-dimension byte offset
/// @param stride stride-dimension byte offset
public record MatrixDescriptor(int start, int leading, int stride, Swizzle swizzle) {
    private static final long UNUSED = ~(0x3fffL | 0x3fffL << 16 | 0x3fffL << 32 | 7L << 49 | 3L << 62);

    /// @throws IllegalArgumentException if a field does not fit its bits
    public MatrixDescriptor {
        field("start address", start);
        field("leading-dimension byte offset", leading);
        field("stride-dimension byte offset", stride);
    }

    private static void field(String name, int value) {
        if ((value & ~0x3fff0) != 0) {
            throw new IllegalArgumentException(String.format("matrix descriptor: %s found 0x%x, wanted a multiple of 16 below 0x40000", name, value));
        }
    }

    /// Reads a descriptor register.
    ///
    /// @throws IllegalArgumentException if bits outside the fields are set, or the base offset is not 0: tiles whose swizzle pattern does not begin
    /// at a
    ///     multiple of its size are refused here, nobody needs them
    public static MatrixDescriptor decode(long bits) {
        if ((bits & UNUSED) != 0) {
            throw new IllegalArgumentException(String.format("matrix descriptor 0x%016x: found bits 0x%016x, wanted 0 outside the fields", bits,
                    bits & UNUSED)
                    + "; is a shared address not shifted right by 4, or not masked with 0x3ffff first?");
        }
        int baseOffset = (int) (bits >>> 49) & 7;
        if (baseOffset != 0) {
            throw new IllegalArgumentException(String.format("matrix descriptor 0x%016x: base offset found %d, wanted 0: align the tile to its "
                    + "swizzle pattern",
                    bits, baseOffset));
        }
        return new MatrixDescriptor((int) (bits & 0x3fff) << 4, (int) (bits >>> 16 & 0x3fff) << 4, (int) (bits >>> 32 & 0x3fff) << 4,
                Swizzle.ofDescriptor((int) (bits >>> 62)));
    }

    /// The register that [#decode] reads.
    public long encode() { return start >>> 4 | (long) (leading >>> 4) << 16 | (long) (stride >>> 4) << 32 | (long) swizzle.descriptorCode() << 62; }

    /// Address of one element; the formula of the table, for tests and tools.
    public int address(int mn, int k, boolean mnMajor, Element type) {
        int s = type.bytes();
        int t = 16 / s;
        int w = swizzle.width();
        if (!mnMajor) {
            return w > 0 ? swizzle.apply(start + mn % 8 * w + mn / 8 * stride + k * s) : start + mn % 8 * 16 + mn / 8 * stride + k / t * leading
                    + k % t * s;
        }
        return w > 0 ? swizzle.apply(start + mn * s % w + mn * s / w * leading + k % 8 * w + k / 8 * stride)
                : start + mn % t * s + mn / t * stride + k % 8 * 16 + k / 8 * leading;
    }

    /// [#address] of the first or second 16 bytes of k of one row or column, K-major; any type.
    public int piece(int mn, int half) {
        int row = start + (mn >> 3) * stride;
        int w = swizzle.width();
        return w > 0 ? swizzle.apply(row + (mn & 7) * w + 16 * half) : row + (mn & 7) * 16 + half * leading;
    }

    /// [#address] of the elements `8 block .. 8 block + 7` at k, MN-major, 16-bit types.
    public int mnPiece(int block, int k) {
        int w = swizzle.width();
        if (w == 0) return start + block * stride + (k & 7) * 16 + (k >> 3) * leading;
        int row = Integer.numberOfTrailingZeros(w) - 4;
        return swizzle.apply(start + ((block & (1 << row) - 1) << 4) + (block >> row) * leading + (k & 7) * w + (k >> 3) * stride);
    }

    /// The 16-byte pieces of a factor: `[mn][half of k]` when K-major, `[k][mn / 8]` when MN-major.
    ///
    /// @param count rows of A or columns of B
    /// @return shared addresses, multiples of 16
    public int[] pieces(int count, boolean mnMajor, Element type) {
        check(count, 32 / type.bytes(), mnMajor, type);
        int[] pieces = new int[2 * count];
        for (int i = 0; i < pieces.length; i++) pieces[i] = mnMajor ? mnPiece(i % (count / 8), i / (count / 8)) : piece(i >> 1, i & 1);
        return pieces;
    }

    /// What a tile of this shape needs of the fields.
    ///
    /// @throws IllegalArgumentException naming the field, what it holds and what it should hold
    public void check(int count, int depth, boolean mnMajor, Element type) {
        int w = swizzle.width();
        if (w == 0) return;
        int row = start % (8 * w);
        int used = (mnMajor ? Math.min(count * type.bytes(), w) : depth * type.bytes());
        if (row + used > w) {
            throw new IllegalArgumentException(String.format("matrix descriptor: start address found 0x%x, wanted one in the first row of a pattern "
                    + "of %d bytes with "
                    + "%d bytes left in that row of %d: align the stage to %d", start, 8 * w, used, w, 8 * w));
        }
        if (mnMajor) {
            step("leading-dimension byte offset", leading, count * type.bytes() > w, w);
            step("stride-dimension byte offset", stride, depth > 8, w);
        } else {
            step("stride-dimension byte offset", stride, count > 8, w);
        }
    }

    private static void step(String name, int value, boolean used, int w) {
        if (used && (value == 0 || value % (8 * w) != 0)) {
            throw new IllegalArgumentException(String.format("matrix descriptor: %s found %d, wanted a multiple of %d, the pattern of the %d-byte "
                    + "swizzle",
                    name, value, 8 * w, w));
        }
    }
}
