package lucid.kernels.contract.operand;

import java.util.Arrays;
import java.util.BitSet;

/// Rows of a matrix, each at most once: where the rows of another one go.
///
/// @param rows row numbers in any order
public record RowPlaces(int... rows) {
    public RowPlaces {
        rows = rows.clone();
        BitSet seen = new BitSet();
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0) throw new IllegalArgumentException("row places: number " + i + " is " + rows[i] + "; wanted 0 or more");
            if (seen.get(rows[i]))
                throw new IllegalArgumentException("row places: row " + rows[i] + " stands there twice; wanted each row at most once");
            seen.set(rows[i]);
        }
    }

    @Override public int[] rows() { return rows.clone(); }

    /// How many rows are placed.
    public int count() { return rows.length; }

    /// One more than the largest row.
    public int end() {
        int end = 0;
        for (int row : rows) end = Math.max(end, row + 1);
        return end;
    }

    @Override public boolean equals(Object other) { return other instanceof RowPlaces p && Arrays.equals(rows, p.rows); }

    @Override public int hashCode() { return Arrays.hashCode(rows); }

    @Override public String toString() { return "RowPlaces" + Arrays.toString(rows); }
}
