package lucid.kernels.simd.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Adds one row of floats to another.
public final class RowSum {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private RowSum() {}

    /// `sink[j] = sink[j] + source[j]` for n floats at byte offsets.
    public static void add(MemorySegment source, long from, int n, MemorySegment sink, long to) {
        int j = 0;
        for (; j + Species.LANES <= n; j += Species.LANES) Lanes.store(Lanes.load(sink, to + 4L * j).add(Lanes.load(source, from + 4L * j)), sink, to + 4L * j);
        for (; j < n; j++) sink.set(FLOAT, to + 4L * j, sink.get(FLOAT, to + 4L * j) + source.get(FLOAT, from + 4L * j));
    }
}
