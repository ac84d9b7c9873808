package lucid.kernels.ptx.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.number.Formats;

/// [lucid.kernels.ptx.tensor.form.Accumulation#EXACT] in vectors of double: blocks of 8 rows times 8 columns of D stay in vector registers while k
/// runs.
///
/// One accumulator register of a warp is 32 words: lane `4 g + t` holds row g of 8, column `2 t + p` of 8, p the parity of the register. So the two
/// registers of a block hold its even and its odd columns, and a row of a block here is *even columns, then odd ones*, in B's panels as well
/// ([Panels#column]): then a row is two runs of 4 words. A is read one number at a time, into all lanes.
///
/// Every lane does what the plain loop does: `fma(a_k, b_k, acc)` in ascending k, where fma and multiply-then-add agree because the product of two
/// factors of at most 24 bits is exact in double.
///
/// With vectors of 512 bits and f32 accumulators a block goes from registers to registers without a stop in memory. Panels are native memory: an
/// array begins 16 bytes behind a multiple of 8, so that most of its 64-byte vectors lie across two cache lines, which took a quarter more time
/// (measured).
///
/// No method here takes or returns a vector: past its node budget C2 stops inlining methods that are not part of the Vector API, and a vector handed
/// to a method that is not inlined is allocated.
final class DotTiles {
    /// 512 bits at most: a row of a block has 8 numbers.
    static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED.length() > 8 ? DoubleVector.SPECIES_512 : DoubleVector.SPECIES_PREFERRED;
    static final int L = D.length();
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, L * 32)));
    static final VectorSpecies<Integer> I = F.withLanes(int.class);
    static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    /// Whether there are vectors at all; else the plain path is used.
    static final boolean FAST = L >= 2;
    /// Whether [#registers] and [RowPairs] can be used.
    static final boolean WHOLE_ROWS = L == 8;
    /// Halves exchanged, and the mask of the upper half: two vectors of (even, odd columns of two rows) to two rows and back.
    static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> (i + 4) % L);
    static final VectorMask<Float> UPPER = VectorMask.fromLong(F, 0xf0 & (1 << L) - 1);
    static final float NAN = Float.intBitsToFloat(Formats.NAN_F32);

    private DotTiles() {}

    /// One n8 tile of f32 accumulators, 8 rows, in place.
    ///
    /// @param aAt the byte where A's block begins
    /// @param bAt the byte where B's block begins
    /// @param c0 the word where the register of the even columns begins
    /// @param c1 the same for the odd columns
    static void registers(MemorySegment a, long aAt, MemorySegment b, long bAt, int depth, int[] w, int c0, int c1) {
        FloatVector e00 = IntVector.fromArray(I, w, c0).reinterpretAsFloats();
        FloatVector o00 = IntVector.fromArray(I, w, c1).reinterpretAsFloats();
        DoubleVector x0 = (DoubleVector) e00.blend(o00.rearrange(SWAP), UPPER).convertShape(VectorOperators.F2D, D, 0);
        DoubleVector x1 = (DoubleVector) e00.rearrange(SWAP).blend(o00, UPPER).convertShape(VectorOperators.F2D, D, 0);
        FloatVector e01 = IntVector.fromArray(I, w, c0 + 8).reinterpretAsFloats();
        FloatVector o01 = IntVector.fromArray(I, w, c1 + 8).reinterpretAsFloats();
        DoubleVector x2 = (DoubleVector) e01.blend(o01.rearrange(SWAP), UPPER).convertShape(VectorOperators.F2D, D, 0);
        DoubleVector x3 = (DoubleVector) e01.rearrange(SWAP).blend(o01, UPPER).convertShape(VectorOperators.F2D, D, 0);
        FloatVector e02 = IntVector.fromArray(I, w, c0 + 16).reinterpretAsFloats();
        FloatVector o02 = IntVector.fromArray(I, w, c1 + 16).reinterpretAsFloats();
        DoubleVector x4 = (DoubleVector) e02.blend(o02.rearrange(SWAP), UPPER).convertShape(VectorOperators.F2D, D, 0);
        DoubleVector x5 = (DoubleVector) e02.rearrange(SWAP).blend(o02, UPPER).convertShape(VectorOperators.F2D, D, 0);
        FloatVector e03 = IntVector.fromArray(I, w, c0 + 24).reinterpretAsFloats();
        FloatVector o03 = IntVector.fromArray(I, w, c1 + 24).reinterpretAsFloats();
        DoubleVector x6 = (DoubleVector) e03.blend(o03.rearrange(SWAP), UPPER).convertShape(VectorOperators.F2D, D, 0);
        DoubleVector x7 = (DoubleVector) e03.rearrange(SWAP).blend(o03, UPPER).convertShape(VectorOperators.F2D, D, 0);
        MemorySegment left = Panels.slice(a, aAt);
        MemorySegment right = Panels.slice(b, bAt);
        for (int k = 0; k < depth; k++) {
            long i = Panels.STEP * (k & Panels.DEEPEST - 1);
            DoubleVector u = DoubleVector.fromMemorySegment(D, right, i, NATIVE);
            x0 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i)), x0);
            x1 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 8)), x1);
            x2 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 16)), x2);
            x3 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 24)), x3);
            x4 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 32)), x4);
            x5 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 40)), x5);
            x6 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 48)), x6);
            x7 = u.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 56)), x7);
        }
        e00 = (FloatVector) x0.convertShape(VectorOperators.D2F, F, 0);
        e00 = e00.blend(NAN, e00.compare(VectorOperators.NE, e00));
        o00 = (FloatVector) x1.convertShape(VectorOperators.D2F, F, 0);
        o00 = o00.blend(NAN, o00.compare(VectorOperators.NE, o00));
        e00.blend(o00.rearrange(SWAP), UPPER).reinterpretAsInts().intoArray(w, c0);
        e00.rearrange(SWAP).blend(o00, UPPER).reinterpretAsInts().intoArray(w, c1);
        e01 = (FloatVector) x2.convertShape(VectorOperators.D2F, F, 0);
        e01 = e01.blend(NAN, e01.compare(VectorOperators.NE, e01));
        o01 = (FloatVector) x3.convertShape(VectorOperators.D2F, F, 0);
        o01 = o01.blend(NAN, o01.compare(VectorOperators.NE, o01));
        e01.blend(o01.rearrange(SWAP), UPPER).reinterpretAsInts().intoArray(w, c0 + 8);
        e01.rearrange(SWAP).blend(o01, UPPER).reinterpretAsInts().intoArray(w, c1 + 8);
        e02 = (FloatVector) x4.convertShape(VectorOperators.D2F, F, 0);
        e02 = e02.blend(NAN, e02.compare(VectorOperators.NE, e02));
        o02 = (FloatVector) x5.convertShape(VectorOperators.D2F, F, 0);
        o02 = o02.blend(NAN, o02.compare(VectorOperators.NE, o02));
        e02.blend(o02.rearrange(SWAP), UPPER).reinterpretAsInts().intoArray(w, c0 + 16);
        e02.rearrange(SWAP).blend(o02, UPPER).reinterpretAsInts().intoArray(w, c1 + 16);
        e03 = (FloatVector) x6.convertShape(VectorOperators.D2F, F, 0);
        e03 = e03.blend(NAN, e03.compare(VectorOperators.NE, e03));
        o03 = (FloatVector) x7.convertShape(VectorOperators.D2F, F, 0);
        o03 = o03.blend(NAN, o03.compare(VectorOperators.NE, o03));
        e03.blend(o03.rearrange(SWAP), UPPER).reinterpretAsInts().intoArray(w, c0 + 24);
        e03.rearrange(SWAP).blend(o03, UPPER).reinterpretAsInts().intoArray(w, c1 + 24);
    }

    /// A block of one n8 tile whose accumulators are in `acc`.
    static void multiply(MemorySegment a, long aAt, MemorySegment b, long bAt, int depth, double[] acc, int at) {
        for (int part = 0; part < 8; part += L) eight(a, aAt, b, bAt + 8 * part, depth, acc, at + part);
    }

    private static void eight(MemorySegment a, long aAt, MemorySegment b, long bAt, int depth, double[] acc, int at) {
        DoubleVector c0 = DoubleVector.fromArray(D, acc, at);
        DoubleVector c1 = DoubleVector.fromArray(D, acc, at + 8);
        DoubleVector c2 = DoubleVector.fromArray(D, acc, at + 16);
        DoubleVector c3 = DoubleVector.fromArray(D, acc, at + 24);
        DoubleVector c4 = DoubleVector.fromArray(D, acc, at + 32);
        DoubleVector c5 = DoubleVector.fromArray(D, acc, at + 40);
        DoubleVector c6 = DoubleVector.fromArray(D, acc, at + 48);
        DoubleVector c7 = DoubleVector.fromArray(D, acc, at + 56);
        MemorySegment left = Panels.slice(a, aAt);
        MemorySegment right = Panels.slice(b, bAt);
        for (int k = 0; k < depth; k++) {
            long i = Panels.STEP * (k & Panels.DEEPEST - 1);
            DoubleVector y = DoubleVector.fromMemorySegment(D, right, i, NATIVE);
            c0 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i)), c0);
            c1 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 8)), c1);
            c2 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 16)), c2);
            c3 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 24)), c3);
            c4 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 32)), c4);
            c5 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 40)), c5);
            c6 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 48)), c6);
            c7 = y.fma(DoubleVector.broadcast(D, left.get(JAVA_DOUBLE_UNALIGNED, i + 56)), c7);
        }
        c0.intoArray(acc, at);
        c1.intoArray(acc, at + 8);
        c2.intoArray(acc, at + 16);
        c3.intoArray(acc, at + 24);
        c4.intoArray(acc, at + 32);
        c5.intoArray(acc, at + 40);
        c6.intoArray(acc, at + 48);
        c7.intoArray(acc, at + 56);
    }
}
