package lucid.kernels.template;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import lucid.kernels.template.Template.Line;

/// One run over a template's lines. The language is described in [Template].
///
/// Lines that come from a macro or a loop get `// @src N`, the line of the template that asked for them; so does the first line after.
final class Expansion {
    private static final Pattern FOR = Pattern.compile("#for\\s+(\\w+)\\s+in\\s+(.+?)\\.\\.(.+)");
    private static final Pattern CALL = Pattern.compile("#(\\w+)\\((.*)\\)\\s*(//.*)?");
    private static final Pattern MACRO = Pattern.compile("#macro\\s+(\\w+)\\((.*)\\)");
    private static final Pattern LIST = Pattern.compile("(\\w+)\\[(-?\\d+)\\.\\.(-?\\d+)]");
    private static final Pattern OWN = Pattern.compile("(?<=\\w)@(?!\\w)");
    private static final int MAX_DEPTH = 40;

    private record Macro(String name, List<String> parameters, List<Line> body) {}

    private final Path folder;
    private final Map<String, Macro> macros = new HashMap<>();
    private final StringBuilder out = new StringBuilder();
    private Map<String, Object> names;
    private int calls;
    private int depth;
    private int asked;
    private int noted;

    Expansion(Path file, Map<String, Object> names) {
        this.folder = file.toAbsolutePath().getParent();
        this.names = names;
    }

    String of(List<Line> lines) {
        block(lines);
        return out.toString();
    }

    private void block(List<Line> lines) {
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            if (!line.directive()) {
                emit(line);
                continue;
            }
            String text = line.text().strip();
            String word = text.split("[\\s(]", 2)[0];
            try {
                switch (word) {
                    case "#emit", "#param" -> {}
                    case "#let" -> let(line, text.substring(4));
                    case "#include" -> include(text.substring(8).strip());
                    case "#for", "#if", "#macro" -> {
                        int end = end(lines, i);
                        List<Line> body = lines.subList(i + 1, end);
                        if (word.equals("#for")) loop(line, text, body);
                        else if (word.equals("#if")) branch(lines.subList(i, end));
                        else define(line, text, body);
                        i = end;
                    }
                    default -> call(line, text);
                }
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw line.error(e.getMessage());
            }
        }
    }

    private static boolean opens(Line line) {
        String text = line.text().stripLeading();
        return text.startsWith("#for ") || text.startsWith("#if ") || text.startsWith("#macro ");
    }

    private static boolean is(Line line, String word) { return line.text().strip().split("\\s", 2)[0].equals(word); }

    private static int end(List<Line> lines, int from) {
        int open = 0;
        for (int i = from; i < lines.size(); i++) {
            if (opens(lines.get(i))) open++;
            if (is(lines.get(i), "#end") && --open == 0) return i;
        }
        throw lines.get(from).error("'" + lines.get(from).text().strip() + "' has no #end");
    }

    private void let(Line line, String text) {
        int equals = text.indexOf('=');
        if (equals < 0) throw line.error("'#let" + text + "'; wanted '#let NAME = EXPRESSION'");
        names.put(text.substring(0, equals).strip(), Expression.evaluate(text.substring(equals + 1), names));
    }

    private void include(String file) {
        try {
            block(Template.lines(folder.resolve(file)).stream().filter(l -> !l.text().isBlank()).toList());
        } catch (IOException e) {
            throw new UncheckedIOException("#include " + file, e);
        }
    }

    private void loop(Line line, String text, List<Line> body) {
        Matcher m = FOR.matcher(text);
        if (!m.matches()) throw line.error("'" + text + "'; wanted '#for NAME in FIRST..LAST'");
        long to = Expression.number(m.group(3), names);
        for (long i = Expression.number(m.group(2), names); i <= to; i++) {
            long value = i;
            scoped(line, () -> {
                names.put(m.group(1), value);
                block(body);
            });
        }
    }

    /// The lines from `#if` up to, without, its `#end`.
    private void branch(List<Line> lines) {
        int from = 0;
        while (from < lines.size()) {
            int to = from + 1;
            for (int open = 0; to < lines.size(); to++) {
                if (open == 0 && (is(lines.get(to), "#else") || is(lines.get(to), "#elif"))) break;
                if (opens(lines.get(to))) open++;
                if (is(lines.get(to), "#end")) open--;
            }
            String text = lines.get(from).text().strip();
            if (text.startsWith("#else") || Expression.number(text.substring(text.indexOf(' ') + 1), names) != 0) {
                block(lines.subList(from + 1, to));
                return;
            }
            from = to;
        }
    }

    private void define(Line line, String text, List<Line> body) {
        Matcher m = MACRO.matcher(text);
        if (!m.matches()) throw line.error("'" + text + "'; wanted '#macro NAME(A, B)'");
        macros.put(m.group(1), new Macro(m.group(1), split(m.group(2)), List.copyOf(body)));
    }

    private void call(Line line, String text) {
        Matcher m = CALL.matcher(replace(text));
        if (!m.matches())
            throw line.error("'" + text + "' is no directive; wanted #emit, #param, #let, #include, #for, #if, #macro, #end or #MACRO(arguments)");
        Macro macro = macros.get(m.group(1));
        if (macro == null) throw line.error("no macro '" + m.group(1) + "'; there are " + macros.keySet().stream().sorted().toList());
        List<String> arguments = split(m.group(2));
        if (arguments.size() != macro.parameters.size()) {
            throw line.error("#" + macro.name + " got " + arguments.size() + " arguments; wanted " + macro.parameters);
        }
        int call = ++calls;
        scoped(line, () -> {
            Map<String, Object> outer = new HashMap<>(names);
            for (int i = 0; i < arguments.size(); i++) names.put(macro.parameters.get(i), Template.valueOrText(arguments.get(i), outer));
            block(macro.body.stream().map(l -> new Line(l.file(), l.number(), OWN.matcher(l.text()).replaceAll("_" + call))).toList());
        });
    }

    /// Runs with names of its own, its lines noted as asked for by `line`.
    private void scoped(Line line, Runnable inner) {
        if (++depth > MAX_DEPTH) throw line.error("macros are nested more than " + MAX_DEPTH + " deep");
        Map<String, Object> outer = names;
        int before = asked;
        names = new HashMap<>(outer);
        if (asked == 0) asked = line.number();
        inner.run();
        asked = before;
        names = outer;
        depth--;
    }

    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int open = 0;
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ("([{".indexOf(c) >= 0) open++;
            if (")]}".indexOf(c) >= 0) open--;
            if (c == ',' && open == 0) {
                parts.add(text.substring(from, i).strip());
                from = i + 1;
            }
        }
        if (!text.isBlank()) parts.add(text.substring(from).strip());
        return parts;
    }

    private void emit(Line line) {
        String text;
        try {
            text = replace(line.text());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw line.error(e.getMessage());
        }
        int source = asked != 0 ? asked : line.number();
        boolean instruction = text.stripTrailing().endsWith(";") || text.contains(";  ");
        boolean note = instruction && (asked != 0 ? noted != asked : noted != 0);
        if (note) noted = asked;
        out.append(text).append(note ? "  // @src " + source : "").append('\n');
    }

    /// Expressions, then lists of registers.
    private String replace(String text) {
        StringBuilder result = new StringBuilder();
        int from = 0;
        for (int at = text.indexOf("${"); at >= 0; at = text.indexOf("${", from)) {
            int end = text.indexOf('}', at);
            if (end < 0) throw new IllegalArgumentException("'${' without '}' in '" + text.strip() + "'");
            result.append(text, from, at).append(Expression.print(Expression.evaluate(text.substring(at + 2, end), names)));
            from = end + 1;
        }
        result.append(text.substring(from));
        return result.indexOf("..") < 0 ? result.toString() : LIST.matcher(result).replaceAll(Expansion::list);
    }

    private static String list(java.util.regex.MatchResult m) {
        return LongStream.rangeClosed(Long.parseLong(m.group(2)), Long.parseLong(m.group(3))).mapToObj(i -> m.group(1) + i)
                .collect(Collectors.joining(", "));
    }
}
