package lucid.video.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.video.IoReason;
import lucid.video.benchmark.Benchmark.AnnotationFile;
import lucid.video.benchmark.BenchmarkQuestion.Choice;
import lucid.video.data.ClipQuestion;
import lucid.video.data.DataException;
import lucid.video.data.DataText;

/// Reads a benchmark's questions from a folder in its published layout. Clips are not opened and may be missing; a record that cannot be used is an
/// error, never left out.
public final class BenchmarkReader {
    private static final Pattern PLACE = Pattern.compile("\\{([^}]+)}");
    private static final Pattern TAGGED = Pattern.compile("<answer>\\s*(.*?)\\s*</answer>");

    /// Where a user's files lie.
    ///
    /// @param root        the data folder
    /// @param annotations an annotation file to use instead of the benchmark's own (which must then have a single one), or null
    /// @param videos      the clips' folder, or null: looked for under the root
    public record Place(Path root, Path annotations, Path videos) {
        /// All in one folder, named as published.
        public static Place of(Path root) { return new Place(root, null, null); }
    }

    private final Benchmark benchmark;
    private final Place place;
    private final Path videos;
    private final Map<String, String> table;

    private BenchmarkReader(Benchmark benchmark, Place place) {
        this.benchmark = benchmark;
        this.place = place;
        if (!Files.isDirectory(place.root))
            throw new IllegalArgumentException(place.root + (Files.exists(place.root) ? ": found a file" : ": no such folder")
                    + "; wanted the folder of " + benchmark.title() + "'s annotations and clips (--data)");
        if (place.videos != null && !Files.isDirectory(place.videos))
            throw new IllegalArgumentException(place.videos + (Files.exists(place.videos) ? ": found a file" : ": no such folder")
                    + "; wanted the folder of " + benchmark.title() + "'s clips (--videos)");
        videos = place.videos != null ? place.videos : benchmark.videoFolders().stream().map(place.root::resolve).filter(Files::isDirectory)
                .findFirst().orElse(place.root);
        table = benchmark.video().table() == null ? Map.of() : table(benchmark.video().table().file());
    }

    /// All questions, in the order of the files.
    ///
    /// @throws DataException            a record that cannot be used: file, line, field, found, wanted
    /// @throws IllegalArgumentException a file that is not there
    public static List<BenchmarkQuestion> read(Benchmark benchmark, Place place) { return new BenchmarkReader(benchmark, place).all(); }

    private List<BenchmarkQuestion> all() {
        if (place.annotations != null && benchmark.files().size() != 1) {
            throw new IllegalArgumentException("--annotations names one file, " + benchmark.title() + " has " + benchmark.files().size()
                    + "; put them into " + folders(benchmark.annotationFolders()));
        }
        List<BenchmarkQuestion> all = new ArrayList<>();
        Map<String, Row> ids = new HashMap<>();
        for (AnnotationFile spec : benchmark.files()) {
            Path file = place.annotations != null ? place.annotations : find(spec.names(), "put the annotations there under such a name, or name "
                    + "their file with --annotations");
            for (Row row : AnnotationRows.read(file)) {
                if (benchmark.where().entrySet().stream().anyMatch(w -> !row.text(w.getKey()).equals(w.getValue()))) continue;
                String id = id(row);
                Row before = ids.putIfAbsent(id, row);
                if (before != null)
                    throw row.error(String.join("+", benchmark.id()), "'" + id + "' names the record of " + before.place()
                            + " as well, wanted every question once");
                all.add(question(all.size(), id, spec, row));
            }
        }
        if (all.isEmpty())
            throw new IllegalArgumentException(benchmark.title() + ": none of the records has " + benchmark.where() + "; wanted questions");
        return all;
    }

    private Path find(List<String> names, String wanted) {
        List<Path> found = new ArrayList<>();
        List<Path> parquet = new ArrayList<>();
        for (String folder : benchmark.annotationFolders()) {
            Path in = place.root.resolve(folder);
            // Of one table in several formats the first that is named is read: a Parquet file, and beside it the JSON lines made of it.
            Set<String> stems = new HashSet<>();
            names.stream().map(in::resolve).filter(f -> Files.isRegularFile(f) && stems.add(stem(f))).forEach(found::add);
            if (Files.isDirectory(in)) parquet.addAll(parquet(in));
        }
        if (found.size() == 1) return found.getFirst();
        if (found.size() > 1)
            throw new IllegalArgumentException(benchmark.title() + ": found " + found + "; name the one you want with --annotations");
        throw new IllegalArgumentException(benchmark.title() + ": found none of " + names + " in " + folders(benchmark.annotationFolders())
                + (parquet.isEmpty() ? "" : ", but " + parquet.getFirst())
                + "; " + wanted);
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.lastIndexOf('.'));
    }

    private String folders(List<String> names) { return names.stream().map(place.root::resolve).map(Path::toString).toList().toString(); }

    private static List<Path> parquet(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(DataText::isParquet).sorted().toList();
        } catch (IOException e) {
            throw new DataException(folder, 1, "", "cannot be listed: " + IoReason.of(e));
        }
    }

    private Map<String, String> table(String name) {
        Path file = find(List.of(name), "put it there: it says where the clips lie");
        Map<String, String> all = new HashMap<>();
        for (Map.Entry<String, JsonNode> e : DataText.object(file, "an object of texts").properties()) {
            if (!e.getValue().isTextual()) throw new DataException(file, 1, e.getKey(), "found " + e.getValue().getNodeType() + ", wanted text");
            all.put(e.getKey(), e.getValue().textValue());
        }
        return all;
    }

    private String id(Row row) {
        if (benchmark.id().isEmpty()) return row.file().getFileName() + "#" + row.record();
        return String.join("-", benchmark.id().stream().map(row::text).toList());
    }

    private BenchmarkQuestion question(int number, String id, AnnotationFile spec, Row row) {
        List<Choice> choices = choices(row);
        if (choices.size() < 2) throw row.error(benchmark.options().fields().getFirst(), "found " + choices.size() + " options, wanted at least two");
        Map<String, String> kinds = new LinkedHashMap<>();
        benchmark.kinds().forEach((name, field) -> kinds.put(name, kind(field, spec, row)));
        double from = spec.from() == null ? Double.NaN : row.seconds(spec.from());
        double to = spec.to() == null ? Double.NaN : row.seconds(spec.to());
        if (from > to) throw row.error(spec.from(), "found " + from + ", wanted at most " + spec.to() + " = " + to);
        Path video = videos.resolve(spec.videos()).resolve(video(row)).normalize();
        return new BenchmarkQuestion(number, id, problem(row, choices), choices, answer(row, choices), kinds, video, spec.clip(), from, to);
    }

    private static String kind(String field, AnnotationFile spec, Row row) {
        if (field.equals("@file")) return spec.kind();
        if (!field.endsWith("?")) return row.text(field);
        String name = field.substring(0, field.length() - 1);
        return row.has(name) ? row.text(name) : "unknown";
    }

    private List<Choice> choices(Row row) {
        List<String> fields = benchmark.options().fields();
        String field = fields.getFirst();
        return switch (benchmark.options().form()) {
            case LIST -> lettered(row.list(field));
            case FIELDS -> lettered(fields.stream().map(row::text).toList());
            case MAP -> row.map(field).entrySet().stream().map(e -> new Choice(e.getKey(), e.getValue())).toList();
            case LETTERED -> split(row, field);
            case EMBEDDED -> {
                try {
                    yield lettered(new ClipQuestion("", row.text(field), "A", List.of(), "", "").options());
                } catch (IllegalArgumentException e) {
                    throw row.error(field, e.getMessage());
                }
            }
        };
    }

    private static List<Choice> lettered(List<String> texts) {
        List<Choice> all = new ArrayList<>();
        for (String text : texts) all.add(new Choice(String.valueOf((char) ('A' + all.size())), text));
        return all;
    }

    // "A. text.": the published script takes what is before the first period for the letter and drops the last character of the text.
    private static List<Choice> split(Row row, String field) {
        List<Choice> all = new ArrayList<>();
        for (String option : row.list(field)) {
            String letter = String.valueOf((char) ('A' + all.size()));
            if (!option.startsWith(letter + ". ")) {
                throw row.error(field + "[" + all.size() + "]", "found '" + DataText.shortened(option) + "', wanted a text that begins with '"
                        + letter + ". '");
            }
            String text = option.substring(3);
            all.add(new Choice(letter, text.isEmpty() ? text : text.substring(0, text.length() - 1)));
        }
        return all;
    }

    private String answer(Row row, List<Choice> choices) {
        String field = benchmark.answer().field();
        String found = row.text(field);
        String letter = switch (benchmark.answer().form()) {
            case LETTER -> found;
            case INDEX -> found.matches("\\d{1,3}") && Integer.parseInt(found) < choices.size() ? choices.get(Integer.parseInt(found)).letter() : "";
            // Of two options with the same text the published scripts take the last.
            case TEXT -> choices.stream().filter(c -> c.text().equals(found)).reduce((_, last) -> last).map(Choice::letter).orElse("");
            case TAGGED -> {
                Matcher m = TAGGED.matcher(found);
                yield m.matches() ? m.group(1) : "";
            }
        };
        if (choices.stream().anyMatch(c -> c.letter().equals(letter))) return letter;
        throw row.error(field, "found '" + DataText.shortened(found) + "', wanted " + switch (benchmark.answer().form()) {
            case LETTER -> "one of the letters " + choices.stream().map(Choice::letter).toList();
            case INDEX -> "a number from 0 to " + (choices.size() - 1);
            case TEXT -> "one of the options " + choices.stream().map(Choice::text).toList();
            case TAGGED -> "<answer>X</answer> with X one of " + choices.stream().map(Choice::letter).toList();
        });
    }

    private String problem(Row row, List<Choice> choices) {
        Benchmark.Prompt p = benchmark.prompt();
        String asked = row.text(p.field());
        String capital = asked.substring(0, 1).toUpperCase(Locale.ROOT) + asked.substring(1);
        StringBuilder s = new StringBuilder(p.question().replace("{question}", asked).replace("{Question}", capital));
        if (benchmark.options().form() != Benchmark.OptionForm.EMBEDDED) s.append(p.head()).append(String.join("\n", shown(row, choices)));
        return p.stripEnd() ? s.toString().stripTrailing() : s.toString();
    }

    private List<String> shown(Row row, List<Choice> choices) {
        if (benchmark.options().form() == Benchmark.OptionForm.LETTERED) return row.list(benchmark.options().fields().getFirst());
        return choices.stream().map(c -> benchmark.prompt().option().replace("{letter}", c.letter()).replace("{text}", c.text())).toList();
    }

    private String video(Row row) {
        Benchmark.Video v = benchmark.video();
        Matcher m = PLACE.matcher(v.pattern());
        StringBuilder path = new StringBuilder();
        while (m.find()) {
            String value = m.group(1).equals("mapped") ? mapped(row) : row.text(m.group(1));
            m.appendReplacement(path, Matcher.quoteReplacement(v.remove() != null && value.startsWith(v.remove())
                    ? value.substring(v.remove().length()) : value));
        }
        m.appendTail(path);
        String relative = path.toString();
        // A leading slash means "inside the data set", as in the published scripts, and a path may not leave it.
        while (relative.startsWith("/")) relative = relative.substring(1);
        if (Path.of(relative).normalize().startsWith(".."))
            throw row.error(v.pattern(), "found the path '" + DataText.shortened(relative) + "', wanted one inside the clips' folder");
        return relative;
    }

    private String mapped(Row row) {
        Benchmark.Table t = benchmark.video().table();
        String value = table.get(row.text(t.field()));
        if (value == null) throw row.error(t.field(), "'" + row.text(t.field()) + "' is not in " + t.file());
        return value;
    }
}
