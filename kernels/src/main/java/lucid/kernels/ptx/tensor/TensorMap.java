package lucid.kernels.ptx.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// A tiled tensor map as `cuTensorMapEncodeTiled` makes it, with its rules (cuda.h), and the walk over a box that `cp.async.bulk.tensor` copies.
///
/// Dimension 0 is the contiguous one. Not supported, and refused: im2col, interleaved layouts, element strides other than 1, rounding types (tf32, ftz), and
/// swizzles wider than the row of the box.
///
/// @param address of element (0, .. 0) in global memory
/// @param sizes elements of every dimension, 1 to 5 of them
/// @param strides bytes from one element to the next in dimensions 1, 2, ..: one less than sizes
/// @param box elements of the box in every dimension
/// @param fill what a load puts where the box leaves the tensor
public record TensorMap(Type type, long address, List<Long> sizes, List<Long> strides, List<Integer> box, Swizzle swizzle, Fill fill) {
    /// Bytes of the opaque object that kernels see, and what its address must be a multiple of.
    public static final int BYTES = 128;
    public static final int ALIGNMENT = 64;
    private static final long MAGIC_0 = 0x616d20726f736e65L;
    private static final long MAGIC_1 = 0x2164696375c0de70L;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// Element types in the order of `CUtensorMapDataType`.
    public enum Type {
        UINT8(1), UINT16(2), UINT32(4), INT32(4), UINT64(8), INT64(8), FLOAT16(2), FLOAT32(4), FLOAT64(8), BFLOAT16(2);

        private final int bytes;

        Type(int bytes) { this.bytes = bytes; }

        public int bytes() { return bytes; }

        /// Whether it can be NaN.
        public boolean floating() { return this == FLOAT16 || this == FLOAT32 || this == FLOAT64 || this == BFLOAT16; }
    }

    /// `CUtensorMapFloatOOBfill`.
    public enum Fill { ZERO, NAN }

    /// Receives the pieces of a box. All bytes of a piece are contiguous in shared and in global memory.
    public interface Pieces {
        /// `bytes` bytes that are in the tensor.
        void inside(long global, int shared, int bytes);

        /// `bytes` bytes of the box that are not: a load fills them ([#fillOutside]), a store skips them.
        void outside(int shared, int bytes);
    }

    /// @throws IllegalArgumentException naming the field, what it holds and what it should hold
    public TensorMap {
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        box = List.copyOf(box);
        int rank = sizes.size();
        require(rank >= 1 && rank <= 5, "rank", rank, "1 .. 5");
        require(strides.size() == rank - 1, "number of strides", strides.size(), "rank - 1 = " + (rank - 1));
        require(box.size() == rank, "number of box dimensions", box.size(), "the rank " + rank);
        require((address & 15) == 0, "global address", "0x" + Long.toHexString(address), "a multiple of 16");
        for (int i = 0; i < rank; i++) {
            require(sizes.get(i) >= 1 && sizes.get(i) <= 1L << 32, "size of dimension " + i, sizes.get(i), "1 .. 2^32");
            require(box.get(i) >= 1 && box.get(i) <= 256, "box dimension " + i, box.get(i), "1 .. 256");
        }
        for (int i = 0; i < rank - 1; i++) {
            long stride = strides.get(i);
            require(stride % 16 == 0 && stride >= 0 && stride < 1L << 40, "stride of dimension " + (i + 1), stride, "a multiple of 16 below 2^40");
        }
        int inner = box.getFirst() * type.bytes;
        require(inner % 16 == 0, "bytes of box dimension 0", inner, "a multiple of 16");
        require(swizzle == Swizzle.NONE || inner == swizzle.width(), "bytes of box dimension 0", inner,
                "exactly the width of the swizzle, " + swizzle.width() + " (the hardware would pad a narrower row; Lucid refuses that)");
        require(fill == Fill.ZERO || type.floating(), "fill", fill, "ZERO for " + type);
    }

    private static void require(boolean ok, String field, Object found, String wanted) {
        if (!ok) throw new IllegalArgumentException("tensor map: " + field + " found " + found + ", wanted " + wanted);
    }

    public int rank() { return sizes.size(); }

    /// Bytes of a whole box: what a load adds up on its mbarrier, also when the box leaves the tensor.
    public int boxBytes() {
        int bytes = type.bytes;
        for (int b : box) bytes *= b;
        return bytes;
    }

    /// What the shared address of a box must be a multiple of: 128, and the swizzle's pattern.
    public int sharedAlignment() { return Math.max(128, swizzle.pattern()); }

    /// Walks the box whose corner is at the signed element coordinates, dimension 0 first. Pieces come in ascending order of unswizzled shared addresses.
    ///
    /// @param shared address of the box in shared memory
    /// @throws IllegalArgumentException if the number of coordinates is not the rank, or the shared address is not aligned
    public void walk(int[] coordinates, int shared, Pieces pieces) {
        require(coordinates.length == rank(), "number of coordinates", coordinates.length, "the rank " + rank());
        require(shared % sharedAlignment() == 0, "shared address of the box", String.format("0x%x", shared),
                "a multiple of " + sharedAlignment() + (swizzle == Swizzle.NONE ? "" : ", the pattern of the " + swizzle.width() + "-byte swizzle"));
        int inner = box.getFirst() * type.bytes;
        int rows = boxBytes() / inner;
        for (int row = 0; row < rows; row++) row(coordinates, row, shared + row * inner, inner, pieces);
    }

    private void row(int[] coordinates, int row, int linear, int inner, Pieces pieces) {
        long global = address + (long) coordinates[0] * type.bytes;
        int rest = row;
        boolean inside = true;
        for (int d = 1; d < rank(); d++) {
            long at = (long) coordinates[d] + rest % box.get(d);
            rest /= box.get(d);
            inside &= at >= 0 && at < sizes.get(d);
            global += at * strides.get(d - 1);
        }
        long from = Math.clamp(-(long) coordinates[0], 0, (long) box.getFirst());
        long to = inside ? Math.clamp(sizes.getFirst() - coordinates[0], from, (long) box.getFirst()) : from;
        int first = (int) from * type.bytes;
        int end = (int) to * type.bytes;
        emit(0, first, false, global, linear, pieces);
        emit(first, end, true, global, linear, pieces);
        emit(end, inner, false, global, linear, pieces);
    }

    /// Bytes `from .. to` of a row, cut into 16-byte pieces where the swizzle tears them apart.
    private void emit(int from, int to, boolean inside, long global, int linear, Pieces pieces) {
        for (int at = from; at < to; ) {
            int end = swizzle == Swizzle.NONE ? to : Math.min(to, (at | 15) + 1);
            int shared = swizzle.apply(linear + at);
            if (inside) pieces.inside(global + at, shared, end - at);
            else pieces.outside(shared, end - at);
            at = end;
        }
    }

    /// Writes what a load puts outside the tensor: zeros, or NaN with all bits but the sign set.
    ///
    /// @param at index of a whole element
    public void fillOutside(byte[] bytes, int at, int count) {
        Arrays.fill(bytes, at, at + count, (byte) (fill == Fill.NAN ? 0xff : 0));
        if (fill == Fill.NAN) {
            for (int i = type.bytes - 1; i < count; i += type.bytes) bytes[at + i] = 0x7f;
        }
    }

    /// The 128 bytes that stand for a map in an emulated kernel's parameters: a mark, and a number under which the real map is kept.
    public static byte[] handle(int index) {
        byte[] bytes = new byte[BYTES];
        LONG.set(bytes, 0, MAGIC_0);
        LONG.set(bytes, 8, MAGIC_1);
        LONG.set(bytes, 16, index & 0xffffffffL | (long) ~index << 32);
        return bytes;
    }

    /// The number in a [#handle].
    ///
    /// @throws IllegalArgumentException if the bytes are not such a handle, whole and unchanged
    public static int index(byte[] bytes, int at) {
        if (at < 0 || at > bytes.length - BYTES) throw new IllegalArgumentException("tensor map: found " + (bytes.length - at) + " bytes, wanted " + BYTES);
        int index = (int) (long) LONG.get(bytes, at + 16);
        if (!Arrays.equals(bytes, at, at + BYTES, handle(index), 0, BYTES)) {
            throw new IllegalArgumentException(String.format("tensor map: found bytes 0x%016x.., wanted a map that the launch has encoded: is the address that of the "
                    + ".param (or .const, .global) object, and nothing has written over it?", (long) LONG.get(bytes, at)));
        }
        return index;
    }
}
