package lucid.video.benchmark;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.video.IoReason;
import lucid.video.data.DataText;
import lucid.video.data.JsonFault;
import lucid.video.data.Utf8Text;

/// How a published benchmark is laid out: where its annotation files and clips lie, which field means what, and how its published script writes the
/// question. The shipped ones are the resources `benchmarks/NAME.json`; a file of the same form describes another benchmark.
///
/// @param name              as on the command line
/// @param title             as people write it
/// @param source            where the layout and the prompt come from
/// @param annotationFolders where annotation files are looked for, relative to the data folder, in this order
/// @param videoFolders      the same for clips
/// @param files             annotation files
/// @param where             records with other values in these fields are not part of the benchmark
/// @param id                fields that together name a question; none: the file's name and the record's number
/// @param kinds             ways of grouping questions: name to field; `@file` is the file's own kind, a field that ends in `?` may be missing
/// @param average           the published figure
public record Benchmark(String name, String title, String source, @JsonProperty("annotation_folders") List<String> annotationFolders,
                        @JsonProperty("video_folders") List<String> videoFolders, List<AnnotationFile> files, Map<String, String> where,
                                List<String> id, Prompt prompt,
                        Options options, Answer answer, Map<String, String> kinds, Video video, Average average) {
    /// Names of the shipped definitions.
    public static final List<String> SHIPPED = List.of("nextqa", "nextqa-hub", "nextqa-30s", "mvbench", "video-mme", "mlvu", "mmvu");
    private static final ObjectMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS).build();

    /// How frames are chosen from a clip, as the benchmark's published script does.
    public enum Clip {
        /// Evenly from the first to the last frame; short clips repeat frames.
        UNIFORM,
        /// The same without repetitions: a short clip gives fewer frames.
        DISTINCT,
        /// Middles of equal segments between the question's bounds.
        SEGMENTS,
        /// The same in a folder of pictures `00001.jpg`, ..., three a second.
        PICTURES
    }

    /// @param names  names it goes by; exactly one must be there
    /// @param kind   of all its questions, or null
    /// @param videos folder of its clips inside the video folder, may be empty
    /// @param from   field of the first second that the question is about, or null; `to` of the last one
    public record AnnotationFile(List<String> names, String kind, String videos, Clip clip, String from, String to) {
        public AnnotationFile {
            need("files.names", names);
            if (names.isEmpty()) throw new IllegalArgumentException("files.names: empty, wanted at least one file name");
            if (videos == null) videos = "";
            if (clip == null) clip = Clip.UNIFORM;
            if ((from == null) != (to == null)) throw new IllegalArgumentException("files: wanted both 'from' and 'to' or neither");
            names = List.copyOf(names);
        }
    }

    /// The text before the instruction.
    ///
    /// @param field    of the question
    /// @param question pattern with `{question}` or `{Question}` (first letter in upper case)
    /// @param head     what stands between question and options
    /// @param option   pattern of a line with `{letter}` and `{text}`
    /// @param stripEnd whether white space at the end is taken off
    public record Prompt(String field, String question, String head, String option, @JsonProperty("strip_end") boolean stripEnd) {
        public Prompt {
            need("prompt.field", field);
            if (question == null) question = "{question}";
        }
    }

    /// How the options are written.
    public enum OptionForm {
        /// An array of texts.
        LIST,
        /// One field for each.
        FIELDS,
        /// An object, letter to text.
        MAP,
        /// An array of texts that begin with their letter, `A. text.`; they are shown as they are.
        LETTERED,
        /// Inside the question, under a line `Options:`.
        EMBEDDED
    }

    /// @param fields one, or as many as options
    public record Options(OptionForm form, List<String> fields) {
        public Options {
            need("options.form", form);
            need("options.fields", fields);
            if (form == OptionForm.FIELDS ? fields.size() < 2 : fields.size() != 1) {
                throw new IllegalArgumentException("options.fields: " + fields.size() + " fields, wanted "
                        + (form == OptionForm.FIELDS ? "one for each option" : "one"));
            }
            fields = List.copyOf(fields);
        }
    }

    /// How the true option is written: its letter, its number from 0, its text, or its letter in answer tags.
    public enum AnswerForm { LETTER, INDEX, TEXT, TAGGED }

    /// The true option.
    public record Answer(String field, AnswerForm form) {
        public Answer {
            need("answer.field", field);
            need("answer.form", form);
        }
    }

    /// The clip's path.
    ///
    /// @param pattern with `{field}`s; `{mapped}`: what the table says
    /// @param remove  taken off the front of the result, for addresses of the hub; or null
    /// @param table   a JSON object beside the annotations that turns a field's value into another text, or null
    public record Video(String pattern, String remove, Table table) {
        public Video {
            need("video.pattern", pattern);
            if (pattern.contains("{mapped}") && table == null) throw new IllegalArgumentException("video.pattern: {mapped} without video.table");
        }
    }

    /// See [Video].
    public record Table(String file, String field) {
        public Table {
            need("video.table.file", file);
            need("video.table.field", field);
        }
    }

    /// @param over null: every question counts the same (micro); a name of `kinds`: the mean of its groups' accuracies (macro)
    public record Average(String over) {}

    public Benchmark {
        need("name", name);
        need("files", files);
        need("prompt", prompt);
        need("options", options);
        need("answer", answer);
        need("video", video);
        title = title == null ? name : title;
        source = source == null ? "" : source;
        annotationFolders = annotationFolders == null ? List.of("") : List.copyOf(annotationFolders);
        videoFolders = videoFolders == null ? List.of("") : List.copyOf(videoFolders);
        files = List.copyOf(files);
        where = where == null ? Map.of() : where;
        id = id == null ? List.of() : List.copyOf(id);
        kinds = kinds == null ? Map.of() : kinds;
        average = average == null ? new Average(null) : average;
        if (files.isEmpty()) throw new IllegalArgumentException("files: empty, wanted at least one");
        if (average.over != null && !kinds.containsKey(average.over))
            throw new IllegalArgumentException("average.over: '" + average.over + "' is none of kinds " + kinds.keySet());
        if (options.form != OptionForm.EMBEDDED) {
            need("prompt.head", prompt.head);
            if (options.form != OptionForm.LETTERED) need("prompt.option", prompt.option);
        }
    }

    private static void need(String field, Object value) {
        if (value == null) throw new IllegalArgumentException(field + ": missing");
    }

    /// A shipped definition, or one in a file.
    ///
    /// @throws IllegalArgumentException neither, or not of this form; the message says where
    public static Benchmark of(String nameOrFile) {
        String text;
        if (SHIPPED.contains(nameOrFile)) {
            text = resource("/benchmarks/" + nameOrFile + ".json");
        } else {
            Path file = Path.of(nameOrFile);
            if (!Files.isRegularFile(file))
                throw new IllegalArgumentException("benchmark '" + nameOrFile + "': no such benchmark or file; wanted one of " + SHIPPED
                        + " or a definition's file");
            try {
                text = Utf8Text.of(Files.readAllBytes(file));
            } catch (Utf8Text.Malformed e) {
                throw new IllegalArgumentException(file + ", line " + e.line() + ": " + e.getMessage());
            } catch (IOException e) {
                throw new UncheckedIOException(file + " cannot be read: " + IoReason.of(e), e);
            }
        }
        return parse(nameOrFile, text);
    }

    /// A definition as text.
    public static Benchmark parse(String where, String json) {
        try {
            Benchmark b = JSON.readValue(json, Benchmark.class);
            if (b == null) throw new IllegalArgumentException("benchmark " + where + ": found null, wanted an object");
            return b;
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            throw new IllegalArgumentException("benchmark " + where + ", line " + line + ": " + complaint(e, json), e);
        }
    }

    // Jackson's own words name Java types.
    private static String complaint(JsonProcessingException e, String json) {
        return switch (e) {
            case UnrecognizedPropertyException u -> field(u) + ": there is no such field, wanted one of " + u.getKnownPropertyIds().stream()
                    .map(String::valueOf).sorted().toList();
            case InvalidFormatException f when f.getTargetType().isEnum() -> field(f) + ": found " + found(f, json) + ", wanted one of "
                    + Stream.of(f.getTargetType().getEnumConstants()).map(c -> c.toString().toLowerCase(Locale.ROOT)).toList();
            case MismatchedInputException m when !m.getPath().isEmpty() -> field(m) + ": found " + found(m, json) + ", wanted "
                    + wanted(m.getTargetType());
            case MismatchedInputException m when m.getTargetType() == Benchmark.class && m.getOriginalMessage().startsWith("Cannot") -> "found "
                    + DataText.shortened(found(m, json)) + ", wanted an object";
            case ValueInstantiationException v when v.getCause() != null -> v.getCause().getMessage();
            default -> JsonFault.of(e);
        };
    }

    /// `files[0].clip`.
    private static String field(JsonMappingException e) {
        return e.getPath().stream().map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : "." + r.getFieldName())
                .collect(Collectors.joining()).substring(1);
    }

    private static String found(JsonMappingException e, String json) {
        try {
            JsonNode node = JSON.readTree(json);
            for (JsonMappingException.Reference r : e.getPath())
                node = r.getFieldName() == null ? node.path(r.getIndex()) : node.path(r.getFieldName());
            return node.toString();
        } catch (JsonProcessingException _) {
            return "another kind of value";
        }
    }

    private static String wanted(Class<?> type) {
        if (type == String.class) return "a string";
        if (type == boolean.class) return "true or false";
        return type != null && Collection.class.isAssignableFrom(type) ? "a list" : "an object";
    }

    private static String resource(String name) {
        try (InputStream in = Benchmark.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException("resource " + name + " is missing from this build");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
