package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemvRows.ADDRESS;
import static lucid.kernels.simd.matmul.GemvRows.ALL;
import static lucid.kernels.simd.matmul.GemvRows.DISTANCE;
import static lucid.kernels.simd.matmul.GemvRows.STEP;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.simd.vector.Species;

/// The register tiles of few rows over panels of a [PackedWeight]: `height` rows by WIDTH columns of each panel, one chain `acc = fma(a_k, b_k, acc)`
/// per lane, ascending k.
///
/// *Few streams, each read by one load.* AMD's prefetchers know a stream by the instruction that reads it, and look ahead in several at a time. The
/// loops step by a length that HotSpot does not know, so it does not unroll them: eight loads that take every eighth line of one panel are eight
/// streams, and which of them the prefetchers follow differs from process to process. Four panels side by side hide the latency of the chains, too,
/// and share the rows' broadcasts, so the processor sees further ahead; as many are taken as there are registers for.
///
/// Measured on an AMD EPYC (family 26, AVX-512, 2 cores of a shared machine), weights of 11008 x 2048 in memory, in turn with a loop that only reads,
/// one stream a thread; GB/s of 1, 2, 4 and 8 rows, before: one panel, a loop that HotSpot unrolls. One core, loop 31 to 39: bf16 22, 24, 21, 18
/// before, 31, 33, 26, 19 now; f32 35, 31, 28, 25 and 36, 31, 31, 26. Two cores, while the loop had 55 to 65: bf16 39, 40, 39, 34 before, one row 57
/// now. Streams that go on over eight panels ([Gemv]) instead of beginning anew with each: 1.02 to 1.06 of the speed of a decoded token.
///
/// Everything in the loops is written out, because HotSpot stops to inline methods, but not those of the vector API, when a method has grown to some
/// 18,000 nodes (`NodeCountInliningCutoff`), and every vector is an object then.
final class GemvPanel {
    private static final int WIDTH = GemmTile.WIDTH;
    private static final VectorOperators.Binary LSHL = VectorOperators.LSHL;
    private static final int HIGH = PanelOrder.HIGH;
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    /// Whether the weight is f32; in a copy of this class it is bf16.
    private static final boolean WIDE = TileCopy.wide(MethodHandles.lookup());
    /// Floats of the largest tile's chains: 4 rows, 3 panels.
    static final int SUMS = 12 * WIDTH;
    private static final boolean MANY_REGISTERS = Species.BITS == 512;

    private GemvPanel() {}

    /// Panels that `height` (1, 2, 4 or 8) rows take at a time.
    static int together(int height) {
        return switch (height) {
            case 1 -> 4;
            case 2 -> MANY_REGISTERS ? 4 : 2;
            case 4 -> MANY_REGISTERS ? 3 : 1;
            default -> 1;
        };
    }

    /// Continues the chains of `height` rows over `panels` panels, at most as many as they take at a time. Where they are fewer, the last one is read
    /// again and its chains are worthless.
    ///
    /// @param apart every how many panels is one of them
    /// @param a     rows `[k][height]`
    /// @param c     chains `[panel][height][WIDTH]`, as many as they take at a time
    static void run(int height, Operand w, int column, int panels, int apart, int k, float[] a, float[] c) {
        long first = w.offset(column, 0), length = k * w.pitch(), far = w.offset(column + apart * WIDTH, 0) - first, last = (panels - 1) * far;
        Objects.checkFromIndexSize(first, last + length, w.memory().byteSize());
        Objects.checkFromIndexSize(0, k * height, a.length);
        if (w.type() == DType.F32) tile(height, w.memory().address() + first, far, last, w.pitch(), length, a, c);
        else Narrow.tile(height, w.memory().address() + first, far, last, w.pitch(), length, a, c);
    }

    /// The copy for bf16.
    private static final class Narrow {
        private static final MethodHandle TILE = TileCopy.of(GemvPanel.class, true, "tile",
                MethodType.methodType(void.class, int.class, long.class, long.class, long.class, long.class, long.class, float[].class,
                float[].class));

        static void tile(int height, long from, long far, long last, long pitch, long length, float[] a, float[] c) {
            try {
                TILE.invokeExact(height, from, far, last, pitch, length, a, c);
            } catch (Throwable t) {
                throw TileCopy.failure(t);
            }
        }
    }

    private static void tile(int height, long from, long far, long last, long pitch, long length, float[] a, float[] c) {
        switch (height) {
            case 1 -> rows1x4(from, far, last, pitch, length, a, c);
            case 2 -> {
                if (MANY_REGISTERS) rows2x4(from, far, last, pitch, length, a, c);
                else rows2x2(from, far, last, pitch, length, a, c);
            }
            case 4 -> {
                if (MANY_REGISTERS) rows4x3(from, far, last, pitch, length, a, c);
                else rows4(from, pitch, length, a, c);
            }
            default -> rows8(from, pitch, length, a, c);
        }
    }

    /// 1 row, 4 panels.
    private static void rows1x4(long from, long far, long last, long pitch, long length, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x2 = FloatVector.fromArray(F, c, 2 * WIDTH), y2 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x3 = FloatVector.fromArray(F, c, 3 * WIDTH), y3 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        long from0 = from & ADDRESS, from1 = from + Math.min(far, last) & ADDRESS, from2 = from + Math.min(2 * far, last) & ADDRESS,
                from3 = from + Math.min(3 * far, last) & ADDRESS;
        int p = 0;
        for (long i = 0; i != length; i += pitch, p++) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s = FloatVector.broadcast(F, a[p]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x0 = s.fma(u, x0); y0 = s.fma(v, y0);
            w = IntVector.fromMemorySegment(I, ALL, from1 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from1 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x1 = s.fma(u, x1); y1 = s.fma(v, y1);
            w = IntVector.fromMemorySegment(I, ALL, from2 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from2 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x2 = s.fma(u, x2); y2 = s.fma(v, y2);
            w = IntVector.fromMemorySegment(I, ALL, from3 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from3 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x3 = s.fma(u, x3); y3 = s.fma(v, y3);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
        x2.intoArray(c, 2 * WIDTH); y2.intoArray(c, 2 * WIDTH + LANES);
        x3.intoArray(c, 3 * WIDTH); y3.intoArray(c, 3 * WIDTH + LANES);
    }

    /// 2 rows, 4 panels.
    private static void rows2x4(long from, long far, long last, long pitch, long length, float[] a, float[] c) {
        FloatVector x00 = FloatVector.fromArray(F, c, 0), y00 = FloatVector.fromArray(F, c, LANES);
        FloatVector x01 = FloatVector.fromArray(F, c, WIDTH), y01 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x10 = FloatVector.fromArray(F, c, 2 * WIDTH), y10 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x11 = FloatVector.fromArray(F, c, 3 * WIDTH), y11 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        FloatVector x20 = FloatVector.fromArray(F, c, 4 * WIDTH), y20 = FloatVector.fromArray(F, c, 4 * WIDTH + LANES);
        FloatVector x21 = FloatVector.fromArray(F, c, 5 * WIDTH), y21 = FloatVector.fromArray(F, c, 5 * WIDTH + LANES);
        FloatVector x30 = FloatVector.fromArray(F, c, 6 * WIDTH), y30 = FloatVector.fromArray(F, c, 6 * WIDTH + LANES);
        FloatVector x31 = FloatVector.fromArray(F, c, 7 * WIDTH), y31 = FloatVector.fromArray(F, c, 7 * WIDTH + LANES);
        long from0 = from & ADDRESS, from1 = from + Math.min(far, last) & ADDRESS, from2 = from + Math.min(2 * far, last) & ADDRESS,
                from3 = from + Math.min(3 * far, last) & ADDRESS;
        int j = 0;
        for (long i = 0; i != length; i += pitch, j += 2) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s0 = FloatVector.broadcast(F, a[j]), s1 = FloatVector.broadcast(F, a[j + 1]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x00 = s0.fma(u, x00); y00 = s0.fma(v, y00); x01 = s1.fma(u, x01); y01 = s1.fma(v, y01);
            w = IntVector.fromMemorySegment(I, ALL, from1 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from1 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x10 = s0.fma(u, x10); y10 = s0.fma(v, y10); x11 = s1.fma(u, x11); y11 = s1.fma(v, y11);
            w = IntVector.fromMemorySegment(I, ALL, from2 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from2 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x20 = s0.fma(u, x20); y20 = s0.fma(v, y20); x21 = s1.fma(u, x21); y21 = s1.fma(v, y21);
            w = IntVector.fromMemorySegment(I, ALL, from3 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from3 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x30 = s0.fma(u, x30); y30 = s0.fma(v, y30); x31 = s1.fma(u, x31); y31 = s1.fma(v, y31);
        }
        x00.intoArray(c, 0); y00.intoArray(c, LANES);
        x01.intoArray(c, WIDTH); y01.intoArray(c, WIDTH + LANES);
        x10.intoArray(c, 2 * WIDTH); y10.intoArray(c, 2 * WIDTH + LANES);
        x11.intoArray(c, 3 * WIDTH); y11.intoArray(c, 3 * WIDTH + LANES);
        x20.intoArray(c, 4 * WIDTH); y20.intoArray(c, 4 * WIDTH + LANES);
        x21.intoArray(c, 5 * WIDTH); y21.intoArray(c, 5 * WIDTH + LANES);
        x30.intoArray(c, 6 * WIDTH); y30.intoArray(c, 6 * WIDTH + LANES);
        x31.intoArray(c, 7 * WIDTH); y31.intoArray(c, 7 * WIDTH + LANES);
    }

    /// 2 rows, 2 panels.
    private static void rows2x2(long from, long far, long last, long pitch, long length, float[] a, float[] c) {
        FloatVector x00 = FloatVector.fromArray(F, c, 0), y00 = FloatVector.fromArray(F, c, LANES);
        FloatVector x01 = FloatVector.fromArray(F, c, WIDTH), y01 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x10 = FloatVector.fromArray(F, c, 2 * WIDTH), y10 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x11 = FloatVector.fromArray(F, c, 3 * WIDTH), y11 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        long from0 = from & ADDRESS, from1 = from + Math.min(far, last) & ADDRESS;
        int j = 0;
        for (long i = 0; i != length; i += pitch, j += 2) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s0 = FloatVector.broadcast(F, a[j]), s1 = FloatVector.broadcast(F, a[j + 1]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x00 = s0.fma(u, x00); y00 = s0.fma(v, y00); x01 = s1.fma(u, x01); y01 = s1.fma(v, y01);
            w = IntVector.fromMemorySegment(I, ALL, from1 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from1 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x10 = s0.fma(u, x10); y10 = s0.fma(v, y10); x11 = s1.fma(u, x11); y11 = s1.fma(v, y11);
        }
        x00.intoArray(c, 0); y00.intoArray(c, LANES);
        x01.intoArray(c, WIDTH); y01.intoArray(c, WIDTH + LANES);
        x10.intoArray(c, 2 * WIDTH); y10.intoArray(c, 2 * WIDTH + LANES);
        x11.intoArray(c, 3 * WIDTH); y11.intoArray(c, 3 * WIDTH + LANES);
    }

    /// 4 rows, 3 panels.
    private static void rows4x3(long from, long far, long last, long pitch, long length, float[] a, float[] c) {
        FloatVector x00 = FloatVector.fromArray(F, c, 0), y00 = FloatVector.fromArray(F, c, LANES);
        FloatVector x01 = FloatVector.fromArray(F, c, WIDTH), y01 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x02 = FloatVector.fromArray(F, c, 2 * WIDTH), y02 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x03 = FloatVector.fromArray(F, c, 3 * WIDTH), y03 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        FloatVector x10 = FloatVector.fromArray(F, c, 4 * WIDTH), y10 = FloatVector.fromArray(F, c, 4 * WIDTH + LANES);
        FloatVector x11 = FloatVector.fromArray(F, c, 5 * WIDTH), y11 = FloatVector.fromArray(F, c, 5 * WIDTH + LANES);
        FloatVector x12 = FloatVector.fromArray(F, c, 6 * WIDTH), y12 = FloatVector.fromArray(F, c, 6 * WIDTH + LANES);
        FloatVector x13 = FloatVector.fromArray(F, c, 7 * WIDTH), y13 = FloatVector.fromArray(F, c, 7 * WIDTH + LANES);
        FloatVector x20 = FloatVector.fromArray(F, c, 8 * WIDTH), y20 = FloatVector.fromArray(F, c, 8 * WIDTH + LANES);
        FloatVector x21 = FloatVector.fromArray(F, c, 9 * WIDTH), y21 = FloatVector.fromArray(F, c, 9 * WIDTH + LANES);
        FloatVector x22 = FloatVector.fromArray(F, c, 10 * WIDTH), y22 = FloatVector.fromArray(F, c, 10 * WIDTH + LANES);
        FloatVector x23 = FloatVector.fromArray(F, c, 11 * WIDTH), y23 = FloatVector.fromArray(F, c, 11 * WIDTH + LANES);
        long from0 = from & ADDRESS, from1 = from + Math.min(far, last) & ADDRESS, from2 = from + Math.min(2 * far, last) & ADDRESS;
        int j = 0;
        for (long i = 0; i != length; i += pitch, j += 4) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s0 = FloatVector.broadcast(F, a[j]), s1 = FloatVector.broadcast(F, a[j + 1]), s2 = FloatVector.broadcast(F, a[j + 2]),
                    s3 = FloatVector.broadcast(F, a[j + 3]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x00 = s0.fma(u, x00); y00 = s0.fma(v, y00); x01 = s1.fma(u, x01); y01 = s1.fma(v, y01);
            x02 = s2.fma(u, x02); y02 = s2.fma(v, y02); x03 = s3.fma(u, x03); y03 = s3.fma(v, y03);
            w = IntVector.fromMemorySegment(I, ALL, from1 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from1 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x10 = s0.fma(u, x10); y10 = s0.fma(v, y10); x11 = s1.fma(u, x11); y11 = s1.fma(v, y11);
            x12 = s2.fma(u, x12); y12 = s2.fma(v, y12); x13 = s3.fma(u, x13); y13 = s3.fma(v, y13);
            w = IntVector.fromMemorySegment(I, ALL, from2 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from2 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x20 = s0.fma(u, x20); y20 = s0.fma(v, y20); x21 = s1.fma(u, x21); y21 = s1.fma(v, y21);
            x22 = s2.fma(u, x22); y22 = s2.fma(v, y22); x23 = s3.fma(u, x23); y23 = s3.fma(v, y23);
        }
        x00.intoArray(c, 0); y00.intoArray(c, LANES);
        x01.intoArray(c, WIDTH); y01.intoArray(c, WIDTH + LANES);
        x02.intoArray(c, 2 * WIDTH); y02.intoArray(c, 2 * WIDTH + LANES);
        x03.intoArray(c, 3 * WIDTH); y03.intoArray(c, 3 * WIDTH + LANES);
        x10.intoArray(c, 4 * WIDTH); y10.intoArray(c, 4 * WIDTH + LANES);
        x11.intoArray(c, 5 * WIDTH); y11.intoArray(c, 5 * WIDTH + LANES);
        x12.intoArray(c, 6 * WIDTH); y12.intoArray(c, 6 * WIDTH + LANES);
        x13.intoArray(c, 7 * WIDTH); y13.intoArray(c, 7 * WIDTH + LANES);
        x20.intoArray(c, 8 * WIDTH); y20.intoArray(c, 8 * WIDTH + LANES);
        x21.intoArray(c, 9 * WIDTH); y21.intoArray(c, 9 * WIDTH + LANES);
        x22.intoArray(c, 10 * WIDTH); y22.intoArray(c, 10 * WIDTH + LANES);
        x23.intoArray(c, 11 * WIDTH); y23.intoArray(c, 11 * WIDTH + LANES);
    }

    /// 4 rows, 1 panel.
    private static void rows4(long from, long pitch, long length, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x2 = FloatVector.fromArray(F, c, 2 * WIDTH), y2 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x3 = FloatVector.fromArray(F, c, 3 * WIDTH), y3 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        long from0 = from & ADDRESS;
        int j = 0;
        for (long i = 0; i != length; i += pitch, j += 4) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s0 = FloatVector.broadcast(F, a[j]), s1 = FloatVector.broadcast(F, a[j + 1]), s2 = FloatVector.broadcast(F, a[j + 2]),
                    s3 = FloatVector.broadcast(F, a[j + 3]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x0 = s0.fma(u, x0); y0 = s0.fma(v, y0); x1 = s1.fma(u, x1); y1 = s1.fma(v, y1);
            x2 = s2.fma(u, x2); y2 = s2.fma(v, y2); x3 = s3.fma(u, x3); y3 = s3.fma(v, y3);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
        x2.intoArray(c, 2 * WIDTH); y2.intoArray(c, 2 * WIDTH + LANES);
        x3.intoArray(c, 3 * WIDTH); y3.intoArray(c, 3 * WIDTH + LANES);
    }

    /// 8 rows, 1 panel.
    private static void rows8(long from, long pitch, long length, float[] a, float[] c) {
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        FloatVector x2 = FloatVector.fromArray(F, c, 2 * WIDTH), y2 = FloatVector.fromArray(F, c, 2 * WIDTH + LANES);
        FloatVector x3 = FloatVector.fromArray(F, c, 3 * WIDTH), y3 = FloatVector.fromArray(F, c, 3 * WIDTH + LANES);
        FloatVector x4 = FloatVector.fromArray(F, c, 4 * WIDTH), y4 = FloatVector.fromArray(F, c, 4 * WIDTH + LANES);
        FloatVector x5 = FloatVector.fromArray(F, c, 5 * WIDTH), y5 = FloatVector.fromArray(F, c, 5 * WIDTH + LANES);
        FloatVector x6 = FloatVector.fromArray(F, c, 6 * WIDTH), y6 = FloatVector.fromArray(F, c, 6 * WIDTH + LANES);
        FloatVector x7 = FloatVector.fromArray(F, c, 7 * WIDTH), y7 = FloatVector.fromArray(F, c, 7 * WIDTH + LANES);
        long from0 = from & ADDRESS;
        int j = 0;
        for (long i = 0; i != length; i += pitch, j += 8) {
            long at = i & DISTANCE;
            IntVector w;
            FloatVector u, v, s0 = FloatVector.broadcast(F, a[j]), s1 = FloatVector.broadcast(F, a[j + 1]), s2 = FloatVector.broadcast(F, a[j + 2]),
                    s3 = FloatVector.broadcast(F, a[j + 3]), s4 = FloatVector.broadcast(F, a[j + 4]), s5 = FloatVector.broadcast(F, a[j + 5]),
                    s6 = FloatVector.broadcast(F, a[j + 6]), s7 = FloatVector.broadcast(F, a[j + 7]);
            w = IntVector.fromMemorySegment(I, ALL, from0 + at, NATIVE);
            u = (WIDE ? w : w.lanewise(LSHL, 16)).reinterpretAsFloats();
            v = (WIDE ? IntVector.fromMemorySegment(I, ALL, from0 + at + STEP, NATIVE) : w.and(HIGH)).reinterpretAsFloats();
            x0 = s0.fma(u, x0); y0 = s0.fma(v, y0); x1 = s1.fma(u, x1); y1 = s1.fma(v, y1);
            x2 = s2.fma(u, x2); y2 = s2.fma(v, y2); x3 = s3.fma(u, x3); y3 = s3.fma(v, y3);
            x4 = s4.fma(u, x4); y4 = s4.fma(v, y4); x5 = s5.fma(u, x5); y5 = s5.fma(v, y5);
            x6 = s6.fma(u, x6); y6 = s6.fma(v, y6); x7 = s7.fma(u, x7); y7 = s7.fma(v, y7);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
        x2.intoArray(c, 2 * WIDTH); y2.intoArray(c, 2 * WIDTH + LANES);
        x3.intoArray(c, 3 * WIDTH); y3.intoArray(c, 3 * WIDTH + LANES);
        x4.intoArray(c, 4 * WIDTH); y4.intoArray(c, 4 * WIDTH + LANES);
        x5.intoArray(c, 5 * WIDTH); y5.intoArray(c, 5 * WIDTH + LANES);
        x6.intoArray(c, 6 * WIDTH); y6.intoArray(c, 6 * WIDTH + LANES);
        x7.intoArray(c, 7 * WIDTH); y7.intoArray(c, 7 * WIDTH + LANES);
    }
}
