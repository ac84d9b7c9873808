package lucid.video.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.video.AtomicFile;
import lucid.video.VideoException;
import lucid.video.file.VideoReader;

/// Reads and writes both published layouts: questions for reinforcement learning, one JSON object a line (`nextqa_0-30s.jsonl`), and cold-start
/// samples, an array of conversations (`nextqa-coldstart-16.json`). Conversations without options, which base training learns from, are read as well.
public final class QuestionFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String IMAGE_TAG = "<image>";
    /// No system takes more.
    private static final int LONGEST_PATH = 4096;
    private static final Pattern SOLUTION = Pattern.compile("<answer>\\s*(.*?)\\s*</answer>");
    private static final Pattern REASONING = Pattern.compile("\\s*<think>.*?</think>\\s*<answer>\\s*(.*?)\\s*</answer>\\s*", Pattern.DOTALL);

    private QuestionFiles() {}

    /// Reads either layout; a file that begins with `[` holds conversations.
    ///
    /// @throws DataException names file, line, field, what was found and what was wanted
    public static List<ClipQuestion> read(Path file) { return placed(file).stream().map(Placed::said).toList(); }

    /// The same, and every clip must be there. They are not opened: that would take as long as reading them all.
    ///
    /// @param clips folder that the questions' clips are relative to
    /// @throws DataException as above, or names the first question whose clip is missing and how many are
    public static List<ClipQuestion> read(Path file, Path clips) {
        return there(file, placed(file), clips);
    }

    private static <T> List<T> there(Path file, List<Placed<T>> all, Path clips) {
        Map<Path, Placed<T>> distinct = new LinkedHashMap<>();
        for (Placed<T> p : all) distinct.putIfAbsent(p.clip(file, clips), p);
        List<Path> missing = distinct.keySet().stream().filter(clip -> !Files.isRegularFile(clip)).toList();
        if (!missing.isEmpty()) {
            Placed<T> first = distinct.get(missing.getFirst());
            throw new DataException(file, first.line, first.field, "found '" + DataText.shortened(first.video) + "', but "
                    + absence(missing.getFirst()) + "; wanted a video there (missing clips: "
                    + missing.size() + " of " + distinct.size() + ")");
        }
        return all.stream().map(Placed::said).toList();
    }

    private static String absence(Path clip) {
        if (clip.toString().isEmpty()) return ". is a folder";
        return Files.exists(clip, LinkOption.NOFOLLOW_LINKS) ? clip + " " + VideoReader.notAFile(clip) : "there is no file "
                + (clip.toString().length() <= LONGEST_PATH ? clip : DataText.shortened(clip.toString()));
    }

    /// Where a file in any of the layouts first names a clip that turned out to be unusable.
    ///
    /// @param clips folder that the clips are relative to
    public static Optional<DataException> naming(Path file, Path clips, VideoException fault) {
        String text = DataText.of(file, "questions or conversations");
        boolean array = text.stripLeading().startsWith("[");
        String field = array ? "video" : "video_filename";
        List<DataException> found = new ArrayList<>();
        DataText.Taker taker = (line, node) -> {
            String video = node.path(field).asText();
            if (found.isEmpty() && clips.resolve(video).normalize().equals(fault.path()))
                found.add(new DataException(file, line, field, "found '" + video + "', which cannot be used (" + fault.getMessage()
                        + "); wanted a video"));
        };
        if (array) DataText.array(file, text, _ -> "", taker);
        else DataText.lines(file, text, "one object a line", taker);
        return found.stream().findFirst();
    }

    /// What is said about a clip, with the place that names the clip.
    private record Placed<T>(int line, String field, String video, T said) {
        Path clip(Path file, Path clips) {
            try {
                return clips.resolve(video).normalize();
            } catch (InvalidPathException e) {
                throw new DataException(file, line, field, "found '" + DataText.shortened(video) + "', wanted the name of a file ("
                        + e.getReason() + ")");
            }
        }
    }

    private static List<Placed<ClipQuestion>> placed(Path file) {
        String text = DataText.of(file, "questions (.jsonl or .json)");
        List<Placed<ClipQuestion>> all = text.stripLeading().startsWith("[") ? conversations(file, text) : lines(file, text);
        if (all.isEmpty()) throw new DataException(file, 1, "", "no questions, wanted at least one");
        return all;
    }

    private static List<Placed<ClipQuestion>> lines(Path file, String text) {
        List<Placed<ClipQuestion>> all = new ArrayList<>();
        DataText.lines(file, text, "one object a line", (line, node) -> {
            Row row = new Row(file, line, node);
            all.add(row.question(row.scalar("problem_id"), row.text(row.node, "problem", "problem"), "problem", row.match("solution", SOLUTION),
                    row.kinds(),
                    "video_filename", ""));
        });
        return all;
    }

    private static List<Placed<ClipQuestion>> conversations(Path file, String text) {
        List<Placed<ClipQuestion>> all = new ArrayList<>();
        DataText.array(file, text, _ -> ", wanted an object with id, video and conversations",
                (line, node) -> all.add(conversation(new Row(file, line, node))));
        return all;
    }

    /// Reads captions or open questions: an array of conversations, one question and its answer each.
    ///
    /// @param clips folder that the clips are relative to
    /// @throws DataException names file, line, field, what was found and what was wanted, or the first clip that is missing
    public static List<ClipConversation> readConversations(Path file, Path clips) {
        String text = DataText.of(file, "conversations (.json)");
        if (!text.stripLeading().startsWith("["))
            throw new DataException(file, 1, "", "found no [, wanted an array of objects with id, video and conversations");
        List<Placed<ClipConversation>> all = new ArrayList<>();
        DataText.array(file, text, _ -> ", wanted an object with id, video and conversations", (line, node) -> {
            Row row = new Row(file, line, node);
            String[] said = turns(row);
            String video = row.text(node, "video", "video");
            all.add(new Placed<>(line, "video", video, new ClipConversation(row.scalar("id"), video, said[0], said[1])));
        });
        if (all.isEmpty()) throw new DataException(file, 1, "", "no conversations, wanted at least one");
        return there(file, all, clips);
    }

    // What the human says, without the image tag, and what the model says.
    private static String[] turns(Row row) {
        JsonNode turns = row.node.path("conversations");
        if (turns.isMissingNode()) throw row.error("conversations", "missing, wanted 2 turns: human, gpt");
        if (!turns.isArray()) throw row.error("conversations", "found " + turns.getNodeType() + ", wanted 2 turns: human, gpt");
        if (turns.size() != 2) throw row.error("conversations", "found " + turns.size() + " turns, wanted 2: human, gpt");
        String[] from = {"human", "gpt"};
        String[] value = new String[2];
        for (int i = 0; i < 2; i++) {
            String field = "conversations[" + i + "]";
            String found = row.text(turns.get(i), "from", field + ".from");
            if (!found.equals(from[i])) throw row.error(field + ".from", "found '" + DataText.shortened(found) + "', wanted '" + from[i] + "'");
            value[i] = row.text(turns.get(i), "value", field + ".value");
        }
        value[0] = value[0].replace(IMAGE_TAG, "").strip();
        if (value[1].contains(IMAGE_TAG))
            throw row.error("conversations[1].value", "found " + IMAGE_TAG + ", wanted it where the human speaks only: it is the clip's place");
        return value;
    }

    private static Placed<ClipQuestion> conversation(Row row) {
        String[] value = turns(row);
        String problem = value[0];
        if (problem.endsWith(ClipQuestion.INSTRUCTION))
            problem = problem.substring(0, problem.length() - ClipQuestion.INSTRUCTION.length()).stripTrailing();
        Matcher m = REASONING.matcher(value[1]);
        if (!m.matches())
            throw row.error("conversations[1].value", "found '" + DataText.shortened(value[1])
                    + "', wanted '<think> ... </think> <answer> X </answer>'");
        return row.question(row.scalar("id"), problem, "conversations[0].value", m.group(1), List.of(), "video", value[1].strip());
    }

    /// One record with its place.
    private record Row(Path file, int line, JsonNode node) {
        DataException error(String field, String what) { return new DataException(file, line, field, what); }

        String text(JsonNode of, String name, String field) {
            JsonNode v = of.get(name);
            if (v == null) throw error(field, "missing, wanted text");
            if (!v.isTextual()) throw error(field, "found " + DataText.shortened(v.toString()) + ", wanted text");
            if (v.asText().isBlank()) throw error(field, "found empty text, wanted some");
            return sound(v.asText(), field);
        }

        String sound(String text, String field) {
            String fault = DataText.fault(text);
            if (fault != null) throw error(field, fault);
            return text;
        }

        String scalar(String name) {
            JsonNode v = node.get(name);
            if (v == null) throw error(name, "missing, wanted a number or text");
            if (!v.isTextual() && !v.isIntegralNumber()) throw error(name, "found " + DataText.shortened(v.toString()) + ", wanted a number or text");
            return sound(v.asText(), name);
        }

        String match(String name, Pattern pattern) {
            String v = text(node, name, name);
            Matcher m = pattern.matcher(v);
            if (!m.matches()) throw error(name, "found '" + DataText.shortened(v) + "', wanted '<answer>X</answer>'");
            return m.group(1);
        }

        List<String> kinds() {
            JsonNode v = node.get("problem_type");
            if (v == null) throw error("problem_type", "missing, wanted a list of texts");
            List<String> kinds = new ArrayList<>();
            for (JsonNode k : v.isArray() ? v : List.of(v)) {
                if (!k.isTextual()) throw error("problem_type", "found " + DataText.shortened(v.toString()) + ", wanted a list of texts");
                kinds.add(sound(k.asText(), "problem_type"));
            }
            return kinds;
        }

        Placed<ClipQuestion> question(String id, String problem, String problemField, String letter, List<String> kinds, String videoField,
                String reasoning) {
            String video = text(node, videoField, videoField);
            List<String> options;
            try {
                options = ClipQuestion.optionsOf(problem);
            } catch (IllegalArgumentException e) {
                throw error(problemField, e.getMessage());
            }
            if (letter.length() != 1 || letter.charAt(0) < 'A' || letter.charAt(0) >= 'A' + options.size()) {
                throw error(reasoning.isEmpty() ? "solution" : "conversations[1].value", "found answer '" + DataText.shortened(letter)
                        + "', wanted a letter of the options, A to " + (char) ('A' + options.size() - 1));
            }
            return new Placed<>(line, videoField, video, new ClipQuestion(id, problem, letter, kinds, video, reasoning));
        }
    }

    /// Writes the jsonl layout, byte for byte as published.
    public static void writeLines(Path file, List<ClipQuestion> questions) throws IOException {
        StringBuilder s = new StringBuilder();
        for (ClipQuestion q : questions) {
            String id = q.id().matches("[1-9][0-9]{0,17}") ? q.id() : quoted(q.id());
            List<String> kinds = q.kinds().stream().map(QuestionFiles::quoted).toList();
            s.append("{\"problem_id\": ").append(id).append(", \"problem\": ").append(quoted(q.problem()))
                    .append(", \"data_type\": \"video\", \"problem_type\": [")
                    .append(String.join(", ", kinds)).append("], \"solution\": ").append(quoted("<answer>" + q.solution() + "</answer>"))
                    .append(", \"video_filename\": ").append(quoted(q.video())).append("}\n");
        }
        AtomicFile.write(file, s.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// Writes the conversations layout.
    ///
    /// @throws IllegalArgumentException a question without written reasoning
    public static void writeConversations(Path file, List<ClipQuestion> questions) throws IOException {
        List<String> records = new ArrayList<>();
        for (ClipQuestion q : questions) {
            if (q.reasoning().isEmpty())
                throw new IllegalArgumentException("question " + q.id() + " has no written reasoning, wanted one for " + file);
            records.add("""
                        {
                            "id": %s,
                            "conversations": [
                                {
                                    "from": "human",
                                    "value": %s
                                },
                                {
                                    "from": "gpt",
                                    "value": %s
                                }
                            ],
                            "video": %s
                        }""".formatted(quoted(q.id()), quoted(IMAGE_TAG + "\n" + q.problem() + " " + ClipQuestion.INSTRUCTION), quoted(q.reasoning()), quoted(q.video())).indent(4).stripTrailing());
        }
        AtomicFile.write(file, ("[\n" + String.join(",\n", records) + "\n]\n").getBytes(StandardCharsets.UTF_8));
    }

    private static String quoted(String text) {
        try {
            return JSON.writeValueAsString(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("text cannot be written as JSON: " + text, e);
        }
    }
}
