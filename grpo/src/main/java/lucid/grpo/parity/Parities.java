package lucid.grpo.parity;

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
import java.util.regex.Pattern;
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

/// Runs what a search found, each case where its family is. Nothing is skipped: what cannot be run is a result that says why.
///
/// @param tokenizer the vocabulary for cases that were recorded with a published one
/// @param media     folder of the clips that `decode` tables name and that are not in `../../media` beside the table; null where there is none
public record Parities(Device device, Optional<Tokenizer> tokenizer, Path media) {
    private static final Pattern ABSENT = Pattern.compile("No value for property ('.*') of `?\\w+`?");

    /// One result for everything that was found. A case that cannot be run is one with one failed row, and the others still run.
    public List<CaseResult> run(CaseSearch search, Consumer<CaseResult> listener) {
        List<CaseResult> all = new ArrayList<>();
        for (CaseSearch.Found found : search.found()) {
            CaseResult r = switch (found) {
                case CaseSearch.Case c -> one(c);
                case CaseSearch.Stranger s -> CaseResult.unknown(s.path(), s.why());
            };
            listener.accept(r);
            all.add(r);
        }
        return all;
    }

    private CaseResult one(CaseSearch.Case c) {
        Path path = c.path();
        try {
            if (c.family() == Family.TOKENIZER && tokenizer.isEmpty() && TokenizerParity.recognise(path).orElseThrow().needsVocabulary()) {
                return CaseResult.notChecked(path, c.label(), "--tokenizer",
                        "it was recorded with a published vocabulary: give its Hugging Face folder, tokenizer.json or qwen.tiktoken");
            }
            List<Path> clips = c.family() == Family.VIDEO && media == null ? VideoParity.missingClips(path) : List.of();
            if (!clips.isEmpty())
                return CaseResult.notChecked(path, c.label(), "--media", "no clip " + clips.getFirst() + ": give the folder of the clips");
            return CaseResult.of(path, c.label(), Stream.concat(rows(c).stream(), columns(path).stream()).toList());
        } catch (RuntimeException | IOException e) {
            return CaseResult.of(path, c.label(), List.of(Row.failed("could not be run", reason(e))));
        }
    }

    // What no family compares must not pass for compared. The facts that a case.json names beside its tensors are its README's.
    private static List<Row> columns(Path path) { return Files.isDirectory(path) ? List.of() : Columns.unknown(Tables.read(path)); }

    // Of what a table lacks the parser says of which of its classes.
    private static String reason(Exception e) {
        return e.getMessage() == null ? e.toString() : ABSENT.matcher(e.getMessage()).replaceFirst("$1: found nothing in the table, wanted a value");
    }

    private List<Row> rows(CaseSearch.Case c) throws IOException {
        Path path = c.path();
        return switch (c.family()) {
            case MODEL -> rows(Parity.run(path, device));
            case STEP -> StepParity.run(path, device);
            case POLICY -> PolicyParity.run(Tables.read(path), device);
            case OPTIM -> rows(Parity.runTable(Tables.read(path), device));
            case SAMPLING -> SamplingParity.run(path, Tables.read(path), device);
            case VIDEO -> video(path);
            case TOKENIZER -> tokens(path);
        };
    }

    private static List<Row> rows(ParityReport report) { return report.rows().stream().map(Parities::row).toList(); }

    private static Row row(ParityReport.Row r) {
        if (!r.problem().isEmpty()) return Row.failed(r.tensor(), r.problem());
        return new Row(r.tensor(), r.ok() ? Row.Status.OK : Row.Status.FAILED, r.maxError(), r.share(), r.index(), "found " + r.found() + ", wanted "
                + r.wanted());
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
