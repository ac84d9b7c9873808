package lucid.grpo.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// The files that a run appends to step by step, and how a resume cuts them back to where its checkpoint was made.
final class AppendedFiles {
    static final String METRICS = "metrics.jsonl";
    static final String EVENTS = "events.out.tfevents.lucid";
    private static final ObjectMapper JSON = new ObjectMapper();
    // A line has some two thousand bytes.
    private static final int WINDOW = 1 << 20;
    private static final int SHOWN = 60;

    private AppendedFiles() {}

    /// Cuts off what was written after the checkpoint; empty: all.
    ///
    /// @throws RunException a file is not what the run wrote up to there; nothing was cut
    static void cut(Path root, Optional<Path> checkpoint) throws IOException {
        Path metrics = root.resolve(METRICS);
        Path events = root.resolve(EVENTS);
        RunState state = checkpoint.map(RunFolder::state).orElse(RunState.start(""));
        require(metrics, state.metricsBytes());
        require(events, state.eventsBytes());
        if (state.metricsBytes() > 0) requireStep(metrics, state, checkpoint.orElseThrow());
        cut(metrics, state.metricsBytes());
        cut(events, state.eventsBytes());
    }

    private static void require(Path file, long length) throws IOException {
        boolean exists = Files.exists(file);
        long there = exists ? Files.size(file) : 0;
        if (there >= length) return;
        throw new RunException(file + (exists ? " has " + there + " bytes" : " is not there")
                + " but the checkpoint was made when it had " + length
                + (exists ? "; it was cut or replaced" : "; it was removed")
                        + " since, and the run's record would have a gap. Put it back, or use another --out");
    }

    // Where somebody has changed lines, or only their ends, the cut goes through one of them, and the next step would stand on what is left of it.
    private static void requireStep(Path file, RunState state, Path checkpoint) throws IOException {
        String last = lastLine(file, state.metricsBytes());
        JsonNode line = parsed(last);
        // The line of a step in whose evaluation the run was stopped is written by the resume.
        long step = line.path("step").asLong(-1);
        boolean met = last.endsWith("\n") && (step == state.totalSteps() - 1
                || step == state.totalSteps() && state.hash().startsWith(line.path("hash").asText("")));
        if (met) return;
        String text = last.strip();
        throw new RunException(file + ": its first " + state.metricsBytes() + " bytes, which it had when the checkpoint " + checkpoint
                + " was made, end with '" + (text.length() > SHOWN ? "..." + text.substring(text.length() - SHOWN) : text)
                + "'; wanted the line of step " + state.totalSteps() + " with its end and the hash " + state.hash()
                + ". It was changed since; nothing was cut. Put it back, or use another --out");
    }

    private static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException _) {
            return JSON.missingNode();
        }
    }

    // With its end, if it has one.
    private static String lastLine(Path file, long length) throws IOException {
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(length, WINDOW));
            long from = length - bytes.capacity();
            while (bytes.hasRemaining() && in.read(bytes, from + bytes.position()) >= 0) {
                // Reads on.
            }
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
            return text.substring(text.lastIndexOf('\n', text.length() - 2) + 1);
        }
    }

    private static void cut(Path file, long length) throws IOException {
        if (!Files.exists(file) || Files.size(file) == length) return;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
    }
}
