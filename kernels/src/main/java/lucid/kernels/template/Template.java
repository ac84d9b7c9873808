package lucid.kernels.template;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One `.ptx.in` file and the texts that it stands for.
///
/// A template is PTX in which lines that begin with `#` are directives:
///
/// | directive | meaning |
/// |---|---|
/// | `#emit NAME P=V ...` | the file makes `NAME.ptx` with these parameters; one line per output; `NAME` is visible inside |
/// | `#param P = V` | a parameter and its value where `#emit` gives none |
/// | `#let N = EXPRESSION` | a name for the lines below, in the same block |
/// | `#for I in A..B` ... `#end` | the lines between for I = A, A + 1, ..., B (none if B < A) |
/// | `#if E`, `#elif E`, `#else`, `#end` | the lines of the first branch that is not 0 |
/// | `#macro NAME(A, B)` ... `#end` | lines that `#NAME(x, y)` inserts; arguments are texts, or numbers where they are expressions of numbers |
/// | `#include FILE` | the macros, lets and lines (but blank ones) of another file of the folder |
///
/// In all other lines `${E}` is replaced by the value of an [Expression], `r[A..B]` inside braces by the list `rA, ..., rB`, and, in a macro, `name@`
/// by a name that is this call's own (declare it in a `{ }` scope of PTX). Text after `#//` is a remark to readers of the template. Every constant of
/// `lucid.kernels.math.Coefficients` is a name.
public final class Template {
    /// A file that the template makes.
    public record Output(String name, Map<String, Object> parameters) {}

    private final Path file;
    private final List<Line> lines;
    private final Map<String, Object> constants;
    private final List<Output> outputs = new ArrayList<>();
    private final Map<String, String> defaults = new LinkedHashMap<>();

    private Template(Path file, List<Line> lines, Map<String, Object> constants) {
        this.file = file;
        this.lines = lines;
        this.constants = constants;
    }

    /// A line that knows where it stands.
    record Line(String file, int number, String text) {
        boolean directive() { return text.stripLeading().startsWith("#"); }

        TemplateException error(String message) { return new TemplateException(file, number, message); }
    }

    /// Reads a template.
    ///
    /// @param constants names that every expression knows
    public static Template read(Path file, Map<String, Object> constants) throws IOException {
        Template template = new Template(file, lines(file), constants);
        for (Line line : template.lines) {
            String text = line.text.strip();
            if (text.startsWith("#param ")) template.parameter(line, text.substring(7));
            if (text.startsWith("#emit ")) template.output(line, text.substring(6).strip());
        }
        for (Output output : template.outputs) {
            template.defaults.forEach((name, value) -> output.parameters.computeIfAbsent(name, _ -> template.value(value, output.parameters)));
        }
        return template;
    }

    static List<Line> lines(Path file) throws IOException {
        List<Line> lines = new ArrayList<>();
        int number = 0;
        for (String text : Files.readAllLines(file)) {
            number++;
            int remark = text.indexOf("#//");
            String kept = remark < 0 ? text.stripTrailing() : text.substring(0, remark).stripTrailing();
            if (remark < 0 || !kept.isEmpty()) lines.add(new Line(file.getFileName().toString(), number, kept));
        }
        return lines;
    }

    private void parameter(Line line, String text) {
        int equals = text.indexOf('=');
        if (equals < 0) throw line.error("'#param " + text + "'; wanted '#param NAME = VALUE'");
        defaults.put(text.substring(0, equals).strip(), text.substring(equals + 1).strip());
    }

    private void output(Line line, String text) {
        String[] words = text.split("\\s+");
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("NAME", words[0]);
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 0) throw line.error("'" + words[i] + "'; wanted NAME=VALUE");
            parameters.put(words[i].substring(0, equals), value(words[i].substring(equals + 1), Map.of()));
        }
        outputs.add(new Output(words[0], parameters));
    }

    /// A number where the text is an expression of known names and numbers, otherwise the text itself.
    static Object valueOrText(String text, Map<String, Object> names) {
        try {
            return Expression.evaluate(text, names);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    private Object value(String text, Map<String, Object> more) {
        Map<String, Object> names = new LinkedHashMap<>(constants);
        names.putAll(more);
        return valueOrText(text, names);
    }

    /// What the file makes; empty for one that is only included.
    public List<Output> outputs() { return List.copyOf(outputs); }

    /// The text of an output. The same on every machine.
    ///
    /// @throws TemplateException with file and line for everything that is not understood
    public String expand(Output output) throws IOException {
        Map<String, Object> names = new LinkedHashMap<>(constants);
        names.putAll(output.parameters);
        return new Expansion(file, names).of(lines);
    }
}
