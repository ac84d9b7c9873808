package lucid.kernels.ptx.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.SharedView;

/// Factors of `wgmma` in shared memory. A factor's k is 32 bytes: 8 words for every row of A and column of B, whatever the type.
final class SharedTiles {
    static final int WORDS = 8;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final VectorSpecies<Byte> PIECE = ByteVector.SPECIES_128;
    private static final VectorSpecies<Byte> PAIR = ByteVector.SPECIES_256;
    /// Words of a pair as they are, and halves exchanged.
    private static final int[] HALVES = {0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 0, 1, 2, 3};

    private SharedTiles() {}

    /// Stages a factor as `stage[word][position(mn)]`: position is mn for A, [Panels#column] for B.
    static void stage(SharedView shared, MatrixDescriptor descriptor, boolean isA, int count, boolean mnMajor, Element type, Scratch scratch) {
        stage(shared, descriptor, isA, 0, count, mnMajor, type, scratch);
    }

    /// Refuses a factor B that [#stage] would refuse.
    static void check(SharedView shared, MatrixDescriptor descriptor, int count, boolean mnMajor, Element type, Scratch scratch) {
        if (mnMajor || !shared.holds(descriptor, count)) stage(shared, descriptor, false, count, mnMajor, type, scratch);
    }

    /// The same for the rows or columns from `from` on, a multiple of 8.
    static void stage(SharedView shared, MatrixDescriptor descriptor, boolean isA, int from, int count, boolean mnMajor, Element type,
            Scratch scratch) {
        descriptor.check(from + count, 32 / type.bytes(), mnMajor, type);
        String what = isA ? "wgmma, factor A" : "wgmma, factor B";
        int[] stage = scratch.stage;
        if (!mnMajor && Squares.POSSIBLE && shared.holds(descriptor, from + count)) {
            copyRows(shared, descriptor, from, count, scratch.rows);
            Squares.transpose(scratch.rows, count, !isA, stage);
            return;
        }
        if (mnMajor) {
            for (int w = 0; w < WORDS; w++) {
                for (int mn = 0; mn < count; mn += 8) {
                    int low = shared.index(descriptor.mnPiece(from + mn >> 3, 2 * w), 16, what);
                    int high = shared.index(descriptor.mnPiece(from + mn >> 3, 2 * w + 1), 16, what);
                    interleave(shared.bytes(), low, high, stage, w * count + mn, isA);
                }
            }
            return;
        }
        for (int mn = 0; mn < count; mn++) {
            int low = shared.index(descriptor.piece(from + mn, 0), 16, what);
            int high = shared.index(descriptor.piece(from + mn, 1), 16, what);
            int to = isA ? mn : Panels.column(mn);
            spread(shared.bytes(), low, stage, to, count);
            spread(shared.bytes(), high, stage, to + 4 * count, count);
        }
    }

    /// A factor whose k is contiguous as `rows[mn][word]`. [MatrixDescriptor#piece] is written out here: its parts that are the same for all rows are
    /// taken once.
    private static void copyRows(SharedView shared, MatrixDescriptor descriptor, int from, int count, int[] rows) {
        byte[] bytes = shared.bytes();
        int width = descriptor.swizzle().width();
        int step = width > 0 ? width : 16;
        int far = width > 0 ? 16 : descriptor.leading();
        int mask = width > 0 ? (width >> 4) - 1 : 0;
        int start = descriptor.start();
        int stride = descriptor.stride();
        int base = shared.base();
        if (width > 0 && ((start | stride) & 16) == 0) {
            copyPairs(bytes, start + (from >> 3) * stride, stride, width, base, count, rows);
            return;
        }
        start += (from >> 3) * stride;
        for (int mn = 0; mn < count; mn++) {
            int first = start + (mn >> 3) * stride + (mn & 7) * step;
            int second = first + far;
            ByteVector.fromArray(PIECE, bytes, (first ^ (first >> 7 & mask) << 4) - base).reinterpretAsInts().intoArray(rows, WORDS * mn);
            ByteVector.fromArray(PIECE, bytes, (second ^ (second >> 7 & mask) << 4) - base).reinterpretAsInts().intoArray(rows, WORDS * mn + 4);
        }
    }

    /// [#copyRows] where a row begins at a multiple of 32: a swizzle leaves its two pieces beside each other, and may exchange them.
    private static void copyPairs(byte[] bytes, int start, int stride, int width, int base, int count, int[] rows) {
        int mask = (width >> 4) - 1;
        for (int mn = 0; mn < count; mn++) {
            int first = start + (mn >> 3) * stride + (mn & 7) * width;
            int flip = first >> 7 & mask;
            IntVector pair = ByteVector.fromArray(PAIR, bytes, (first ^ flip << 4 & -32) - base).reinterpretAsInts();
            IntVector.fromArray(DotTiles.I, HALVES, WORDS * (flip & 1)).selectFrom(pair).intoArray(rows, WORDS * mn);
        }
    }

    /// The four words of a piece, `step` apart.
    private static void spread(byte[] bytes, int at, int[] stage, int to, int step) {
        long first = (long) LONG.get(bytes, at);
        long second = (long) LONG.get(bytes, at + 8);
        stage[to] = (int) first;
        stage[to + step] = (int) (first >>> 32);
        stage[to + 2 * step] = (int) second;
        stage[to + 3 * step] = (int) (second >>> 32);
    }

    /// Eight 16-bit elements of k and eight of k + 1 to words (k, k + 1).
    private static void interleave(byte[] bytes, int low, int high, int[] stage, int to, boolean isA) {
        for (int i = 0; i < 4; i++) {
            int x = (int) INT.get(bytes, low + 4 * i);
            int y = (int) INT.get(bytes, high + 4 * i);
            int even = x & 0xffff | y << 16;
            int odd = x >>> 16 | y & 0xffff0000;
            stage[isA ? to + 2 * i : to + i] = even;
            stage[isA ? to + 2 * i + 1 : to + 4 + i] = odd;
        }
    }

    /// A factor as `[mn][k]`, element by element through [MatrixDescriptor#address]: the plain twin of [#stage].
    static float[] gather(SharedView shared, MatrixDescriptor descriptor, boolean isA, int count, int depth, boolean mnMajor, Element type) {
        descriptor.check(count, depth, mnMajor, type);
        float[] matrix = new float[count * depth];
        for (int mn = 0; mn < count; mn++) {
            for (int k = 0; k < depth; k++) {
                int at = shared.index(descriptor.address(mn, k, mnMajor, type), type.bytes(), isA ? "wgmma, factor A" : "wgmma, factor B");
                int code = 0;
                for (int i = 0; i < type.bytes(); i++) code |= (shared.bytes()[at + i] & 0xff) << 8 * i;
                matrix[mn * depth + k] = type.value(code);
            }
        }
        return matrix;
    }
}
