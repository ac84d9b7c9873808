package lucid.video.benchmark;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import lucid.video.data.DataException;
import lucid.video.data.DataText;

/// The records of a `.json` (an array of objects), `.jsonl` (an object a line) or `.csv` (RFC 4180 with a header) file, with their lines, or of a
/// `.parquet` file.
final class AnnotationRows {
    private AnnotationRows() {}

    static List<Row> read(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        List<Row> rows = DataText.isParquet(file) ? ParquetRows.read(file) : text(file, name);
        if (rows.isEmpty()) throw new DataException(file, 1, "", "no records, wanted at least one");
        return rows;
    }

    private static List<Row> text(Path file, String name) {
        String text = DataText.of(file, "annotations (.json, .jsonl, .csv or .parquet)");
        if (text.startsWith("\uFEFF")) text = text.substring(1);
        if (name.endsWith(".csv")) return csv(file, text);
        if (name.endsWith(".jsonl")) return lines(file, text);
        if (name.endsWith(".json")) return text.stripLeading().startsWith("[") ? array(file, text) : lines(file, text);
        throw new DataException(file, 1, "", "an ending that is not known, wanted .json, .jsonl, .csv or .parquet");
    }

    private static List<Row> lines(Path file, String text) {
        List<Row> rows = new ArrayList<>();
        DataText.lines(file, text, "an array of objects, or one object a line", (line, node) -> rows.add(new Row(file, line, line, node)));
        return rows;
    }

    private static List<Row> array(Path file, String text) {
        List<Row> rows = new ArrayList<>();
        DataText.array(file, text, number -> " as record " + number + ", wanted an object",
                (line, node) -> rows.add(new Row(file, line, rows.size() + 1, node)));
        return rows;
    }

    private static List<Row> csv(Path file, String text) {
        List<CsvRecord> records = new CsvParser(file, text).records();
        if (records.isEmpty()) throw new DataException(file, 1, "", "empty, wanted a header line with the columns' names");
        List<String> header = records.getFirst().fields();
        if (new HashSet<>(header).size() < header.size()) throw new DataException(file, 1, "", "two columns of the same name in " + header);
        List<Row> rows = new ArrayList<>();
        for (CsvRecord r : records.subList(1, records.size())) {
            if (r.fields().size() != header.size()) {
                String found = r.fields().equals(List.of("")) ? "empty line" : r.fields().size() + " columns";
                throw new DataException(file, r.line(), "", found + ", wanted " + header.size() + " as in the header: " + String.join(",", header));
            }
            ObjectNode node = JsonNodeFactory.instance.objectNode();
            for (int i = 0; i < header.size(); i++) node.put(header.get(i), r.fields().get(i));
            rows.add(new Row(file, r.line(), rows.size() + 1, node));
        }
        return rows;
    }

    /// @param line where it begins
    private record CsvRecord(int line, List<String> fields) {}

    /// Quoted fields may hold commas, doubled quotes and line breaks.
    private static final class CsvParser {
        private final Path file;
        private final String text;
        private int at;
        private int line = 1;

        CsvParser(Path file, String text) {
            this.file = file;
            this.text = text;
        }

        List<CsvRecord> records() {
            List<CsvRecord> all = new ArrayList<>();
            while (at < text.length()) {
                int begun = line;
                List<String> fields = new ArrayList<>();
                do fields.add(field()); while (separator());
                all.add(new CsvRecord(begun, fields));
            }
            return all;
        }

        private String field() {
            if (at < text.length() && text.charAt(at) == '"') return quoted();
            int from = at;
            while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) at++;
            return text.substring(from, at);
        }

        private String quoted() {
            int begun = line;
            StringBuilder s = new StringBuilder();
            for (at++; at < text.length(); at++) {
                char c = text.charAt(at);
                if (c == '"') {
                    at++;
                    if (at >= text.length() || text.charAt(at) != '"') return s.toString();
                }
                if (c == '\n') line++;
                s.append(c);
            }
            throw new DataException(file, begun, "", "a quoted field that does not end, wanted a closing \"");
        }

        /// True when another field follows in this record.
        private boolean separator() {
            if (at >= text.length()) return false;
            if (text.charAt(at) == ',') {
                at++;
                return true;
            }
            int end = at;
            if (text.charAt(at) == '\r') at++;
            if (at < text.length() && text.charAt(at) == '\n') at++;
            // A return alone ends a line as well: some spreadsheets write no more.
            if (at == end) throw new DataException(file, line, "", "text after a closing quote, wanted a comma or the line's end");
            line++;
            return false;
        }
    }
}
