package lucid.grpo.cli.device;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads `--threads`.
public final class ThreadCount implements ITypeConverter<Integer> {
    /// More than any one machine has processors for, and fewer than a system refuses to start.
    private static final int MOST = 1024;

    @Override public Integer convert(String text) {
        try {
            int threads = Integer.parseInt(text);
            if (threads > 0 && threads <= MOST) return threads;
        } catch (NumberFormatException _) {
            // Refused below, as numbers out of range.
        }
        throw new TypeConversionException("found '" + text + "', wanted a whole number from 1 to " + MOST);
    }
}
