package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.store;
import static lucid.kernels.simd.Species.F;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.host.HostBuffer;

/// Sums down the columns, group by group: the gradient of a bias.
final class ColumnSums {
    private ColumnSums() {}

    /// For each group in order `y[c] = y[c] + chain`, the chain adding the group's rows ascending from +0.
    static void add(Workers workers, Matrix x, RowGroups groups, Matrix y) {
        MemorySegment in = HostBuffer.segment(x);
        MemorySegment out = HostBuffer.segment(y);
        long inAt = HostBuffer.byteOffset(x);
        long outAt = HostBuffer.byteOffset(y);
        long pitch = 4 * x.stride();
        int n = x.cols();
        workers.parallel((n + LANES - 1) / LANES, Grain.rows((long) x.rows() * LANES), (from, to, _) -> {
            for (int v = from; v < to; v++) {
                int k = Math.min(LANES, n - v * LANES);
                long column = 4L * v * LANES;
                FloatVector total = load(out, outAt + column, k);
                for (int g = 0; g < groups.count(); g++) {
                    if (groups.from(g) < groups.to(g)) total = total.add(chain(in, inAt + column + groups.from(g) * pitch, pitch, groups.to(g) - groups.from(g), k));
                }
                if (k == LANES) store(total, out, outAt + column);
                else store(total, out, outAt + column, k);
            }
        });
    }

    private static FloatVector chain(MemorySegment x, long at, long pitch, int rows, int k) {
        FloatVector acc = FloatVector.zero(F);
        for (int r = 0; r < rows; r++, at += pitch) acc = acc.add(load(x, at, k));
        return acc;
    }
}
