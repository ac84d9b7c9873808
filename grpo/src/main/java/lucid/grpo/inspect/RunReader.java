package lucid.grpo.inspect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import lucid.grpo.run.RunException;

/// The files of a run folder as JSON. See `RUN-FOLDER.md`.
final class RunReader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path root;

    RunReader(Path root) {
        this.root = root;
        if (!Files.isRegularFile(root.resolve("config.json"))) throw new RunException(root + " is not a run folder: it has no config.json");
    }

    Path root() { return root; }

    JsonNode config() { return read(root.resolve("config.json")); }

    /// Absent until the run is complete.
    Optional<JsonNode> summary() {
        Path file = root.resolve("summary.json");
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /// One object a step. The last line of a run that is being written, or was killed, may be half a line; it is left out.
    List<JsonNode> metrics() {
        Path file = root.resolve("metrics.jsonl");
        return Files.isRegularFile(file) ? lines(file, true) : List.of();
    }

    /// Steps whose completions are on disk, ascending.
    List<Long> steps() {
        Path folder = root.resolve("rollouts");
        if (!Files.isDirectory(folder)) return List.of();
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString()).filter(n -> n.matches("step-\\d+\\.jsonl")).map(n -> Long.valueOf(n.replaceAll("\\D", ""))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + folder + ": " + e.getMessage(), e);
        }
    }

    /// One object a completion, in (prompt, completion) order.
    List<JsonNode> rollouts(long step) { return lines(file("rollouts", step, ""), false); }

    /// The same completions' per-token columns.
    List<JsonNode> ledger(long step) { return lines(file("ledger", step, ".gz"), false); }

    private Path file(String folder, long step, String suffix) {
        Path file = root.resolve(folder).resolve(String.format(Locale.ROOT, "step-%06d.jsonl%s", step, suffix));
        if (Files.isRegularFile(file)) return file;
        List<Long> there = steps();
        throw new RunException(root + " has no " + folder + " of step " + step
                + (there.isEmpty() ? "; it has none at all (only GRPO steps leave any)" : "; wanted one of " + there.getFirst() + " .. " + there.getLast() + " (" + there.size() + " steps)"));
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new RunException(file + ": not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new RunException(file + ": could not be read: " + e.getMessage());
        }
    }

    private static List<JsonNode> lines(Path file, boolean appended) {
        List<JsonNode> all = new ArrayList<>();
        try (InputStream raw = Files.newInputStream(file); InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            String line = reader.readLine();
            for (int number = 1; line != null; number++) {
                String next = reader.readLine();
                try {
                    all.add(JSON.readTree(line));
                } catch (JsonProcessingException e) {
                    if (!appended || next != null) throw new RunException(file + ", line " + number + ": not JSON: " + e.getOriginalMessage());
                }
                line = next;
            }
        } catch (IOException e) {
            throw new RunException(file + ": could not be read: " + e.getMessage());
        }
        return all;
    }
}
