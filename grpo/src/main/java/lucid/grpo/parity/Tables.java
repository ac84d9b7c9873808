package lucid.grpo.parity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import lucid.grpo.console.Json;
import lucid.nn.disk.IoReason;

/// Reading golden tables.
final class Tables {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Tables() {}

    /// A JSON file, perhaps gzipped.
    static JsonNode read(Path file) {
        try (InputStream raw = Files.newInputStream(file); InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return JSON.readTree(in);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ", line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ": "
                    + Json.fault(e));
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": could not be read: " + IoReason.of(e));
        }
    }

    /// Null is NaN; "-inf" and "inf" are what they say.
    static double number(JsonNode n) {
        if (n == null || n.isMissingNode()) throw new IllegalArgumentException("a number is missing in the table");
        if (n.isNull()) return Double.NaN;
        if (n.isTextual()) {
            return switch (n.asText()) {
                case "-inf" -> Double.NEGATIVE_INFINITY;
                case "inf" -> Double.POSITIVE_INFINITY;
                default -> throw new IllegalArgumentException("found \"" + n.asText() + "\" in the table, wanted a number");
            };
        }
        return n.asDouble();
    }

    /// All numbers of nested arrays, in order.
    static double[] numbers(JsonNode n) { return flat(n).toArray(); }

    private static DoubleStream flat(JsonNode n) {
        return n.isArray() ? StreamSupport.stream(n.spliterator(), false).flatMapToDouble(Tables::flat) : DoubleStream.of(number(n));
    }

    static float[] floats(JsonNode n) { return floats(numbers(n)); }

    static float[] floats(double[] d) {
        float[] f = new float[d.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) d[i];
        return f;
    }

    static double[] doubles(float[] f) {
        double[] d = new double[f.length];
        Arrays.setAll(d, i -> f[i]);
        return d;
    }
}
