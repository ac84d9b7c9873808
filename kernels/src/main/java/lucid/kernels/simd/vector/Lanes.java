package lucid.kernels.simd.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Reductions in 16 virtual lanes: element i goes to lane i mod 16, ascending, from +0 (from -infinity for the maximum); then `lane[j] op= lane[j +
/// 8]`, 4, 2, 1. A register of 512 bits holds the lanes once, one of 256 twice (a0, a1), one of 128 four times (a0 .. a3), so the tree's first
/// steps are whole-register operations and the result is the same for every width.
///
/// A partial last block is loaded with +0 (or -infinity) in the missing lanes: neutral, because a sum that starts from +0 is never -0.
public final class Lanes {
    /// The byte order of every load and store: that of tensor memory.
    public static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    /// Virtual lanes of every reduction.
    public static final int COUNT = 16;
    private static final int WIDTH = Species.LANES;
    private static final long STEP = WIDTH * 4L;
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.iota(Species.F, 8 % WIDTH, 1, true);
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.iota(Species.F, 4 % WIDTH, 1, true);
    private static final VectorShuffle<Float> BY_2 = VectorShuffle.iota(Species.F, 2, 1, true);

    /// Whether HotSpot knows loads and stores under a mask: on ARM those of SVE, not those of NEON's 128 bits.
    private static final boolean MASKS = Species.X86 || WIDTH > 4;

    private Lanes() {}

    /// A full vector from byte offset `offset`.
    public static FloatVector load(MemorySegment s, long offset) { return FloatVector.fromMemorySegment(Species.F, s, offset, NATIVE); }

    /// The first `n` floats (n may be 0 or less, or more than a vector), +0 in the other lanes.
    public static FloatVector load(MemorySegment s, long offset, int n) {
        if (n >= WIDTH) return load(s, offset);
        if (MASKS) return FloatVector.fromMemorySegment(Species.F, s, offset, NATIVE, mask(Math.max(0, n)));
        return few(n > 0 ? s.get(JAVA_FLOAT, offset) : 0f, n > 1 ? s.get(JAVA_FLOAT, offset + 4) : 0f, n > 2 ? s.get(JAVA_FLOAT, offset + 8) : 0f);
    }

    private static FloatVector few(float a, float b, float c) { return FloatVector.zero(Species.F).withLane(0, a).withLane(1, b).withLane(2, c); }

    /// The mask of the first `n` lanes, 0 <= n <= vector length.
    public static VectorMask<Float> mask(int n) { return Species.F.indexInRange(0, n); }

    /// Stores a full vector at byte offset `offset`.
    public static void store(FloatVector v, MemorySegment s, long offset) { v.intoMemorySegment(s, offset, NATIVE); }

    /// Stores the first `n` lanes, 0 < n < vector length.
    public static void store(FloatVector v, MemorySegment s, long offset, int n) {
        if (MASKS) {
            v.intoMemorySegment(s, offset, NATIVE, mask(n));
            return;
        }
        s.set(JAVA_FLOAT, offset, v.lane(0));
        if (n > 1) s.set(JAVA_FLOAT, offset + 4, v.lane(1));
        if (n > 2) s.set(JAVA_FLOAT, offset + 8, v.lane(2));
    }

    /// Stores v, or adds it to what is there.
    public static void put(FloatVector v, MemorySegment s, long offset, boolean add) {
        if (add) store(load(s, offset).add(v), s, offset);
        else store(v, s, offset);
    }

    /// [#put] for the first `n` lanes, 0 < n < vector length.
    public static void put(FloatVector v, MemorySegment s, long offset, int n, boolean add) {
        if (add) store(load(s, offset, n).add(v), s, offset, n);
        else store(v, s, offset, n);
    }

    /// `Σ s[i]` of n floats at a byte offset.
    public static float sum(MemorySegment s, long offset, int n) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        int i = 0;
        for (; i + COUNT <= n; i += COUNT, offset += COUNT * 4) {
            a0 = a0.add(load(s, offset));
            if (WIDTH <= 8) a1 = a1.add(load(s, offset + STEP));
            if (WIDTH <= 4) {
                a2 = a2.add(load(s, offset + 2 * STEP));
                a3 = a3.add(load(s, offset + 3 * STEP));
            }
        }
        int rest = n - i;
        if (rest > 0) {
            a0 = a0.add(load(s, offset, rest));
            if (WIDTH <= 8) a1 = a1.add(load(s, offset + STEP, rest - WIDTH));
            if (WIDTH <= 4) {
                a2 = a2.add(load(s, offset + 2 * STEP, rest - 2 * WIDTH));
                a3 = a3.add(load(s, offset + 3 * STEP, rest - 3 * WIDTH));
            }
        }
        return sum(a0, a1, a2, a3);
    }

    /// `Σ fma(a[i], b[i], lane)` of n floats.
    public static float dot(MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        int i = 0;
        for (; i + COUNT <= n; i += COUNT, aOffset += COUNT * 4, bOffset += COUNT * 4) {
            a0 = load(a, aOffset).fma(load(b, bOffset), a0);
            if (WIDTH <= 8) a1 = load(a, aOffset + STEP).fma(load(b, bOffset + STEP), a1);
            if (WIDTH <= 4) {
                a2 = load(a, aOffset + 2 * STEP).fma(load(b, bOffset + 2 * STEP), a2);
                a3 = load(a, aOffset + 3 * STEP).fma(load(b, bOffset + 3 * STEP), a3);
            }
        }
        int rest = n - i;
        if (rest > 0) {
            a0 = load(a, aOffset, rest).fma(load(b, bOffset, rest), a0);
            if (WIDTH <= 8) a1 = load(a, aOffset + STEP, rest - WIDTH).fma(load(b, bOffset + STEP, rest - WIDTH), a1);
            if (WIDTH <= 4) {
                a2 = load(a, aOffset + 2 * STEP, rest - 2 * WIDTH).fma(load(b, bOffset + 2 * STEP, rest - 2 * WIDTH), a2);
                a3 = load(a, aOffset + 3 * STEP, rest - 3 * WIDTH).fma(load(b, bOffset + 3 * STEP, rest - 3 * WIDTH), a3);
            }
        }
        return sum(a0, a1, a2, a3);
    }

    /// `max s[i]`; -infinity for n = 0, NaN if there is one.
    public static float max(MemorySegment s, long offset, int n) {
        FloatVector lowest = FloatVector.broadcast(Species.F, Float.NEGATIVE_INFINITY);
        FloatVector a = lowest, b = lowest;
        int i = 0;
        // A maximum does not depend on its order, so two registers are enough at any width.
        for (; i + 2 * WIDTH <= n; i += 2 * WIDTH, offset += 2 * STEP) {
            a = a.max(load(s, offset));
            b = b.max(load(s, offset + STEP));
        }
        a = a.max(b);
        for (; i < n; i += WIDTH, offset += STEP) a = a.max(i + WIDTH <= n ? load(s, offset) : lowest.blend(load(s, offset, n - i), mask(n - i)));
        return a.reduceLanes(VectorOperators.MAX);
    }

    /// `Σ a[from + i]` of n floats.
    public static float sum(float[] a, int from, int n) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        int to = from + n;
        int i = from;
        for (; i + COUNT <= to; i += COUNT) {
            a0 = a0.add(FloatVector.fromArray(Species.F, a, i));
            if (WIDTH <= 8) a1 = a1.add(FloatVector.fromArray(Species.F, a, i + WIDTH));
            if (WIDTH <= 4) {
                a2 = a2.add(FloatVector.fromArray(Species.F, a, i + 2 * WIDTH));
                a3 = a3.add(FloatVector.fromArray(Species.F, a, i + 3 * WIDTH));
            }
        }
        int rest = to - i;
        if (rest > 0) {
            a0 = a0.add(load(a, i, rest));
            if (WIDTH <= 8) a1 = a1.add(load(a, i + WIDTH, rest - WIDTH));
            if (WIDTH <= 4) {
                a2 = a2.add(load(a, i + 2 * WIDTH, rest - 2 * WIDTH));
                a3 = a3.add(load(a, i + 3 * WIDTH, rest - 3 * WIDTH));
            }
        }
        return sum(a0, a1, a2, a3);
    }

    /// `max a[from + i]`; -infinity for n = 0.
    public static float max(float[] a, int from, int n) {
        FloatVector lowest = FloatVector.broadcast(Species.F, Float.NEGATIVE_INFINITY);
        FloatVector m = lowest;
        int to = from + n;
        int i = from;
        for (; i + WIDTH <= to; i += WIDTH) m = m.max(FloatVector.fromArray(Species.F, a, i));
        if (i < to) m = m.max(lowest.blend(load(a, i, to - i), mask(to - i)));
        return m.reduceLanes(VectorOperators.MAX);
    }

    /// The tree over 16 lanes that wait in an array from `at` on; destroys them.
    public static float tree(float[] lanes, int at) {
        for (int width = COUNT / 2; width > 0; width /= 2) {
            for (int i = 0; i < width; i++) lanes[at + i] += lanes[at + i + width];
        }
        return lanes[at];
    }

    /// The first `n` floats of an array from `from` on, +0 in the other lanes.
    public static FloatVector load(float[] a, int from, int n) {
        if (n >= WIDTH) return FloatVector.fromArray(Species.F, a, from);
        if (n <= 0) return FloatVector.zero(Species.F);
        if (MASKS) return FloatVector.fromArray(Species.F, a, from, mask(n));
        return few(a[from], n > 1 ? a[from + 1] : 0f, n > 2 ? a[from + 2] : 0f);
    }

    /// The tree over the 16 lanes held in 1 (512 bits: a0), 2 (256: a0, a1) or 4 (128: a0 .. a3) registers; the others are ignored.
    public static float sum(FloatVector a0, FloatVector a1, FloatVector a2, FloatVector a3) {
        if (WIDTH == 16) return eight(a0.add(rotated(a0, 8)));
        if (WIDTH == 8) return eight(a0.add(a1));
        return four(a0.add(a2).add(a1.add(a3)));
    }

    private static float eight(FloatVector v) { return four(v.add(rotated(v, 4))); }

    private static float four(FloatVector v) {
        FloatVector w = v.add(rotated(v, 2));
        return w.lane(0) + w.lane(1);
    }

    private static FloatVector rotated(FloatVector v, int by) { return v.rearrange(by == 8 ? BY_8 : by == 4 ? BY_4 : BY_2); }
}
