package lucid.kernels.ptx.async.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import lucid.kernels.ptx.tensor.form.Swizzle;
import lucid.kernels.ptx.text.syntax.PtxType;

/// A tensor map (`CUtensorMap`): how a tensor lies in global memory, and which box of it one tensor copy moves.
///
/// NVIDIA keeps the layout of its 128 bytes secret. Here they hold the fields themselves behind a magic word, so that a map can be passed by value
/// in `.param`, lie in constant or global memory and be copied, and needs no registry. The rules are those of `cuTensorMapEncodeTiled` (cuda.h).
///
/// @param type of the elements
/// @param address of element 0 in global memory, aligned to 16 bytes
/// @param dims elements per dimension, innermost first, 1..5 of them
/// @param strides bytes from one element to the next in dimensions 1.., multiples of 16
/// @param box elements per dimension of one copy, each 1..256
/// @param swizzle how the box lies in shared memory
/// @param nanFill what elements outside of the tensor read as: NaN when true, else 0
public record TensorMap(Type type, long address, long[] dims, long[] strides, int[] box, Swizzle swizzle, boolean nanFill) {
    /// Size of the encoded map in bytes.
    public static final int BYTES = 128;
    /// Alignment of the encoded map in bytes.
    public static final int ALIGNMENT = 64;
    private static final long MAGIC = 0x50414d544e45544cL;
    private static final long MAX_STRIDE = 1L << 40;

    /// Element types in the order of `CUtensorMapDataType`.
    public enum Type {
        U8(1), U16(2), U32(4), S32(4), U64(8), S64(8), F16(2), F32(4), F64(8), BF16(2);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /// Size of one element.
        public int bytes() {
            return bytes;
        }

        /// The type that a reduction by `op` works on: bitwise operations ignore the sign.
        public PtxType reduced(String op) {
            boolean bitwise = op.equals("and") || op.equals("or") || op.equals("xor");
            return bitwise && bytes == 4 && !floating() ? PtxType.B32 : bitwise && bytes == 8 && !floating() ? PtxType.B64 : PtxType.valueOf(name());
        }

        /// True when NaN can be filled in.
        public boolean floating() {
            return ordinal() >= F16.ordinal();
        }
    }

    /// Checks the rules.
    ///
    /// @throws IllegalArgumentException naming the field that breaks one
    public TensorMap {
        dims = dims.clone();
        strides = strides.clone();
        box = box.clone();
        int rank = dims.length;
        require(rank >= 1 && rank <= 5, "rank", rank, "1..5");
        require(strides.length == rank - 1, "number of strides", strides.length, "rank - 1 = " + (rank - 1) + " (dimension 0 is contiguous)");
        require(box.length == rank, "number of box extents", box.length, "the rank, " + rank);
        require((address & 15) == 0 && address != 0, "address", address, "not 0 and a multiple of 16");
        for (int i = 0; i < rank; i++) {
            require(dims[i] >= 1 && dims[i] <= 1L << 32, "extent of dimension " + i, dims[i], "1..2^32");
            require(box[i] >= 1 && box[i] <= 256, "box extent " + i, box[i], "1..256");
        }
        for (int i = 0; i < rank - 1; i++) {
            require(strides[i] > 0 && (strides[i] & 15) == 0 && strides[i] < MAX_STRIDE, "stride of dimension " + (i + 1), strides[i],
                    "a multiple of 16 below 2^40");
        }
        long inner = (long) box[0] * type.bytes();
        require((inner & 15) == 0, "inner box row in bytes", inner, "a multiple of 16");
        require(swizzle == Swizzle.NONE || inner <= swizzle.width(), "inner box row in bytes", inner, "at most " + swizzle.width()
                + " with swizzle " + swizzle);
        require(!nanFill || type.floating(), "NaN fill of type", type.ordinal(), "a floating-point type");
    }

    private static void require(boolean legal, String field, long found, String wanted) {
        if (!legal) {
            throw new IllegalArgumentException("tensor map: " + field + " is " + found + ", wanted " + wanted);
        }
    }

    /// Number of dimensions, 1 to 5.
    public int rank() {
        return dims.length;
    }

    /// Bytes of one row of the box: its innermost dimension.
    public int rowBytes() {
        return box[0] * type.bytes();
    }

    /// Bytes of the whole box, which is what one load counts on its mbarrier, also where it lies partly outside of the tensor.
    public int boxBytes() {
        return Arrays.stream(box).reduce(1, (a, b) -> a * b) * type.bytes();
    }

    /// The 128 bytes.
    public byte[] encode() {
        var bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(MAGIC).putLong(address).put((byte) type.ordinal()).put((byte) rank()).put((byte) swizzle.ordinal())
                .put((byte) (nanFill ? 1 : 0));
        for (int i = 0; i < 5; i++) {
            bytes.putInt(i < rank() ? (int) (dims[i] - 1) : 0);
            bytes.putShort((short) (i < rank() ? box[i] : 0));
            bytes.putLong(i < rank() - 1 ? strides[i] : 0);
        }
        return bytes.array();
    }

    /// Reads 128 bytes back; null when they are not a tensor map.
    public static TensorMap decode(byte[] encoded) {
        var bytes = ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getLong() != MAGIC) {
            return null;
        }
        long address = bytes.getLong();
        Type type = Type.values()[bytes.get()];
        int rank = bytes.get();
        Swizzle swizzle = Swizzle.values()[bytes.get()];
        boolean nan = bytes.get() != 0;
        long[] dims = new long[rank];
        int[] box = new int[rank];
        long[] strides = new long[rank - 1];
        for (int i = 0; i < rank; i++) {
            dims[i] = Integer.toUnsignedLong(bytes.getInt()) + 1;
            box[i] = bytes.getShort();
            long stride = bytes.getLong();
            if (i < rank - 1) {
                strides[i] = stride;
            }
        }
        return new TensorMap(type, address, dims, strides, box, swizzle, nan);
    }

    @Override
    public long[] dims() {
        return dims.clone();
    }

    @Override
    public long[] strides() {
        return strides.clone();
    }

    @Override
    public int[] box() {
        return box.clone();
    }

    /// Fills an image of the box with what lies outside of the tensor: zeros or quiet NaNs.
    void fill(byte[] image) {
        byte[] element = switch (nanFill ? type : Type.U8) {
            case F16 -> new byte[] {-1, 0x7f};
            case BF16 -> new byte[] {-1, 0x7f};
            case F32 -> new byte[] {-1, -1, -1, 0x7f};
            case F64 -> new byte[] {-1, -1, -1, -1, -1, -1, -1, 0x7f};
            default -> new byte[1];
        };
        for (int i = 0; i < image.length; i++) {
            image[i] = element[i % element.length];
        }
    }

    /// What a copy does with one row of the box.
    interface RowVisitor {
        /// @param row number of the row in the box, from 0
        /// @param global address of the first byte that exists, meaningless when `bytes` is 0
        /// @param skip bytes of the row before it that lie outside of the tensor
        /// @param bytes bytes that exist
        void row(int row, long global, int skip, int bytes);
    }

    /// Visits the rows of the box whose corner has these element coordinates, in the order in which they lie in shared memory.
    void rows(int[] corner, RowVisitor visitor) {
        int rank = rank();
        int[] at = new int[rank];
        int rows = boxBytes() / rowBytes();
        int size = type.bytes();
        int first = (int) Math.max(0, Math.min(box[0], -(long) corner[0]));
        int end = (int) Math.max(first, Math.min(box[0], dims[0] - corner[0]));
        for (int row = 0; row < rows; row++) {
            long global = address + (long) (corner[0] + first) * size;
            boolean inside = true;
            for (int d = 1; d < rank; d++) {
                long x = (long) corner[d] + at[d];
                inside &= x >= 0 && x < dims[d];
                global += x * strides[d - 1];
            }
            visitor.row(row, global, first * size, inside ? (end - first) * size : 0);
            for (int d = 1; d < rank && ++at[d] == box[d]; d++) {
                at[d] = 0;
            }
        }
    }
}
