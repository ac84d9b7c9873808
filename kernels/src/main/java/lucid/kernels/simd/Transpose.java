package lucid.kernels.simd;

import static lucid.kernels.simd.Species.I;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.DType;

/// Turns rows into columns on the way into a panel: reads LANES rows of a row-major matrix and writes, for each k, the LANES values side by side.
///
/// A square block of 32-bit lanes is transposed in registers by log2(LANES) rounds of exchanges: round d swaps bit d of the row number with bit d of
/// the lane number, one two-source permute per vector. 16-bit weights go through the same exchanges as pairs (k even in the low half,
/// k odd in the high half) and are widened after them, so a bf16 weight costs half the permutes of an f32 one.
final class Transpose {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int BYTES = 4 * LANES;

    private Transpose() {}

    /// Columns that one step takes: LANES, or twice as many 16-bit ones.
    static int columns(DType type) { return type == DType.F32 ? LANES : 2 * LANES; }

    /// `to[put + k · stride + r] = row r, column k` for r < LANES and k < steps · columns(type). Rows after `last` repeat row `last`.
    /// Writes ascend in k and are LANES wide, so with a stride below LANES the surplus of one is overwritten by the next.
    ///
    /// @param at    byte offset of the first row
    /// @param pitch bytes from row to row
    static void rows(MemorySegment from, long at, long pitch, int last, int steps, DType type, float[] to, int put, int stride) {
        if (LANES == 16) block16(from, at, pitch, last, steps, type, to, put, stride);
        else if (LANES == 8) block8(from, at, pitch, last, steps, type, to, put, stride);
        else block4(from, at, pitch, last, steps, type, to, put, stride);
    }

    /// Lanes of the exchange over distance d: with part 0 the vector that keeps the lower row, with part d the other.
    private static IntVector index(int d, int part) {
        int[] lanes = new int[LANES];
        for (int l = 0; l < LANES; l++) lanes[l] = (l & d) == 0 ? l + part : LANES + l - d + part;
        return IntVector.fromArray(I, lanes, 0);
    }

    private static IntVector load(MemorySegment from, long at) { return IntVector.fromMemorySegment(I, from, at, NATIVE); }

    private static int store(IntVector v, DType type, float[] to, int put, int stride) {
        if (type == DType.F32) {
            v.reinterpretAsFloats().intoArray(to, put);
            return put + stride;
        }
        if (type == DType.BF16) {
            v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, put);
            v.and(0xFFFF0000).reinterpretAsFloats().intoArray(to, put + stride);
        } else {
            Widen.f16(v.and(0xFFFF)).intoArray(to, put);
            Widen.f16(v.lanewise(VectorOperators.LSHR, 16)).intoArray(to, put + stride);
        }
        return put + 2 * stride;
    }

    private static void block16(MemorySegment from, long at, long pitch, int last, int steps, DType type, float[] to, int put, int stride) {
        IntVector lo8 = index(8, 0), hi8 = index(8, 8);
        IntVector lo4 = index(4, 0), hi4 = index(4, 4);
        IntVector lo2 = index(2, 0), hi2 = index(2, 2);
        IntVector lo1 = index(1, 0), hi1 = index(1, 1);
        long r0 = at, r1 = at + Math.min(1, last) * pitch, r2 = at + Math.min(2, last) * pitch, r3 = at + Math.min(3, last) * pitch;
        long r4 = at + Math.min(4, last) * pitch, r5 = at + Math.min(5, last) * pitch, r6 = at + Math.min(6, last) * pitch, r7 = at + Math.min(7, last) * pitch;
        long r8 = at + Math.min(8, last) * pitch, r9 = at + Math.min(9, last) * pitch, r10 = at + Math.min(10, last) * pitch, r11 = at + Math.min(11, last) * pitch;
        long r12 = at + Math.min(12, last) * pitch, r13 = at + Math.min(13, last) * pitch, r14 = at + Math.min(14, last) * pitch, r15 = at + Math.min(15, last) * pitch;
        IntVector t;
        for (int s = 0; s < steps; s++) {
            long p = (long) s * BYTES;
            IntVector v0 = load(from, r0 + p), v1 = load(from, r1 + p), v2 = load(from, r2 + p), v3 = load(from, r3 + p);
            IntVector v4 = load(from, r4 + p), v5 = load(from, r5 + p), v6 = load(from, r6 + p), v7 = load(from, r7 + p);
            IntVector v8 = load(from, r8 + p), v9 = load(from, r9 + p), v10 = load(from, r10 + p), v11 = load(from, r11 + p);
            IntVector v12 = load(from, r12 + p), v13 = load(from, r13 + p), v14 = load(from, r14 + p), v15 = load(from, r15 + p);
            t = lo8.selectFrom(v0, v8); v8 = hi8.selectFrom(v0, v8); v0 = t;
            t = lo8.selectFrom(v1, v9); v9 = hi8.selectFrom(v1, v9); v1 = t;
            t = lo8.selectFrom(v2, v10); v10 = hi8.selectFrom(v2, v10); v2 = t;
            t = lo8.selectFrom(v3, v11); v11 = hi8.selectFrom(v3, v11); v3 = t;
            t = lo8.selectFrom(v4, v12); v12 = hi8.selectFrom(v4, v12); v4 = t;
            t = lo8.selectFrom(v5, v13); v13 = hi8.selectFrom(v5, v13); v5 = t;
            t = lo8.selectFrom(v6, v14); v14 = hi8.selectFrom(v6, v14); v6 = t;
            t = lo8.selectFrom(v7, v15); v15 = hi8.selectFrom(v7, v15); v7 = t;
            t = lo4.selectFrom(v0, v4); v4 = hi4.selectFrom(v0, v4); v0 = t;
            t = lo4.selectFrom(v1, v5); v5 = hi4.selectFrom(v1, v5); v1 = t;
            t = lo4.selectFrom(v2, v6); v6 = hi4.selectFrom(v2, v6); v2 = t;
            t = lo4.selectFrom(v3, v7); v7 = hi4.selectFrom(v3, v7); v3 = t;
            t = lo4.selectFrom(v8, v12); v12 = hi4.selectFrom(v8, v12); v8 = t;
            t = lo4.selectFrom(v9, v13); v13 = hi4.selectFrom(v9, v13); v9 = t;
            t = lo4.selectFrom(v10, v14); v14 = hi4.selectFrom(v10, v14); v10 = t;
            t = lo4.selectFrom(v11, v15); v15 = hi4.selectFrom(v11, v15); v11 = t;
            t = lo2.selectFrom(v0, v2); v2 = hi2.selectFrom(v0, v2); v0 = t;
            t = lo2.selectFrom(v1, v3); v3 = hi2.selectFrom(v1, v3); v1 = t;
            t = lo2.selectFrom(v4, v6); v6 = hi2.selectFrom(v4, v6); v4 = t;
            t = lo2.selectFrom(v5, v7); v7 = hi2.selectFrom(v5, v7); v5 = t;
            t = lo2.selectFrom(v8, v10); v10 = hi2.selectFrom(v8, v10); v8 = t;
            t = lo2.selectFrom(v9, v11); v11 = hi2.selectFrom(v9, v11); v9 = t;
            t = lo2.selectFrom(v12, v14); v14 = hi2.selectFrom(v12, v14); v12 = t;
            t = lo2.selectFrom(v13, v15); v15 = hi2.selectFrom(v13, v15); v13 = t;
            t = lo1.selectFrom(v0, v1); v1 = hi1.selectFrom(v0, v1); v0 = t;
            t = lo1.selectFrom(v2, v3); v3 = hi1.selectFrom(v2, v3); v2 = t;
            t = lo1.selectFrom(v4, v5); v5 = hi1.selectFrom(v4, v5); v4 = t;
            t = lo1.selectFrom(v6, v7); v7 = hi1.selectFrom(v6, v7); v6 = t;
            t = lo1.selectFrom(v8, v9); v9 = hi1.selectFrom(v8, v9); v8 = t;
            t = lo1.selectFrom(v10, v11); v11 = hi1.selectFrom(v10, v11); v10 = t;
            t = lo1.selectFrom(v12, v13); v13 = hi1.selectFrom(v12, v13); v12 = t;
            t = lo1.selectFrom(v14, v15); v15 = hi1.selectFrom(v14, v15); v14 = t;
            put = store(v0, type, to, put, stride);
            put = store(v1, type, to, put, stride);
            put = store(v2, type, to, put, stride);
            put = store(v3, type, to, put, stride);
            put = store(v4, type, to, put, stride);
            put = store(v5, type, to, put, stride);
            put = store(v6, type, to, put, stride);
            put = store(v7, type, to, put, stride);
            put = store(v8, type, to, put, stride);
            put = store(v9, type, to, put, stride);
            put = store(v10, type, to, put, stride);
            put = store(v11, type, to, put, stride);
            put = store(v12, type, to, put, stride);
            put = store(v13, type, to, put, stride);
            put = store(v14, type, to, put, stride);
            put = store(v15, type, to, put, stride);
        }
    }

    private static void block8(MemorySegment from, long at, long pitch, int last, int steps, DType type, float[] to, int put, int stride) {
        IntVector lo4 = index(4, 0), hi4 = index(4, 4);
        IntVector lo2 = index(2, 0), hi2 = index(2, 2);
        IntVector lo1 = index(1, 0), hi1 = index(1, 1);
        long r0 = at, r1 = at + Math.min(1, last) * pitch, r2 = at + Math.min(2, last) * pitch, r3 = at + Math.min(3, last) * pitch;
        long r4 = at + Math.min(4, last) * pitch, r5 = at + Math.min(5, last) * pitch, r6 = at + Math.min(6, last) * pitch, r7 = at + Math.min(7, last) * pitch;
        IntVector t;
        for (int s = 0; s < steps; s++) {
            long p = (long) s * BYTES;
            IntVector v0 = load(from, r0 + p), v1 = load(from, r1 + p), v2 = load(from, r2 + p), v3 = load(from, r3 + p);
            IntVector v4 = load(from, r4 + p), v5 = load(from, r5 + p), v6 = load(from, r6 + p), v7 = load(from, r7 + p);
            t = lo4.selectFrom(v0, v4); v4 = hi4.selectFrom(v0, v4); v0 = t;
            t = lo4.selectFrom(v1, v5); v5 = hi4.selectFrom(v1, v5); v1 = t;
            t = lo4.selectFrom(v2, v6); v6 = hi4.selectFrom(v2, v6); v2 = t;
            t = lo4.selectFrom(v3, v7); v7 = hi4.selectFrom(v3, v7); v3 = t;
            t = lo2.selectFrom(v0, v2); v2 = hi2.selectFrom(v0, v2); v0 = t;
            t = lo2.selectFrom(v1, v3); v3 = hi2.selectFrom(v1, v3); v1 = t;
            t = lo2.selectFrom(v4, v6); v6 = hi2.selectFrom(v4, v6); v4 = t;
            t = lo2.selectFrom(v5, v7); v7 = hi2.selectFrom(v5, v7); v5 = t;
            t = lo1.selectFrom(v0, v1); v1 = hi1.selectFrom(v0, v1); v0 = t;
            t = lo1.selectFrom(v2, v3); v3 = hi1.selectFrom(v2, v3); v2 = t;
            t = lo1.selectFrom(v4, v5); v5 = hi1.selectFrom(v4, v5); v4 = t;
            t = lo1.selectFrom(v6, v7); v7 = hi1.selectFrom(v6, v7); v6 = t;
            put = store(v0, type, to, put, stride);
            put = store(v1, type, to, put, stride);
            put = store(v2, type, to, put, stride);
            put = store(v3, type, to, put, stride);
            put = store(v4, type, to, put, stride);
            put = store(v5, type, to, put, stride);
            put = store(v6, type, to, put, stride);
            put = store(v7, type, to, put, stride);
        }
    }

    private static void block4(MemorySegment from, long at, long pitch, int last, int steps, DType type, float[] to, int put, int stride) {
        IntVector lo2 = index(2, 0), hi2 = index(2, 2);
        IntVector lo1 = index(1, 0), hi1 = index(1, 1);
        long r0 = at, r1 = at + Math.min(1, last) * pitch, r2 = at + Math.min(2, last) * pitch, r3 = at + Math.min(3, last) * pitch;
        IntVector t;
        for (int s = 0; s < steps; s++) {
            long p = (long) s * BYTES;
            IntVector v0 = load(from, r0 + p), v1 = load(from, r1 + p), v2 = load(from, r2 + p), v3 = load(from, r3 + p);
            t = lo2.selectFrom(v0, v2); v2 = hi2.selectFrom(v0, v2); v0 = t;
            t = lo2.selectFrom(v1, v3); v3 = hi2.selectFrom(v1, v3); v1 = t;
            t = lo1.selectFrom(v0, v1); v1 = hi1.selectFrom(v0, v1); v0 = t;
            t = lo1.selectFrom(v2, v3); v3 = hi1.selectFrom(v2, v3); v2 = t;
            put = store(v0, type, to, put, stride);
            put = store(v1, type, to, put, stride);
            put = store(v2, type, to, put, stride);
            put = store(v3, type, to, put, stride);
        }
    }
}
