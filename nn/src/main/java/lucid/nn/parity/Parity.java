package lucid.nn.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import lucid.kernels.Device;

/// `lucid parity CASE_DIR` for models: reads `case.json`, loads `model/` as it would load a published checkpoint, runs what `kind` names and
/// compares every entry of `expect`. The format is described in the golden folder's README.
public final class Parity {
    private static final Map<String, BiFunction<GoldenCase, Device, Outputs>> KINDS = new TreeMap<>(Map.of(
            "qwen2", Qwen2Parity::run, "qwen2.lora", LoraParity::run, "siglip", SiglipParity::run, "siglip.interpolated", SiglipParity::run,
                    "tinyllava_video", TinyLlavaParity::run));

    private Parity() {}

    /// Kinds of cases this library runs.
    public static Set<String> kinds() { return Set.copyOf(KINDS.keySet()); }

    /// The kind of a case folder; empty if its `case.json` names none.
    public static String kind(Path folder) { return GoldenCase.readJson(folder.resolve("case.json")).path("kind").asText(); }

    /// True for a table of a family that this library runs (`optim/*.json`).
    public static boolean handlesTable(JsonNode table) { return OptimParity.handles(table); }

    /// The same for a file.
    public static boolean handlesTable(Path file) { return handlesTable(GoldenCase.readJson(file)); }

    /// Runs a table.
    ///
    /// @throws IllegalArgumentException for a table this library does not know
    public static ParityReport runTable(JsonNode table, Device device) {
        if (!OptimParity.handles(table))
            throw new IllegalArgumentException("unknown table; wanted one of the optim family (adamw, sgd, clip, schedules)");
        return OptimParity.run(table, device);
    }

    /// The same for a file.
    public static ParityReport runTable(Path file, Device device) {
        if (!handlesTable(file))
            throw new IllegalArgumentException(file + ": unknown table; wanted one of the optim family (adamw, sgd, clip, schedules)");
        return runTable(GoldenCase.readJson(file), device);
    }

    /// Runs a case.
    ///
    /// @throws IllegalArgumentException for a kind this library does not run
    public static ParityReport run(Path folder, Device device) {
        String kind = kind(folder);
        var runner = KINDS.get(kind);
        if (runner == null)
            throw new IllegalArgumentException(folder + ": kind \"" + kind + "\" is not supported; this version runs " + KINDS.keySet());
        try (GoldenCase golden = new GoldenCase(folder)) {
            return golden.compare(runner.apply(golden, device).all());
        }
    }
}
