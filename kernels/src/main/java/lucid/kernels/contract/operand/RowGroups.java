package lucid.kernels.contract.operand;

import java.util.Arrays;

/// How the rows of a matrix divide into prompt groups. A parameter's gradient is, for each group, one chain over its rows in ascending
/// order starting from 0; the groups' chains are then added to the gradient in order. So it does not matter how many groups one call holds,
/// and micro-batches (later: machines) that divide the work between groups give the same bits.
///
/// @param offsets first row of each group, then the number of rows: ascending, starts with 0
public record RowGroups(int... offsets) {
    public RowGroups {
        offsets = offsets.clone();
        if (offsets.length < 1 || offsets[0] != 0)
            throw new IllegalArgumentException("row groups must start at row 0, found " + Arrays.toString(offsets));
        for (int i = 1; i < offsets.length; i++) {
            if (offsets[i] < offsets[i - 1]) throw new IllegalArgumentException("row groups must ascend, found " + Arrays.toString(offsets));
        }
    }

    @Override public int[] offsets() { return offsets.clone(); }

    /// All rows are one group.
    public static RowGroups single(int rows) { return new RowGroups(0, rows); }

    /// `groups` groups of the same number of rows.
    public static RowGroups uniform(int groups, int rowsEach) {
        int[] offsets = new int[groups + 1];
        for (int i = 1; i <= groups; i++) offsets[i] = Math.multiplyExact(i, rowsEach);
        return new RowGroups(offsets);
    }

    /// Number of groups, those without rows included.
    public int count() { return offsets.length - 1; }

    /// Rows of all groups.
    public int rows() { return offsets[offsets.length - 1]; }

    /// First row of a group, counted from 0.
    public int from(int group) { return offsets[group]; }

    /// One more than the last row of a group; equal to [#from] where it has none.
    public int to(int group) { return offsets[group + 1]; }

    /// What is done with the rows `from .. to - 1` of a group.
    @FunctionalInterface public interface Rows {
        void of(int from, int to);
    }

    /// Every group that has rows, in order.
    public void forEach(Rows action) {
        for (int g = 0; g < count(); g++) {
            if (from(g) < to(g)) action.of(from(g), to(g));
        }
    }

    /// First row of each group that has rows, then the number of rows.
    public int[] starts() { return Arrays.stream(offsets).distinct().toArray(); }

    /// The same groups with every row replaced by `factor` rows (a row of heads seen as rows).
    public RowGroups times(int factor) { return new RowGroups(Arrays.stream(offsets).map(o -> Math.multiplyExact(o, factor)).toArray()); }

    @Override public boolean equals(Object other) { return other instanceof RowGroups g && Arrays.equals(offsets, g.offsets); }

    @Override public int hashCode() { return Arrays.hashCode(offsets); }

    @Override public String toString() { return "RowGroups" + Arrays.toString(offsets); }
}
