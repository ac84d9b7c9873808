package lucid.grpo.cli.device;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads `--threads`.
public final class ThreadCount implements ITypeConverter<Integer> {
    @Override public Integer convert(String text) {
        try {
            int threads = Integer.parseInt(text);
            if (threads > 0) return threads;
        } catch (NumberFormatException _) {
            // Refused below, as numbers that are too small.
        }
        throw new TypeConversionException("found '" + text + "', wanted a whole number, at least 1");
    }
}
