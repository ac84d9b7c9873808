package lucid.nn.generate;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/// Texts that end an answer: it is over with the token in which one of them is completed, even if that token carries more text behind it. Nothing is
/// cut off. The match is looked for in the bytes of the answer, so characters and texts may be spread over any tokens; the prompt does not count.
///
/// @param bytesOf a token's bytes, empty for one without text; null where there are no strings
public record StopStrings(List<String> strings, IntFunction<byte[]> bytesOf) {
    public static final StopStrings NONE = new StopStrings(List.of(), null);

    public StopStrings {
        strings = List.copyOf(strings);
        if (strings.stream().anyMatch(String::isEmpty))
            throw new IllegalArgumentException("stop strings " + strings + ": one is empty, wanted at least one character in each");
        if (!strings.isEmpty() && bytesOf == null)
            throw new IllegalArgumentException("stop strings " + strings + " without a tokenizer; wanted one that knows the tokens' bytes");
    }

    /// One answer's text as it grows.
    Watch watch() { return new Watch(); }

    final class Watch {
        private final byte[][] wanted = strings.stream().map(s -> s.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
        private final int longest = Arrays.stream(wanted).mapToInt(w -> w.length).max().orElse(0);
        /// Bytes before, as many as a match may begin in.
        private byte[] tail = new byte[0];

        /// Whether a string is completed within this token.
        boolean completedBy(int id) {
            if (longest == 0) return false;
            byte[] token = bytesOf.apply(id);
            byte[] text = Arrays.copyOf(tail, tail.length + token.length);
            System.arraycopy(token, 0, text, tail.length, token.length);
            boolean found = false;
            for (byte[] w : wanted) {
                for (int end = Math.max(tail.length + 1, w.length); end <= text.length && !found; end++)
                    found = Arrays.equals(text, end - w.length, end, w, 0, w.length);
            }
            tail = Arrays.copyOfRange(text, Math.max(0, text.length - (longest - 1)), text.length);
            return found;
        }
    }
}
