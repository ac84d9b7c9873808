package lucid.kernels.simd.rows;

import static lucid.kernels.math.Fingerprint.HIGH_INDEX;
import static lucid.kernels.math.Fingerprint.HIGH_LAST;
import static lucid.kernels.math.Fingerprint.HIGH_MIX;
import static lucid.kernels.math.Fingerprint.LOW_INDEX;
import static lucid.kernels.math.Fingerprint.LOW_MIX;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.math.Fingerprint;

/// The loop of [lucid.kernels.contract.Reduce#addFingerprint]: a vector of elements at a time, in plain integer arithmetic.
public final class FingerprintLoop {
    private static final IntVector LANE_NUMBERS = IntVector.zero(I).addIndex(1);

    private FingerprintLoop() {}

    /// Both sums over n elements, the first of which has number `index`: y[1] in the upper half, y[0] in the lower.
    public static long sums(MemorySegment x, long xo, int n, int index) {
        IntVector low = IntVector.zero(I), high = IntVector.zero(I);
        IntVector lowIndex = LANE_NUMBERS.add(index).mul(LOW_INDEX), highIndex = LANE_NUMBERS.add(index).mul(HIGH_INDEX);
        int bound = I.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += 4L * LANES) {
            IntVector bits = IntVector.fromMemorySegment(I, x, xo, ByteOrder.LITTLE_ENDIAN);
            IntVector h = fold(bits.add(lowIndex), 16).mul(LOW_MIX);
            low = low.add(fold(h, 13));
            h = fold(bits.lanewise(VectorOperators.XOR, highIndex), 15).mul(HIGH_MIX);
            high = high.add(fold(h, 12).mul(HIGH_LAST));
            lowIndex = lowIndex.add(LANES * LOW_INDEX);
            highIndex = highIndex.add(LANES * HIGH_INDEX);
        }
        int y0 = low.reduceLanes(VectorOperators.ADD), y1 = high.reduceLanes(VectorOperators.ADD);
        for (int i = bound; i < n; i++, xo += 4) {
            int bits = x.get(ValueLayout.JAVA_INT_UNALIGNED, xo);
            y0 += Fingerprint.low(bits, index + i);
            y1 += Fingerprint.high(bits, index + i);
        }
        return (long) y1 << 32 | y0 & 0xffffffffL;
    }

    private static IntVector fold(IntVector h, int shift) { return h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, shift)); }
}
