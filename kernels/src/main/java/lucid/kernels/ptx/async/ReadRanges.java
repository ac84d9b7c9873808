package lucid.kernels.ptx.async;

import java.util.Arrays;
import java.util.function.IntFunction;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.tensor.WgmmaUnit;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.Swizzle;

/// Where the factors of one product lie in shared memory, as pairs (address, end): exactly, and rounded to whole rows of the swizzle. The rounded
/// ones are few and are claimed when nothing is wrong with all of their bytes; else the exact ones decide. A warp reads its own 16 rows of A and all
/// of B.
final class ReadRanges {
    /// The two descriptors.
    record Key(long a, long b) {}

    private final int[][] rounded = new int[4][];
    /// Per warp, made when it is needed.
    private final IntFunction<int[]> exact;

    private ReadRanges(IntFunction<int[]> exact) {
        this.exact = exact;
    }

    /// @param left null when A is in registers
    static ReadRanges of(WgmmaUnit unit, MatrixDescriptor left, MatrixDescriptor right) {
        int[] b = unit.piecesB(right);
        int[] a = left == null ? new int[0] : unit.piecesA(left);
        var ranges = new ReadRanges(w -> concat(merge(ownRows(unit, a, w), 16), merge(b, 16)));
        int[] ofB = merge(b, width(right));
        for (int w = 0; w < 4; w++) {
            ranges.rounded[w] = concat(merge(ownRows(unit, a, w), width(left)), ofB);
        }
        return ranges;
    }

    private static int width(MatrixDescriptor descriptor) {
        return descriptor == null || descriptor.swizzle() == Swizzle.NONE ? 16 : descriptor.swizzle().width();
    }

    /// K-major pieces come row by row, MN-major ones k by k with `64 / T` pieces of `T` rows each.
    private static int[] ownRows(WgmmaUnit unit, int[] pieces, int w) {
        if (pieces.length == 0) {
            return pieces;
        }
        if (!unit.transA()) {
            return Arrays.copyOfRange(pieces, w * pieces.length / 4, (w + 1) * pieces.length / 4);
        }
        int inner = 64 * unit.form().a().bytes() / 16;
        int[] own = new int[pieces.length / 4];
        for (int i = 0, n = 0; i < pieces.length; i++) {
            if (i % inner * 4 / inner == w) {
                own[n++] = pieces[i];
            }
        }
        return own;
    }

    /// Ascending, disjoint (address, end) pairs of pieces rounded to `width` bytes.
    private static int[] merge(int[] pieces, int width) {
        int[] sorted = Arrays.stream(pieces).map(p -> p & -width).sorted().distinct().toArray();
        int[] pairs = new int[2 * sorted.length];
        int n = 0;
        for (int address : sorted) {
            if (n > 0 && pairs[n - 1] == address) {
                pairs[n - 1] = address + width;
            } else {
                pairs[n++] = address;
                pairs[n++] = address + width;
            }
        }
        return Arrays.copyOf(pairs, n);
    }

    private static int[] concat(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /// Claims what the warp's part of the product reads, but for what an earlier product of the same open group has claimed already.
    ///
    /// @return null when that is nothing
    Flight claim(Warp warp, WarpAsync state, int w) {
        SharedMemory shared = warp.block.memory.shared();
        long base = shared.first() & 0xff000000L;
        Flight flight = null;
        int[] all = rounded[w];
        for (int i = 0; i < all.length; i += 2) {
            if (state.claims((long) all[i] << 32 | all[i + 1])) {
                continue;
            }
            flight = flight == null ? Flight.begin(warp, -1, Flight.Kind.WGMMA, "a wgmma") : flight;
            if (!flight.readsClean(shared, base | all[i], all[i + 1] - all[i])) {
                state.disclaim((long) all[i] << 32 | all[i + 1]);
                claimExactly(flight, shared, base, exact.apply(w), all[i], all[i + 1]);
            }
        }
        return flight;
    }

    private static void claimExactly(Flight flight, SharedMemory shared, long base, int[] pairs, int from, int to) {
        for (int i = 0; i < pairs.length; i += 2) {
            int start = Math.max(from, pairs[i]);
            int end = Math.min(to, pairs[i + 1]);
            if (start < end) {
                flight.reads(shared, base | start, end - start);
            }
        }
    }
}
