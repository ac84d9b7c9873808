package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.StoredTensor;
import lucid.nn.parity.Parity;
import lucid.nn.parity.ParityReport;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.parity.TokenizerParity;
import lucid.video.parity.VideoParity;
import lucid.video.parity.VideoParity.TensorData;

/// Finds the cases under a path, tells by content which family each belongs to, and runs it there. Nothing is skipped: what no family knows is a failed case.
///
/// @param tokenizer the vocabulary for cases that were recorded with a published one
/// @param media     folder of the clips that `decode` tables name; null: `../../media` beside the table
public record Parities(Device device, Optional<Tokenizer> tokenizer, Path media) {
    /// The cases under a path: a case folder, a table file, or a folder of those at any depth.
    ///
    /// @throws IllegalArgumentException when there is none
    public static List<Path> cases(Path path) {
        if (!Files.exists(path)) throw new IllegalArgumentException(path + ": not there; wanted a case folder, a table (.json, .json.gz), or a folder of them");
        List<Path> found = new ArrayList<>();
        collect(path, found);
        if (found.isEmpty()) throw new IllegalArgumentException(path + ": found no case.json and no table (.json, .json.gz) in this folder; wanted at least one");
        return found;
    }

    private static void collect(Path path, List<Path> found) {
        if (!Files.isDirectory(path) || Files.exists(path.resolve("case.json"))) {
            found.add(path);
            return;
        }
        try (Stream<Path> inside = Files.list(path)) {
            inside.sorted().filter(p -> Files.isDirectory(p) || p.toString().endsWith(".json") || p.toString().endsWith(".json.gz")).forEach(p -> collect(p, found));
        } catch (IOException e) {
            throw new IllegalArgumentException(path + ": could not be listed: " + e.getMessage());
        }
    }

    /// Runs every case under the paths; a case that cannot be run is a result with one failed row, and the others still run.
    public List<CaseResult> run(List<Path> paths, Consumer<CaseResult> listener) {
        List<CaseResult> all = new ArrayList<>();
        for (Path path : paths) {
            for (Path one : cases(path)) {
                CaseResult r = one(one);
                listener.accept(r);
                all.add(r);
            }
        }
        return all;
    }

    private CaseResult one(Path path) {
        try {
            return Files.isDirectory(path) ? folder(path) : table(path);
        } catch (NullPointerException e) {
            // Tables are read by name; a name that is not there is the file's fault, and the rest of the cases still runs.
            return new CaseResult(path.toString(), "error", List.of(Row.failed("could not be run", "a field that this family needs is missing in its JSON (" + e.getMessage() + ")")));
        } catch (RuntimeException | IOException e) {
            return new CaseResult(path.toString(), "error", List.of(Row.failed("could not be run", e.getMessage() == null ? e.toString() : e.getMessage())));
        }
    }

    private CaseResult folder(Path path) throws IOException {
        JsonNode json = Tables.read(path.resolve("case.json"));
        String kind = json.path("kind").asText("");
        if (Parity.kinds().contains(kind)) return result(path, kind, rows(Parity.run(path, device)));
        if (kind.equals(StepParity.KIND)) return result(path, kind, StepParity.run(path, device));
        if (VideoParity.handles(path)) return result(path, kind, video(path));
        if (TokenizerParity.recognise(path).isPresent()) return result(path, "tokenizer", tokens(path));
        throw new IllegalArgumentException("found kind \"" + kind + "\" in case.json, which this version does not run; it runs " + Parity.kinds().stream().sorted().toList()
                + ", preprocess.*, bpe_training, " + StepParity.KIND);
    }

    private CaseResult table(Path path) throws IOException {
        JsonNode table = Tables.read(path);
        if (PolicyParity.recognises(table)) return result(path, "policy", PolicyParity.run(table, device));
        if (Parity.handlesTable(table)) return result(path, "optim", rows(Parity.runTable(table, device)));
        if (SamplingParity.recognises(table)) return result(path, "sampling", SamplingParity.run(path, table, device));
        if (VideoParity.handles(path)) return result(path, "video", video(path));
        if (TokenizerParity.recognise(path).isPresent()) return result(path, "tokenizer", tokens(path));
        List<String> fields = new ArrayList<>();
        table.fieldNames().forEachRemaining(fields::add);
        throw new IllegalArgumentException("its content belongs to no family this version knows; found the fields " + fields
                + ", wanted a table of rewards, losses, advantages, KL, optimisers, schedules, sampling, decoding, frame choices or tokenizer vectors");
    }

    private static CaseResult result(Path path, String family, List<Row> rows) { return new CaseResult(path.toString(), family, rows); }

    private static List<Row> rows(ParityReport report) { return report.rows().stream().map(Parities::row).toList(); }

    private static Row row(ParityReport.Row r) {
        if (!r.problem().isEmpty()) return Row.failed(r.tensor(), r.problem());
        return new Row(r.tensor(), r.ok() ? Row.Status.OK : Row.Status.FAILED, r.maxError(), r.share(), r.index(), "found " + r.found() + ", wanted " + r.wanted());
    }

    private List<Row> video(Path path) throws IOException {
        return VideoParity.run(path, Parities::tensors, media).stream().map(r -> Row.exact(r.name(), r.ok(), r.detail())).toList();
    }

    private List<Row> tokens(Path path) throws IOException {
        return TokenizerParity.run(path, tokenizer).stream().map(r -> Row.exact(r.name(), r.ok(), r.message())).toList();
    }

    // The video module reads no weight files; it is handed copies.
    private static Map<String, TensorData> tensors(Path file) {
        Map<String, TensorData> all = new LinkedHashMap<>();
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            for (StoredTensor t : stored.tensors().values()) {
                var copy = java.nio.ByteBuffer.wrap(t.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).order(ByteOrder.LITTLE_ENDIAN);
                all.put(t.name(), new TensorData(t.type().name(), t.shape(), copy));
            }
        }
        return all;
    }
}
