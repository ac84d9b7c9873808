package lucid.kernels.ptx.async.work;

/// A set of ranges of shared memory, each as one number that is not 0. Every product asks for a few of them, and a group of products forgets them all
/// at once.
public final class Claims {
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /// Open addressing; a place belongs to the set when its mark is the set's.
    private long[] ranges = new long[16];
    private int[] marks = new int[16];
    private int mark = 1;
    private int size;

    /// False when it was there already.
    public boolean add(long range) {
        int at = find(range);
        if (marks[at] == mark && ranges[at] == range) {
            return false;
        }
        ranges[at] = range;
        marks[at] = mark;
        if (++size > ranges.length / 2) {
            grow();
        }
        return true;
    }

    /// Takes a range out; what stood behind it is put in again.
    public void remove(long range) {
        int at = find(range);
        if (marks[at] != mark) {
            return;
        }
        marks[at] = 0;
        size--;
        for (int next = at + 1 & ranges.length - 1; marks[next] == mark; next = next + 1 & ranges.length - 1) {
            marks[next] = 0;
            int to = find(ranges[next]);
            ranges[to] = ranges[next];
            marks[to] = mark;
        }
    }

    public void clear() {
        mark++;
        size = 0;
    }

    /// Where the range is, or would be.
    private int find(long range) {
        int at = (int) (range * SPREAD >>> 32) & ranges.length - 1;
        while (marks[at] == mark && ranges[at] != range) {
            at = at + 1 & ranges.length - 1;
        }
        return at;
    }

    private void grow() {
        long[] old = ranges;
        int[] oldMarks = marks;
        ranges = new long[2 * old.length];
        marks = new int[2 * old.length];
        for (int i = 0; i < old.length; i++) {
            if (oldMarks[i] == mark) {
                int to = find(old[i]);
                ranges[to] = old[i];
                marks[to] = mark;
            }
        }
    }
}
