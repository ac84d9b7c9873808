package lucid.kernels.ptx.memory.shadow;

import java.util.Arrays;

/// How many asynchronous copies are working on each 4 bytes of a page.
public final class FlightCounts {
    private final RangeCounts landing;
    private final RangeCounts leaving;
    private int flights;

    FlightCounts(int bytes) {
        landing = new RangeCounts(bytes + 3 >> 2);
        leaving = new RangeCounts(bytes + 3 >> 2);
    }

    /// Counts one more (or, with -1, one less) copy in flight over a range.
    public void mark(boolean write, int offset, int bytes, int by) {
        flights += by;
        (write ? landing : leaving).mark(offset >> 2, offset + bytes + 3 >> 2, by);
    }

    /// Forgets copies that a launch which was stopped has left behind.
    void clear() {
        landing.clear();
        leaving.clear();
        flights = 0;
    }

    /// True when no copy is in flight anywhere here.
    public boolean none() {
        return flights == 0;
    }

    /// True when a copy in flight will write to the range or, with `reads`, still reads it.
    public boolean over(int offset, int bytes, boolean reads) {
        int from = offset >> 2;
        int to = offset + bytes + 3 >> 2;
        return flights != 0 && (landing.any(from, to) || reads && leaving.any(from, to));
    }

    /// Counts one by one, and beside them those of a few long ranges as wholes: the four warps of a `wgmma` name the same kilobytes, product after
    /// product.
    private static final class RangeCounts {
        private static final int RANGES = 8;
        private static final int LONG = 64;
        private static final short[] ZEROS = new short[Shadow.BYTES / 4];
        private final int words;
        private short[] counts;
        private final int[] from = new int[RANGES];
        private final int[] to = new int[RANGES];
        private final int[] number = new int[RANGES];
        private int ranges;

        RangeCounts(int words) {
            this.words = words;
        }

        /// A range that is counted in both ways is taken from the whole ones first, which is the same.
        public void mark(int first, int end, int by) {
            if (end - first >= LONG && markRange(first, end, by)) {
                return;
            }
            if (counts == null) {
                counts = new short[words];
            }
            for (int g = first; g < end; g++) {
                counts[g] += (short) by;
            }
        }

        private boolean markRange(int first, int end, int by) {
            for (int r = 0; r < ranges; r++) {
                if (from[r] == first && to[r] == end) {
                    number[r] += by;
                    if (number[r] == 0) {
                        remove(r);
                    }
                    return true;
                }
            }
            if (by < 0 || ranges == RANGES) {
                return false;
            }
            from[ranges] = first;
            to[ranges] = end;
            number[ranges++] = by;
            return true;
        }

        private void remove(int r) {
            from[r] = from[--ranges];
            to[r] = to[ranges];
            number[r] = number[ranges];
        }

        boolean any(int first, int end) {
            for (int r = 0; r < ranges; r++) {
                if (from[r] < end && first < to[r]) {
                    return true;
                }
            }
            return counts != null && !Arrays.equals(counts, first, end, ZEROS, 0, end - first);
        }

        void clear() {
            counts = null;
            ranges = 0;
        }
    }
}
