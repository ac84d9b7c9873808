package lucid.kernels.ptx.memory;

import java.util.Arrays;

/// How many asynchronous copies are working on each 4 bytes of a page.
final class FlightCounts {
    private static final short[] ZEROS = new short[Shadow.BYTES / 4];
    private final int words;
    private short[] landing;
    private short[] leaving;
    private int flights;

    FlightCounts(int bytes) {
        words = bytes + 3 >> 2;
    }

    /// Counts one more (or, with -1, one less) copy in flight over a range.
    void mark(boolean write, int offset, int bytes, int by) {
        short[] counts = write ? landing : leaving;
        if (counts == null) {
            counts = new short[words];
            landing = write ? counts : landing;
            leaving = write ? leaving : counts;
        }
        flights += by;
        for (int g = offset >> 2, to = offset + bytes + 3 >> 2; g < to; g++) {
            counts[g] += (short) by;
        }
    }

    /// Forgets copies that a launch which was stopped has left behind.
    void clear() {
        landing = null;
        leaving = null;
        flights = 0;
    }

    /// True when no copy is in flight anywhere here.
    boolean none() {
        return flights == 0;
    }

    /// True when a copy in flight will write to the range or, with `reads`, still reads it.
    boolean over(int offset, int bytes, boolean reads) {
        return flights != 0 && (any(landing, offset, bytes) || reads && any(leaving, offset, bytes));
    }

    private static boolean any(short[] counts, int offset, int bytes) {
        int from = offset >> 2;
        int to = offset + bytes + 3 >> 2;
        return counts != null && !Arrays.equals(counts, from, to, ZEROS, 0, to - from);
    }
}
