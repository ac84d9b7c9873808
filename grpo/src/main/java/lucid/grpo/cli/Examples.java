package lucid.grpo.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.UsageMessageSpec;

/// The examples below a command's help, indented lines of its footer. One that is wider than the help is broken with `\` before an option, so that a
/// shell takes it as it stands; picocli would wrap it at any word.
final class Examples {
    private static final String EXAMPLE = "  ";
    private static final String CONTINUED = "      ";
    private static final String BREAK = " \\";
    /// A space before an option or between two commands, with an even number of quotes behind it.
    private static final Pattern BREAKABLE = Pattern.compile(" +(?=(?:-|\\|\\|? |&& |> ))(?=[^'\"]*(?:(?:'[^']*'|\"[^\"]*\")[^'\"]*)*$)");

    private Examples() {}

    /// Breaks the examples of a command and of all below it.
    static void fit(CommandLine command) {
        UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        usage.footer(Arrays.stream(usage.footer()).flatMap(line -> broken(line, usage.width()).stream()).toArray(String[]::new));
        command.getSubcommands().values().forEach(Examples::fit);
    }

    /// A footer's line as lines of at most `width` columns, where it is an example and has places enough to break at.
    static List<String> broken(String line, int width) {
        if (!line.startsWith(EXAMPLE) || line.length() <= width) return List.of(line);
        List<String> lines = new ArrayList<>();
        String[] parts = BREAKABLE.split(line.strip());
        String last = EXAMPLE + parts[0];
        for (String part : List.of(parts).subList(1, parts.length)) {
            if (last.length() + 1 + part.length() + BREAK.length() <= width) {
                last += " " + part;
            } else {
                lines.add(last + BREAK);
                last = CONTINUED + part;
            }
        }
        lines.add(last);
        return lines;
    }
}
