package lucid.kernels;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// Runs every family on made-up rows and collects what it wrote.
final class FamilyCases {
    /// Names that start with this are sums over rows: they have no row law.
    static final String OVER_ROWS = "over rows: ";
    /// Names that start with this are made of long chains, whose rounding errors are those of their largest partial sum.
    static final String CHAIN = "chain: ";

    private FamilyCases() {}

    private static List<MadeUpRows> all(Device device, int[] ids, int cols) {
        return List.of(new RowwiseCases(device, ids, cols), new ProductCases(device, ids, cols));
    }

    /// The families that have a case, by the names that [Device] has for them.
    static Set<String> families() {
        Set<String> names = new TreeSet<>();
        all(null, new int[0], 1).forEach(cases -> names.addAll(cases.families().keySet()));
        return names;
    }

    /// Rows 0 to `rows - 1`.
    static Map<String, float[]> run(Device device, int rows, int cols) { return run(device, IntStream.range(0, rows).toArray(), cols); }

    /// The results of these rows, in this order: an array each, in which every row has the same number of values.
    static Map<String, float[]> run(Device device, int[] ids, int cols) {
        Map<String, float[]> results = new LinkedHashMap<>();
        all(device, ids, cols).forEach(cases -> results.putAll(cases.run()));
        return results;
    }
}
