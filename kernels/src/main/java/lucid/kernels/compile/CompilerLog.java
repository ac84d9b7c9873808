package lucid.kernels.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the log that ptxas and nvPTXCompiler share (one program in two wrappings): resource lines by entry point, and messages.
final class CompilerLog {
    private static final Pattern LOCATED = Pattern.compile("^ptxas\\s+(?<file>.*?),? line (?<line>\\d+);? *(?<level>error|warning|info|fatal)\\s*: "
            + "*(?<text>.*)$");
    private static final Pattern PLAIN = Pattern.compile("^ptxas (?<level>error|warning|info|fatal)\\s*: *(?<text>.*)$");
    private static final Pattern CODE = Pattern.compile("^\\((?<code>[A-Z]\\d+)\\) *(?<text>.*)$");
    private static final Pattern COMPILING = Pattern.compile("^Compiling entry function '(?<entry>[^']+)'.*$");
    private static final Pattern PROPERTIES = Pattern.compile("^Function properties for (?<entry>\\S+)$");
    private static final Pattern STACK = Pattern.compile("^(?:ptxas)?[\\s.]*(?<stack>\\d+) bytes stack frame, (?<stores>\\d+) bytes spill stores, "
            + "(?<loads>\\d+) bytes spill loads.*$");
    private static final Pattern USED = Pattern.compile("^Used (?<registers>\\d+) registers.*$");
    private static final Pattern BARRIERS = Pattern.compile("used (\\d+) barriers");
    private static final Pattern SHARED = Pattern.compile("(\\d+)(?:\\+\\d+)? bytes smem");
    private static final Pattern CONSTANT = Pattern.compile("(\\d+) bytes cmem\\[\\d+\\]");
    private static final Pattern HOUSEKEEPING = Pattern.compile("^(\\d+ bytes gmem.*|Compile time = .*|Overriding .*|For profile .*)$");
    /// Follows every error and says nothing more than that there was one.
    private static final String ABORTED = "Ptx assembly aborted due to errors";

    private final String file;
    private final Map<String, int[]> stacks = new LinkedHashMap<>();
    private final List<EntryUsage> entries = new ArrayList<>();
    private final List<Diagnostic> diagnostics = new ArrayList<>();
    private String entry = "";
    private String function = "";

    private CompilerLog(String file) {
        this.file = file;
    }

    static Compilation read(String compiler, String file, String target, String log) {
        CompilerLog reader = new CompilerLog(file);
        log.lines().map(String::stripTrailing).filter(line -> !line.isBlank()).forEach(reader::line);
        return new Compilation(compiler, target, reader.entries, reader.diagnostics);
    }

    private void line(String line) {
        Matcher located = LOCATED.matcher(line);
        if (located.matches()) {
            message(located.group("level"), Integer.parseInt(located.group("line")), located.group("text"));
            return;
        }
        Matcher plain = PLAIN.matcher(line);
        if (plain.matches()) {
            message(plain.group("level"), 0, plain.group("text"));
            return;
        }
        Matcher stack = STACK.matcher(line);
        if (stack.matches()) {
            stacks.put(function, new int[] {number(stack, "stack"), number(stack, "stores"), number(stack, "loads")});
        } else {
            diagnostics.add(new Diagnostic(Diagnostic.Severity.INFO, file, 0, "", line.strip()));
        }
    }

    private void message(String level, int line, String text) {
        if (level.equals("info") && resources(text)) return;
        if (text.equals(ABORTED) && !diagnostics.isEmpty()) return;
        Matcher coded = CODE.matcher(text);
        String code = coded.matches() ? coded.group("code") : "";
        Diagnostic.Severity severity = switch (level) {
            case "error", "fatal" -> Diagnostic.Severity.ERROR;
            case "warning" -> Diagnostic.Severity.WARNING;
            default -> Diagnostic.Severity.INFO;
        };
        diagnostics.add(new Diagnostic(severity, file, line, code, code.isEmpty() ? text : coded.group("text")));
    }

    /// Takes in a line about resources; `false` when it is a message for the reader instead.
    private boolean resources(String text) {
        Matcher compiling = COMPILING.matcher(text);
        if (compiling.matches()) {
            entry = compiling.group("entry");
            return true;
        }
        Matcher properties = PROPERTIES.matcher(text);
        if (properties.matches()) {
            function = properties.group("entry");
            return true;
        }
        Matcher used = USED.matcher(text);
        if (!used.matches()) return HOUSEKEEPING.matcher(text).matches();
        int[] stack = stacks.getOrDefault(entry, new int[3]);
        entries.add(new EntryUsage(entry, number(used, "registers"), sum(BARRIERS, text), stack[0], stack[1], stack[2], sum(SHARED, text),
                sum(CONSTANT, text)));
        return true;
    }

    private static int number(Matcher matcher, String group) {
        return Integer.parseInt(matcher.group(group));
    }

    private static int sum(Pattern pattern, String text) {
        return pattern.matcher(text).results().mapToInt(r -> Integer.parseInt(r.group(1))).sum();
    }
}
