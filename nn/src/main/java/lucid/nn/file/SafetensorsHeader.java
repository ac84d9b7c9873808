package lucid.nn.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The JSON header of a safetensors file, read token by token: a tree of a hostile header of 100 MB would take gigabytes.
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {
    private static final JsonFactory JSON = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final int MAX_RANK = 64;
    private static final int MAX_TENSORS = 1 << 20;

    /// @param from first byte in the data area
    /// @param to   byte after the last
    record Entry(String name, StoredType type, long[] shape, long from, long to) {}

    /// Reads a header: one object, each tensor with exactly dtype, shape and data_offsets. Where the bytes lie is not checked here.
    static SafetensorsHeader read(Path path, byte[] json) {
        // The format wants UTF-8 and a brace first; a JSON parser that is given bytes would guess UTF-16 or UTF-32 from zeros.
        if (json.length < 2 || json[0] != '{' || json[1] == 0)
            throw WeightFileException.of(path, "header is not a JSON object in UTF-8 that starts with {");
        try (JsonParser in = JSON.createParser(json)) {
            SafetensorsHeader header = new Reader(path, in).read();
            if (in.nextToken() != null) throw WeightFileException.of(path, "header has more than one JSON object");
            return header;
        } catch (JsonProcessingException e) {
            String reason = e.getOriginalMessage();
            throw new WeightFileException(path + ": header is not sound JSON: " + reason
                    + (reason.startsWith("Duplicate") ? " (a tensor is named twice)" : ""), e);
        } catch (IOException e) {
            throw new WeightFileException(path + ": header is not sound JSON: " + e.getMessage(), e);
        }
    }

    private record Reader(Path path, JsonParser in) {
        SafetensorsHeader read() throws IOException {
            if (in.nextToken() != JsonToken.START_OBJECT) throw WeightFileException.of(path, "header is not a JSON object");
            Map<String, String> metadata = new LinkedHashMap<>();
            List<Entry> entries = new ArrayList<>();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                JsonToken value = in.nextToken();
                if (name.equals("__metadata__")) {
                    readMetadata(metadata, value);
                    continue;
                }
                if (value != JsonToken.START_OBJECT)
                    throw WeightFileException.of(path, name, String.valueOf(value), "an object with dtype, shape and data_offsets");
                if (entries.size() == MAX_TENSORS) throw WeightFileException.of(path, "found more than " + MAX_TENSORS + " tensors");
                entries.add(entry(name));
            }
            return new SafetensorsHeader(metadata, entries);
        }

        private void readMetadata(Map<String, String> metadata, JsonToken value) throws IOException {
            // As good as none in the format's own reader (`Option<HashMap>`).
            if (value == JsonToken.VALUE_NULL) return;
            if (value != JsonToken.START_OBJECT) throw WeightFileException.of(path, "__metadata__ is " + value + ", wanted an object of strings");
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String key = in.currentName();
                if (in.nextToken() != JsonToken.VALUE_STRING)
                    throw WeightFileException.of(path, "__metadata__ has " + in.currentToken() + " for \"" + key + "\", wanted a string");
                metadata.put(key, in.getText());
            }
        }

        private Entry entry(String name) throws IOException {
            StoredType type = null;
            long[] shape = null;
            long[] offsets = null;
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String field = in.currentName();
                in.nextToken();
                switch (field) {
                    case "dtype" -> type = type(name);
                    case "shape" -> shape = longs(name, field);
                    case "data_offsets" -> offsets = longs(name, field);
                    default -> throw WeightFileException.of(path, name, "the field \"" + field + "\"", "dtype, shape and data_offsets only");
                }
            }
            if (type == null || shape == null || offsets == null)
                throw WeightFileException.of(path, name, "an entry without " + (type == null ? "dtype" : shape == null ? "shape" : "data_offsets"),
                        "all three of dtype, shape and data_offsets");
            if (offsets.length != 2) throw WeightFileException.of(path, name, "data_offsets " + Arrays.toString(offsets), "two ascending numbers");
            return new Entry(name, type, shape, offsets[0], offsets[1]);
        }

        private StoredType type(String name) throws IOException {
            StoredType type = in.currentToken() == JsonToken.VALUE_STRING ? StoredType.byName(in.getText()) : null;
            if (type == null) throw WeightFileException.of(path, name, "dtype \"" + in.getText() + "\"", "one of " + StoredType.names());
            return type;
        }

        private long[] longs(String name, String field) throws IOException {
            if (in.currentToken() != JsonToken.START_ARRAY)
                throw WeightFileException.of(path, name, field + " " + in.getText(), "an array of numbers");
            long[] out = new long[MAX_RANK];
            int n = 0;
            while (in.nextToken() != JsonToken.END_ARRAY) {
                boolean whole = in.currentToken() == JsonToken.VALUE_NUMBER_INT && in.getNumberType() != JsonParser.NumberType.BIG_INTEGER
                        && in.getLongValue() >= 0;
                if (!whole)
                    throw WeightFileException.of(path, name, field + " with " + (in.currentToken() == null ? "no end" : in.getText()),
                            "whole numbers >= 0 below 2^63");
                if (n == MAX_RANK) throw WeightFileException.of(path, name, field + " with more than " + MAX_RANK + " numbers", "at most that many");
                out[n++] = in.getLongValue();
            }
            return Arrays.copyOf(out, n);
        }
    }
}
