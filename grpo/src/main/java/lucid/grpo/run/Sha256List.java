package lucid.grpo.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import lucid.nn.disk.IoReason;

/// Hashes by file name, in the format of `sha256sum`.
public final class Sha256List {
    private static final String BETWEEN = "  ";

    private Sha256List() {}

    /// A line for each.
    public static String text(Map<String, String> hashes) {
        return hashes.entrySet().stream().map(e -> e.getValue() + BETWEEN + e.getKey() + "\n").collect(Collectors.joining());
    }

    /// What such a file says, in its order; nothing where there is none.
    ///
    /// @throws RunException it cannot be read, or is of another format
    public static Map<String, String> read(Path file) {
        Map<String, String> all = new LinkedHashMap<>();
        if (!Files.isRegularFile(file)) return all;
        try {
            for (String line : Files.readAllLines(file)) {
                int at = line.indexOf(BETWEEN);
                if (at < 0) throw new RunException(file + ": found '" + line + "', wanted a hash, two spaces and a name");
                all.put(line.substring(at + BETWEEN.length()), line.substring(0, at));
            }
        } catch (IOException e) {
            throw new RunException(file + ": could not be read: " + IoReason.of(e));
        }
        return all;
    }
}
