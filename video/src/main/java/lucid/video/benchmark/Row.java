package lucid.video.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.video.data.DataException;
import lucid.video.data.DataText;

/// One record of an annotation file, with its place. Fields may be paths (`metadata.subject`).
///
/// @param line   where it begins, from 1; 0: the file has no lines, only rows
/// @param record its number in the file, from 1
record Row(Path file, int line, int record, JsonNode node) {
    DataException error(String field, String what) {
        return new DataException(file, line, field, what + (line == 0 ? " (row " : " (record ") + record + ")");
    }

    /// Where it is, within its file.
    String place() { return line == 0 ? "row " + record : "line " + line; }

    private JsonNode find(String field) {
        JsonNode n = node;
        for (String part : field.split("\\.")) n = n == null ? null : n.get(part);
        return n == null || n.isNull() ? null : n;
    }

    boolean has(String field) { return find(field) != null; }

    /// Text, or a number as text.
    String text(String field) {
        JsonNode n = find(field);
        if (n == null) throw error(field, "missing, wanted text");
        return text(field, n);
    }

    private String text(String field, JsonNode n) {
        if (!n.isValueNode() || n.isBoolean() || n.isNull()) throw error(field, "found " + DataText.shortened(n.toString()) + ", wanted text");
        if (n.asText().isBlank()) throw error(field, "found empty text, wanted some");
        String fault = DataText.fault(n.asText());
        if (fault != null) throw error(field, fault);
        return n.asText();
    }

    double seconds(String field) {
        JsonNode n = find(field);
        if (n == null || !n.isNumber())
            throw error(field, n == null ? "missing, wanted seconds" : "found " + DataText.shortened(n.toString()) + ", wanted seconds");
        return n.asDouble();
    }

    List<String> list(String field) {
        JsonNode n = find(field);
        if (n == null || !n.isArray())
            throw error(field, n == null ? "missing, wanted an array of texts" : "found " + DataText.shortened(n.toString())
                    + ", wanted an array of texts");
        List<String> all = new ArrayList<>();
        for (int i = 0; i < n.size(); i++) all.add(text(field + "[" + i + "]", n.get(i)));
        return all;
    }

    Map<String, String> map(String field) {
        JsonNode n = find(field);
        if (n == null || !n.isObject())
            throw error(field, n == null ? "missing, wanted an object of texts" : "found " + DataText.shortened(n.toString())
                    + ", wanted an object of texts");
        Map<String, String> all = new LinkedHashMap<>();
        // A table has a column for every name, and null where a record does not have it.
        n.properties().stream().filter(e -> !e.getValue().isNull()).forEach(e -> all.put(e.getKey(), text(field + "." + e.getKey(), e.getValue())));
        return all;
    }
}
