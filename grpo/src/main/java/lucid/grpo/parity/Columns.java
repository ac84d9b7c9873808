package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// The columns that tables have. One that no table of its kind has is compared with nothing: it fails, so that neither a misspelt name nor
/// numbers of a newer table pass unseen. A column is written as the way to it, `cases[].steps[].lr`; a known one need not be compared (a mean
/// beside its hash), which the README of its family says.
final class Columns {
    /// What any table may say of itself.
    private static final Set<String> NOTES = Set.of("made_by", "seed", "note", "notes");
    private static final List<Kind> KINDS = kinds();

    /// @param has     columns by which the kind is told; the first kind that has all of them is the table's
    /// @param columns all it may have; below one that ends in `.*` names are data
    private record Kind(String table, List<String> has, List<String> columns) {
        boolean knows(String column) {
            return columns.stream().anyMatch(c -> under(c, column) || c.startsWith(column + ".") || c.startsWith(column + "["));
        }

        private static boolean under(String known, String column) {
            if (!known.endsWith("*")) return column.equals(known);
            return known.equals("*") || (column + ".").startsWith(known.substring(0, known.length() - 1));
        }

        /// The names at the place of a column.
        Set<String> beside(String column) {
            String place = column.substring(0, column.lastIndexOf('.') + 1);
            Set<String> names = new TreeSet<>();
            for (String c : columns) if (c.startsWith(place)) names.add(c.substring(place.length()).split("[.\\[]")[0]);
            return names;
        }
    }

    private Columns() {}

    /// One failed row for every column that the table's kind does not have.
    static List<Row> unknown(JsonNode table) {
        Kind kind = KINDS.stream().filter(k -> k.has.stream().allMatch(c -> is(table, c))).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("found a table of which no columns are known; wanted one of "
                        + KINDS.stream().map(Kind::table).toList()));
        Map<String, Integer> found = new TreeMap<>();
        walk(table, "", kind, found);
        List<Row> rows = new ArrayList<>();
        found.forEach((column, times) -> rows.add(Row.failed("column " + column, "compared with nothing: found it "
                + (times == 1 ? "once" : times + " times") + " in a table of " + kind.table + ", wanted one of " + kind.beside(column))));
        return rows;
    }

    private static void walk(JsonNode node, String place, Kind kind, Map<String, Integer> found) {
        if (node.isArray()) for (JsonNode element : node) walk(element, place + "[]", kind, found);
        node.properties().forEach(e -> {
            String column = place.isEmpty() ? e.getKey() : place + "." + e.getKey();
            if (place.isEmpty() && NOTES.contains(column)) return;
            if (kind.knows(column)) walk(e.getValue(), column, kind, found);
            else found.merge(column, 1, Integer::sum);
        });
    }

    // Of a list the first element tells, as where tables are told apart.
    private static boolean is(JsonNode table, String column) {
        JsonNode node = table;
        for (String part : column.split("\\.")) {
            node = part.endsWith("[]") ? node.path(part.substring(0, part.length() - 2)).path(0) : node.path(part);
        }
        return !node.isMissingNode();
    }

    private static List<Kind> kinds() {
        try (InputStream in = Columns.class.getResourceAsStream("/parity/columns.json")) {
            if (in == null) throw new IllegalStateException("resource /parity/columns.json is missing from this build");
            return Arrays.asList(new ObjectMapper().readValue(in, Kind[].class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
