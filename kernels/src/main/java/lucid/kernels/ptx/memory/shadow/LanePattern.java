package lucid.kernels.ptx.memory.shadow;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// How the lanes of one instruction lie relative to each other. An instruction mostly accesses places of one pattern, warp after warp and turn after
/// turn: what follows from the pattern alone (neighbours, extent, lanes at one place, bank conflicts) is found once, and then it is enough to see
/// that the pattern is still the same.
public final class LanePattern {
    /// Patterns in a row that were met only once, after which an instruction is left alone for [#PAUSE] executions.
    public static final int STRIKES = 8;
    public static final int PAUSE = 200;
    private static final VectorSpecies<Long> WIDES = LongVector.SPECIES_PREFERRED;

    public final int mask;
    public final int bytes;
    /// The first active lane, from whose address the others count.
    public final int first;
    /// The lowest address, relative to the first lane's, and the bytes from there to the highest one's end.
    public final long low;
    public final long span;
    /// All are multiples of the size apart.
    public final boolean aligned;
    /// Lanes 0, 1, ... at neighbouring places.
    public final boolean run;
    /// All 32 lanes at one place.
    public final boolean same;
    /// The first lane of each place, and those of them that share it with others.
    final int places;
    public final int crowded;
    /// Every place is read by several lanes, and together they leave no gap.
    final boolean dense;
    /// By lane, how many words its place lies behind the lowest one; null when [NearLanes] cannot use that.
    final int[] words;
    private final long[] relative = new long[32];
    private final long[] keep = new long[32];
    /// How often it has been met again.
    public int hits;
    /// Passes through the banks and the least possible for shared memory.
    public int waves;
    public int idealWaves;
    /// Sectors of global memory when the first address has these low bits; -1 before the first count.
    public int sectorBits = -1;
    public int sectors;

    public LanePattern(int mask, long[] addresses, int bytes) {
        this.mask = mask;
        this.bytes = bytes;
        this.first = Integer.numberOfTrailingZeros(mask);
        long base = addresses[first];
        long lowest = 0;
        long highest = 0;
        long bits = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            keep[lane] = -1;
            relative[lane] = addresses[lane] - base;
            lowest = Math.min(lowest, relative[lane]);
            highest = Math.max(highest, relative[lane]);
            bits |= relative[lane];
        }
        low = lowest;
        span = highest - lowest + bytes;
        aligned = (bits & bytes - 1) == 0;
        same = mask == -1 && bits == 0;
        words = mask == -1 && aligned && bytes >= 4 && span <= NearLanes.REACH ? new int[32] : null;
        for (int lane = 0; words != null && lane < 32; lane++) {
            words[lane] = (int) (relative[lane] - low >> 2);
        }
        run = aligned && isRun();
        int distinct = mask;
        int shared = 0;
        for (int left = run ? 0 : mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int others = (distinct & 1 << lane) == 0 ? 0 : sharing(lane, left & left - 1);
            distinct &= ~others;
            shared |= others == 0 ? 0 : 1 << lane;
        }
        places = distinct;
        crowded = shared;
        dense = !run && aligned && crowded == places && (long) Integer.bitCount(places) * bytes == span;
    }

    private boolean isRun() {
        int lanes = 32 - Integer.numberOfLeadingZeros(mask);
        if (mask != -1 >>> 32 - lanes) {
            return false;
        }
        long difference = 0;
        for (int lane = 0; lane < lanes; lane++) {
            difference |= relative[lane] ^ (long) lane * bytes;
        }
        return difference == 0;
    }

    /// The lanes of `rest` at the same place as `lane`.
    private int sharing(int lane, int rest) {
        int found = 0;
        for (int left = rest; left != 0; left &= left - 1) {
            int other = Integer.numberOfTrailingZeros(left);
            found |= relative[other] == relative[lane] ? 1 << other : 0;
        }
        return found;
    }

    /// Whether these lanes lie in the same way.
    public boolean matches(int lanes, long[] addresses, int size) {
        if (lanes != mask || size != bytes) {
            return false;
        }
        long base = addresses[first];
        LongVector difference = LongVector.zero(WIDES);
        for (int lane = 0; lane < 32; lane += WIDES.length()) {
            LongVector there = LongVector.fromArray(WIDES, addresses, lane).sub(base).sub(LongVector.fromArray(WIDES, relative, lane));
            difference = difference.or(there.and(LongVector.fromArray(WIDES, keep, lane)));
        }
        return !difference.compare(VectorOperators.NE, 0).anyTrue();
    }

    public int lanes() {
        return Integer.bitCount(mask);
    }
}
