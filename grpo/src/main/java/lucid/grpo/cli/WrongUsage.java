package lucid.grpo.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import lucid.grpo.recipe.RecipeReader;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/// What is said of a command line that cannot be understood: what is wrong, and where the whole help is. Exit status 2.
final class WrongUsage implements IParameterExceptionHandler {
    private WrongUsage() {}

    /// Makes a command and all below it answer so.
    static void handle(CommandLine line) {
        number(line, Integer.class, int.class, Integer::valueOf, "a whole number");
        number(line, Long.class, long.class, Long::valueOf, "a whole number");
        number(line, Float.class, float.class, Float::valueOf, "a number");
        number(line, Double.class, double.class, Double::valueOf, "a number");
        line.registerConverter(Path.class, WrongUsage::path);
        line.setParameterExceptionHandler(new WrongUsage());
    }

    // picocli's own converters say which of Java's types a text is not.
    private static <N extends Number> void number(CommandLine line, Class<N> boxed, Class<N> plain, Function<String, N> parse, String wanted) {
        ITypeConverter<N> converter = text -> {
            try {
                return parse.apply(text);
            } catch (NumberFormatException _) {
                throw new TypeConversionException("found '" + text + "', wanted " + wanted);
            }
        };
        line.registerConverter(boxed, converter).registerConverter(plain, converter);
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            String wanted = e.getReason().startsWith("Malformed") ? "; wanted a path in the characters of the locale, of which one with UTF-8 has all"
                    : "";
            throw new TypeConversionException("found '" + text + "', which names no file here (" + e.getReason() + ")" + wanted);
        }
    }

    @Override public int handleParseException(ParameterException e, String[] args) { return say(e.getCommandLine(), text(e, args)); }

    /// Two lines, and the exit status.
    static int say(CommandLine command, String what) {
        String name = command.getCommandSpec().qualifiedName();
        PrintWriter err = command.getErr();
        err.println(name + ": " + what);
        err.println("(see " + name + " --help)");
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static String text(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        // A misspelt option may be the one that is missing, which would be said instead.
        List<String> unmatched = command.getUnmatchedArguments();
        if (!unmatched.isEmpty()) return unknown(command, unmatched.getFirst());
        if (isGroup(command) && e.getArgSpec() == null) return "which command? one of " + String.join(", ", commands(command));
        if (e instanceof MissingParameterException missing) {
            Optional<String> lonely = lonely(missing.getMissing(), args);
            if (lonely.isPresent()) return lonely.get();
        }
        String words = e.getMessage().replaceFirst("^Error: ", "");
        // Of an option with several names picocli says the longest, whichever was typed.
        if (e.getArgSpec() instanceof OptionSpec o)
            words = words.replace("'" + o.longestName() + "'", "'" + given(o, args).orElse(o.longestName()) + "'");
        return Character.toLowerCase(words.charAt(0)) + words.substring(1);
    }

    // Of an option that is nothing without another one picocli says only that the other one is missing.
    private static Optional<String> lonely(List<ArgSpec> missing, String[] args) {
        if (missing.isEmpty() || !(missing.getFirst() instanceof OptionSpec needed) || needed.group() == null || given(needed, args).isPresent())
            return Optional.empty();
        return needed.group().allOptionsNested().stream().flatMap(o -> given(o, args).stream()).findFirst()
                .map(lonely -> lonely + " belongs to " + needed.longestName() + " " + needed.paramLabel() + "; wanted both of them, or neither");
    }

    // As it was typed.
    private static Optional<String> given(OptionSpec option, String[] args) {
        return Arrays.stream(args).map(WrongUsage::name).filter(List.of(option.names())::contains).findFirst();
    }

    private static String unknown(CommandLine command, String word) {
        if (word.length() > 1 && word.startsWith("-")) {
            return "unknown option " + name(word) + meant(name(word), command.getCommandSpec().optionsMap().keySet());
        }
        return isGroup(command) ? "unknown command " + word + meant(word, commands(command)) : "unexpected argument '" + word + "'";
    }

    private static String name(String word) { return word.replaceFirst("(?s)=.*", ""); }

    private static String meant(String word, Collection<String> known) {
        return RecipeReader.nearest(word, known).map(k -> "; did you mean " + k + "?").orElse("");
    }

    // Those that help shows.
    private static List<String> commands(CommandLine command) {
        return command.getSubcommands().entrySet().stream().filter(c -> !c.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey).toList();
    }

    // A command that does nothing itself.
    private static boolean isGroup(CommandLine command) { return !command.getSubcommands().isEmpty(); }
}
