package lucid.grpo.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import lucid.grpo.console.Json;
import lucid.grpo.run.Claim;
import lucid.grpo.run.Differences;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;

/// An evaluation's folder while it is asked. `settings.json` says what was asked of what; `answers.jsonl` grows by one line an answer, which is on
/// the disk before the next question is asked: whatever ends the process, at most the answer in progress is lost, and none is asked for twice.
public final class AnswerLog implements AutoCloseable {
    private static final ObjectMapper JSON = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    // Evaluations that were begun before these were written down are resumed without them.
    private static final List<String> LATER = List.of("tokenizer_sha256");
    private static final int SHOWN = 20;
    private static final Claim CLAIM = new Claim("evaluation (no settings.json, which says what was asked)", "an evaluation's", "settings");

    private final Path file;
    private final FileChannel lock;
    private final FileChannel out;
    private final Map<String, Answer> answers = new LinkedHashMap<>();

    private AnswerLog(Path root, FileChannel lock, Consumer<String> notices) throws IOException {
        this.lock = lock;
        file = root.resolve("answers.jsonl");
        if (Files.exists(file)) read(notices);
        out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        // An answer forces what is in the file, not its name.
        AtomicFile.force(root);
    }

    /// Begins an evaluation, or takes one up again.
    ///
    /// @param settings everything that an answer depends on; a folder with others is refused
    /// @param resume   whether an evaluation that is there may be continued
    /// @param notices  is told in words what was repaired
    /// @throws RunException other settings (with the differences), not asked to resume, in use, or a line that is no answer
    public static AnswerLog open(Path root, ObjectNode settings, boolean resume, Consumer<String> notices) {
        try {
            check(root);
            Disk.folders(root);
            FileChannel lock = RunFolder.lock(root);
            boolean open = false;
            try {
                settings(root, settings, resume);
                Disk.sweep(root);
                AnswerLog log = new AnswerLog(root, lock, notices);
                open = true;
                return log;
            } finally {
                if (!open) lock.close();
            }
        } catch (IOException e) {
            throw new RunException("evaluation folder " + root + ": " + IoReason.named(e) + "; wanted a folder that can be written");
        }
    }

    /// Refuses a folder that holds something else: a run's report.html, for one, would be overwritten.
    public static void check(Path root) {
        if (Files.isDirectory(root) && !Files.exists(root.resolve("settings.json"))) CLAIM.requireEmpty(root, _ -> true);
    }

    private static void settings(Path root, ObjectNode settings, boolean resume) throws IOException {
        Path file = root.resolve("settings.json");
        if (!Files.exists(file)) {
            Disk.text(file, JsonText.pretty(settings));
            return;
        }
        ObjectNode there = CLAIM.read(file);
        RunFolder.nameArithmetic(there);
        ObjectNode wanted = JSON.readValue(JSON.writeValueAsString(settings), ObjectNode.class);
        wanted.remove(LATER.stream().filter(field -> !there.has(field)).toList());
        List<String> differences = Differences.of(there, wanted);
        if (!differences.isEmpty()) {
            throw new RunException(root + " holds an evaluation with other settings; nothing was changed. Differences (there -> wanted):"
                    + Differences.lines(differences, SHOWN)
                    + "\nUse another --out, or the settings that are there");
        }
        if (!resume) throw new RunException(root + " holds an evaluation already. Add --resume to continue it, or use another --out");
    }

    // A line without its end is what a killed process was writing.
    private void read(Consumer<String> notices) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') end--;
        if (end < bytes.length) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(end);
                channel.force(true);
            }
            notices.accept(file + ": the last " + (bytes.length - end) + " bytes are half an answer and were taken off; its question is asked again");
        }
        String[] lines = new String(bytes, 0, end, StandardCharsets.UTF_8).split("\n", -1);
        for (int i = 0; i < lines.length - 1; i++) {
            Answer a;
            try {
                a = JSON.readValue(lines[i], Answer.class);
            } catch (JsonProcessingException e) {
                throw new RunException(file + ", line " + (i + 1) + ": not an answer: " + Json.fault(e));
            }
            if (a == null || answers.putIfAbsent(a.question(), a) != null)
                throw new RunException(file + ", line " + (i + 1) + ": " + (a == null ? "null" : "a second answer to question " + a.question())
                        + ", wanted one answer to every question");
        }
    }

    /// Answers so far, by question, in the order they were given.
    public Map<String, Answer> answers() { return Collections.unmodifiableMap(answers); }

    /// Writes an answer down; when this returns it is on the disk.
    public void add(Answer answer) {
        if (answers.putIfAbsent(answer.question(), answer) != null)
            throw new IllegalArgumentException("question " + answer.question() + " was answered already");
        try {
            ByteBuffer line = ByteBuffer.wrap((JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) out.write(line);
            out.force(false);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file + ": " + IoReason.of(e)
                    + "; the answers before this one are kept, --resume goes on from there", e);
        }
    }

    @Override public void close() {
        try (lock; out) {
            out.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException("could not close " + file + ": " + IoReason.of(e), e);
        }
    }
}
