package lucid.kernels.simd;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.work.Grain;
import lucid.kernels.simd.work.Workers;

/// Rows by index. The scatter sorts the rows by id, so that every table row is one thread's work and its chains run in the order of the rows. See
/// [Embedding].
public final class SimdEmbedding implements Embedding {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private final Workers workers;

    public SimdEmbedding(Workers workers) { this.workers = workers; }

    @Override public void gather(Buffer ids, Matrix table, Matrix y) {
        Arguments.gather("embedding.gather", ids, table, y);
        MemorySegment index = checked("embedding.gather", ids, y.rows(), table.rows());
        MemorySegment from = HostBuffer.segment(table);
        MemorySegment to = HostBuffer.segment(y);
        boolean wide = table.dtype() == DType.F32;
        workers.parallel(y.rows(), Grain.rows(y.cols()), (first, last, _) -> {
            for (int r = first; r < last; r++) {
                long source = HostBuffer.byteOffset(table) + index.get(INT, 4L * r) * table.stride() * table.dtype().bytes();
                long target = HostBuffer.byteOffset(y) + 4L * r * y.stride();
                if (wide) MemorySegment.copy(from, source, to, target, 4L * y.cols());
                else SimdConversion.widen(from, source, DType.BF16, to, target, y.cols());
            }
        });
    }

    private static MemorySegment checked(String operation, Buffer ids, int rows, int limit) {
        MemorySegment index = HostBuffer.of(ids).segment();
        for (int r = 0; r < rows; r++) Checks.index(operation, "ids", r, index.get(INT, 4L * r), limit);
        return index;
    }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        String operation = "embedding.scatterAdd";
        Arguments.scatterAdd(operation, ids, dy, groups, dTable);
        MemorySegment index = checked(operation, ids, dy.rows(), dTable.rows());
        int rows = dy.rows();
        if (rows == 0) return;
        long[] sorted = new long[rows];
        for (int r = 0; r < rows; r++) sorted[r] = (long) index.get(INT, 4L * r) << 32 | r;
        Arrays.sort(sorted);
        int[] groupOf = new int[rows];
        for (int g = 0; g < groups.count(); g++) Arrays.fill(groupOf, groups.from(g), groups.to(g), g);
        int[] starts = starts(sorted);
        int runs = starts.length - 1;
        workers.parallel(runs, Grain.rows((long) dy.cols() * Math.max(1, rows / runs)), (from, to, _) -> {
            for (int run = from; run < to; run++) addRun(sorted, starts[run], starts[run + 1], groupOf, dy, dTable);
        });
    }

    // Where the id changes.
    private static int[] starts(long[] sorted) {
        int[] starts = new int[sorted.length + 1];
        int n = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (i == 0 || sorted[i] >>> 32 != sorted[i - 1] >>> 32) starts[n++] = i;
        }
        starts[n] = sorted.length;
        return Arrays.copyOf(starts, n + 1);
    }

    private static void addRun(long[] sorted, int from, int to, int[] groupOf, Matrix dy, Matrix dTable) {
        MemorySegment d = HostBuffer.segment(dy);
        MemorySegment out = HostBuffer.segment(dTable);
        long target = HostBuffer.byteOffset(dTable) + 4 * (sorted[from] >>> 32) * dTable.stride();
        for (int c = 0; c < dy.cols(); c += LANES) {
            int k = dy.cols() - c;
            FloatVector total = load(out, target + 4L * c, k);
            FloatVector chain = FloatVector.zero(F);
            int group = groupOf[(int) sorted[from]];
            for (int i = from; i < to; i++) {
                int r = (int) sorted[i];
                if (groupOf[r] != group) {
                    total = total.add(chain);
                    chain = FloatVector.zero(F);
                    group = groupOf[r];
                }
                chain = chain.add(load(d, HostBuffer.byteOffset(dy) + 4 * (r * dy.stride() + c), k));
            }
            total = total.add(chain);
            if (k >= LANES) store(total, out, target + 4L * c);
            else store(total, out, target + 4L * c, k);
        }
    }
}
