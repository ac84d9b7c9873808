package lucid.kernels.simd.vector;

import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// Which of the 2 · LANES lanes of two vectors a third one gets: the step of which transpositions in registers are made.
///
/// On x86 that is one instruction, and HotSpot knows it. On ARM the HotSpot of JDK 25 does not; there each vector is permuted by itself, unless it
/// keeps its lanes, and the two are blended.
///
/// @param from        lane numbers, those of the second vector from LANES on
/// @param lanes       the same within either vector
/// @param second      where the second vector is meant
/// @param keepsFirst  whether what comes from the first vector stays in its lane
/// @param keepsSecond whether what comes from the second does
public record Choice(int[] from, VectorShuffle<Integer> lanes, VectorMask<Integer> second, boolean keepsFirst, boolean keepsSecond) {
    public static Choice of(int... from) {
        int[] lanes = new int[LANES];
        boolean[] second = new boolean[LANES];
        boolean keepsFirst = true, keepsSecond = true;
        for (int l = 0; l < LANES; l++) {
            lanes[l] = from[l] % LANES;
            second[l] = from[l] >= LANES;
            keepsFirst &= second[l] || lanes[l] == l;
            keepsSecond &= !second[l] || lanes[l] == l;
        }
        return new Choice(from, VectorShuffle.fromArray(I, lanes, 0), VectorMask.fromArray(I, second, 0), keepsFirst, keepsSecond);
    }

    /// The lane numbers, for [#select]: to be read once, before a loop.
    public IntVector vector() { return IntVector.fromArray(I, from, 0); }

    /// @param vector this choice's [#vector]
    public IntVector select(IntVector vector, IntVector a, IntVector b) {
        return Species.X86 ? vector.selectFrom(a, b) : (keepsFirst ? a : a.rearrange(lanes)).blend(keepsSecond ? b : b.rearrange(lanes), second);
    }
}
