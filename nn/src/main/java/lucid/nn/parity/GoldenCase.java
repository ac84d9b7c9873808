package lucid.nn.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.StoredTensor;
import lucid.nn.parity.ParityReport.Row;

/// A case folder: `case.json`, inputs, expected outputs, model.
final class GoldenCase implements AutoCloseable {
    private final Path folder;
    private final JsonNode json;
    private final SafetensorsFile inputs;
    private final SafetensorsFile expected;

    GoldenCase(Path folder) {
        this.folder = folder;
        this.json = readJson(folder.resolve("case.json"));
        this.inputs = SafetensorsFile.open(folder.resolve("inputs.safetensors"));
        this.expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
    }

    static JsonNode readJson(Path file) {
        if (!Files.exists(file)) throw new IllegalArgumentException(file + ": not there; wanted a case folder with case.json (see golden/README.md)");
        try {
            return new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read as JSON: " + e.getMessage(), e);
        }
    }

    String name() { return json.path("name").asText(folder.getFileName().toString()); }

    String kind() { return json.path("kind").asText(); }

    /// True for cases whose weights are bf16: their outputs are named `f32.*` and `bf16.*`.
    boolean bf16() { return json.path("dtype").asText("f32").equals("bf16"); }

    Path model() { return folder.resolve("model"); }

    Path folder() { return folder; }

    boolean hasInput(String name) { return inputs.tensors().containsKey(name); }

    StoredTensor input(String name) { return inputs.tensor(name); }

    boolean expects(String name) { return json.path("expect").has(name); }

    /// Rows of an i64 [B, T] input as ids.
    int[][] ids(String name) {
        StoredTensor t = input(name);
        int[] shape = t.intShape();
        if (shape.length != 2)
            throw new IllegalArgumentException(folder + ": input " + name + " has shape " + Arrays.toString(shape) + ", wanted [batch, length]");
        int[] all = Arrays.stream(t.toLongs()).mapToInt(Math::toIntExact).toArray();
        int[][] out = new int[shape[0]][];
        for (int b = 0; b < shape[0]; b++) out[b] = Arrays.copyOfRange(all, b * shape[1], (b + 1) * shape[1]);
        return out;
    }

    /// Compares every entry of `expect`, and refuses what neither side explains: an expected tensor without tolerance, a gradient the original does
    /// not have.
    ParityReport compare(Map<String, Values> computed) {
        List<Row> rows = new ArrayList<>();
        if (!json.path("expect").isObject()) rows.add(problem("expect", "case.json has no \"expect\""));
        json.path("expect").properties().forEach(e -> rows.add(compare(e.getKey(), e.getValue(), computed)));
        for (String name : new TreeSet<>(expected.tensors().keySet())) {
            if (!expects(name) && !json.path("where").toString().contains("\"" + name + "\""))
                rows.add(problem(name, "stored, but case.json states no tolerance for it"));
        }
        boolean gradients = expected.tensors().keySet().stream().anyMatch(n -> n.startsWith("grad."));
        for (String name : new TreeSet<>(computed.keySet())) {
            if (gradients && name.startsWith("grad.") && !expects(name)) rows.add(problem(name, "has a gradient here, but none in the original"));
        }
        return new ParityReport(name(), kind(), rows);
    }

    private static Row problem(String tensor, String why) { return new Row(tensor, Double.NaN, Double.NaN, "", Double.NaN, Double.NaN, why); }

    private Row compare(String name, JsonNode tolerance, Map<String, Values> computed) {
        if (!expected.tensors().containsKey(name)) return problem(name, "missing in expected.safetensors");
        Values found = computed.get(name);
        if (found == null) return problem(name, "is not computed by kind \"" + kind() + "\" of this version");
        Values wanted = Values.of(expected.tensor(name));
        if (!Arrays.equals(found.shape(), wanted.shape())) {
            return problem(name, "found shape " + Arrays.toString(found.shape()) + ", wanted " + Arrays.toString(wanted.shape()));
        }
        JsonNode where = json.path("where").path(name);
        double[] mask = where.isTextual() ? mask(where.asText(), wanted.data().length) : null;
        return compare(name, found, wanted, tolerance.path("atol").asDouble(), tolerance.path("rtol").asDouble(),
                tolerance.path("nan").asText().equals("equal"), mask);
    }

    private double[] mask(String name, int length) {
        double[] mask = Values.of(expected.tensors().containsKey(name) ? expected.tensor(name) : input(name)).data();
        if (mask.length == 0 || length % mask.length != 0) {
            throw new IllegalArgumentException(folder + ": mask " + name + " has " + mask.length + " elements for a tensor of " + length);
        }
        return mask;
    }

    /// A mask with fewer elements than the tensor speaks for whole rows of it.
    static Row compare(String name, Values found, Values wanted, double atol, double rtol, boolean nanEqual, double[] mask) {
        int n = wanted.data().length;
        double maxError = 0;
        double maxShare = -1;
        int at = 0;
        for (int i = 0; i < n; i++) {
            if (mask != null && mask[(int) ((long) i * mask.length / n)] == 0) continue;
            double v = found.data()[i];
            double e = wanted.data()[i];
            double error = v == e || nanEqual && Double.isNaN(v) && Double.isNaN(e) ? 0 : Math.abs(v - e);
            double share = error == 0 ? 0 : Double.isNaN(error) ? Double.POSITIVE_INFINITY : error / (atol + rtol * Math.abs(e));
            maxError = Double.isNaN(error) || error > maxError ? error : maxError;
            if (share > maxShare) {
                maxShare = share;
                at = i;
            }
        }
        if (maxShare < 0 && n > 0) return problem(name, "the mask leaves nothing to compare");
        return n == 0 ? new Row(name, 0, 0, "[]", 0, 0, "") : new Row(name, maxError, maxShare, Values.index(wanted.shape(), at), found.data()[at],
                wanted.data()[at], "");
    }

    @Override public void close() {
        inputs.close();
        expected.close();
    }
}
