package lucid.tokenizer.parity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import lucid.tokenizer.format.TokenizerFormatException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// A recorded case and the rows found while replaying it.
final class CaseFile {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    final Path path;
    final JsonNode root;
    private final List<ParityRow> rows = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();

    private CaseFile(Path path, JsonNode root) {
        this.path = path;
        this.root = root;
    }

    static CaseFile read(Path path) throws IOException {
        try (InputStream raw = Files.newInputStream(path); InputStream in = path.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return new CaseFile(path, MAPPER.readTree(in));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(path + ": not a tokenizer case: " + TokenizerFormatException.reason(e), e);
        } catch (ZipException e) {
            throw new IllegalArgumentException(path + ": not a tokenizer case: " + e.getMessage(), e);
        }
    }

    /// A field that must be there.
    JsonNode need(JsonNode parent, String field) {
        JsonNode node = parent.get(field);
        if (node == null) throw new IllegalArgumentException(path + ": field '" + field + "' is missing in " + shorten(parent.toString()));
        return node;
    }

    String text(JsonNode parent, String field) {
        JsonNode node = need(parent, field);
        if (!node.isTextual())
            throw new IllegalArgumentException(path + ": field '" + field + "': found " + shorten(node.toString()) + ", wanted a string");
        return node.asText();
    }

    int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            if (!array.get(i).isInt())
                throw new IllegalArgumentException(path + ": found " + shorten(array.get(i).toString()) + " where an integer is wanted");
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    List<String> strings(JsonNode array) {
        List<String> out = new ArrayList<>();
        for (JsonNode node : array) out.add(node.isNull() ? null : node.asText());
        return out;
    }

    void compare(String what, int[] found, int[] wanted) {
        int at = Arrays.mismatch(found, wanted);
        if (at >= 0) fault(what, at, Arrays.toString(Arrays.copyOfRange(found, Math.min(at, found.length), Math.min(found.length, at + 8))),
            Arrays.toString(Arrays.copyOfRange(wanted, Math.min(at, wanted.length), Math.min(wanted.length, at + 8))));
    }

    void compare(String what, String found, String wanted) {
        if (Objects.equals(found, wanted)) return;
        int at = 0;
        while (found != null && wanted != null && at < found.length() && at < wanted.length() && found.charAt(at) == wanted.charAt(at)) at++;
        fault(what, at, found == null ? "nothing" : "'" + shorten(found.substring(at)) + "'", wanted == null ? "nothing" : "'"
                + shorten(wanted.substring(at)) + "'");
    }

    void compare(String what, List<?> found, List<?> wanted) {
        if (found.equals(wanted)) return;
        int at = 0;
        while (at < found.size() && at < wanted.size() && Objects.equals(found.get(at), wanted.get(at))) at++;
        fault(what, at, at < found.size() ? "'" + shorten(String.valueOf(found.get(at))) + "'" : "the end",
                at < wanted.size() ? "'" + shorten(String.valueOf(wanted.get(at))) + "'" : "the end");
    }

    private void fault(String what, int at, String found, String wanted) {
        faults.add(what + " differ at " + at + ": found " + found + ", wanted " + wanted);
    }

    /// Closes a row: ok when nothing compared since the last one differed.
    void row(String name) {
        rows.add(new ParityRow(path.getFileName() + " " + name, faults.isEmpty(), String.join("; ", faults)));
        faults.clear();
    }

    List<ParityRow> rows() {
        if (rows.isEmpty()) throw new IllegalArgumentException(path + ": holds no rows; a case that checks nothing must not pass");
        return List.copyOf(rows);
    }

    static String shorten(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }
}
