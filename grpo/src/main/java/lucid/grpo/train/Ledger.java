package lucid.grpo.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import lucid.grpo.data.TrainingData;
import lucid.grpo.run.Disk;

/// Writes what happened in a step: a line a completion in `rollouts/`, and its per-token columns in `ledger/`.
public final class Ledger {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path run;
    private final TrainingData data;
    private final IntFunction<String> tokenText;

    /// @param tokenText the text of a token, for people
    public Ledger(Path run, TrainingData data, IntFunction<String> tokenText) {
        this.run = run;
        this.data = data;
        this.tokenText = tokenText;
    }

    /// Both files of one step; a step that is done again (after a resume) replaces them.
    public void write(long step, List<Group> groups, TokenColumns columns) {
        String name = String.format(Locale.ROOT, "step-%06d.jsonl", step);
        Disk.file(run.resolve("rollouts").resolve(name), file -> {
            try (JsonGenerator json = lines(Files.newOutputStream(file))) {
                rollouts(json, step, groups);
            }
        });
        Disk.file(run.resolve("ledger").resolve(name + ".gz"), file -> {
            try (JsonGenerator json = lines(compressed(file))) {
                columns(json, groups, columns);
            }
        });
    }

    // Quickly rather than tightly: at its own level zlib takes 9 ms of a step of the demo instead of 3, for files that are 1.3 times smaller.
    private static OutputStream compressed(Path file) throws IOException {
        return new GZIPOutputStream(Files.newOutputStream(file), 1 << 15) {
            { def.setLevel(Deflater.BEST_SPEED); }
        };
    }

    private static JsonGenerator lines(OutputStream out) throws IOException {
        JsonGenerator json = JSON.createGenerator(new BufferedOutputStream(out, 1 << 16));
        json.setRootValueSeparator(new com.fasterxml.jackson.core.io.SerializedString("\n"));
        return json;
    }

    private void rollouts(JsonGenerator json, long step, List<Group> groups) throws IOException {
        for (int p = 0; p < groups.size(); p++) {
            Group group = groups.get(p);
            for (int i = 0; i < group.completions().size(); i++) {
                Group.Completion c = group.completions().get(i);
                json.writeStartObject();
                json.writeNumberField("step", step);
                json.writeNumberField("prompt", p);
                json.writeNumberField("completion", i);
                json.writeStringField("kind", group.prompt().kind());
                json.writeStringField("clip", data.clipName(group.prompt().clip()));
                json.writeStringField("question", group.prompt().problem());
                json.writeStringField("solution", group.prompt().solution());
                json.writeStringField("text", c.text());
                json.writeNumberField("length", c.ids().length);
                json.writeBooleanField("finished", c.finished());
                json.writeNumberField("accuracy", c.score().accuracy());
                json.writeNumberField("format", c.score().format());
                json.writeNumberField("reward", c.score().total());
                json.writeNumberField("advantage", c.advantage());
                json.writeEndObject();
            }
        }
    }

    private void columns(JsonGenerator json, List<Group> groups, TokenColumns columns) throws IOException {
        int at = 0;
        for (int p = 0; p < groups.size(); p++) {
            for (int i = 0; i < groups.get(p).completions().size(); i++) {
                Group.Completion c = groups.get(p).completions().get(i);
                int n = c.ids().length;
                json.writeStartObject();
                json.writeNumberField("prompt", p);
                json.writeNumberField("completion", i);
                json.writeFieldName("tokens");
                json.writeStartArray();
                for (int id : c.ids()) json.writeString(tokenText.apply(id));
                json.writeEndArray();
                json.writeFieldName("ids");
                json.writeArray(c.ids(), 0, n);
                column(json, "sampler", c.sampler(), 0, n);
                column(json, "reference", columns.reference(), at, n);
                column(json, "weight", columns.weight(), at, n);
                update(json, columns.updates().getFirst(), at, n);
                column(json, "after", columns.after(), at, n);
                later(json, columns.updates().subList(1, columns.updates().size()), at, n);
                json.writeEndObject();
                at += n;
            }
        }
    }

    // The first update cannot be clipped, since its ratios are 1; these can.
    private static void later(JsonGenerator json, List<TokenColumns.Update> updates, int from, int n) throws IOException {
        if (updates.isEmpty()) return;
        json.writeArrayFieldStart("later_updates");
        for (TokenColumns.Update u : updates) {
            json.writeStartObject();
            update(json, u, from, n);
            json.writeArrayFieldStart("clip");
            for (int i = from; i < from + n; i++) json.writeString(u.clip()[i].name().toLowerCase(Locale.ROOT));
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void update(JsonGenerator json, TokenColumns.Update u, int from, int n) throws IOException {
        column(json, "logprob", u.logProb(), from, n);
        column(json, "ratio", u.ratio(), from, n);
        column(json, "kl", u.kl(), from, n);
        column(json, "entropy", u.entropy(), from, n);
        column(json, "coefficient", u.coefficient(), from, n);
    }

    private static void column(JsonGenerator json, String name, float[] values, int from, int n) throws IOException {
        if (values == null) return;
        json.writeFieldName(name);
        json.writeStartArray();
        for (int i = from; i < from + n; i++) json.writeNumber(values[i]);
        json.writeEndArray();
    }
}
