package lucid.grpo.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;

/// What a folder must be before a run or an evaluation is written into it.
///
/// @param what it is to hold, with the file that would say so
/// @param whose folder may be gone on with
/// @param began what the file holds
public record Claim(String what, String whose, String began) {
    private static final int SHOWN = 5;

    /// Refuses a folder with something else in it, which would be overwritten.
    ///
    /// @param counts which of its files and folders count; hidden ones never do, as one that was killed at its beginning may have left some
    public void requireEmpty(Path root, Predicate<Path> counts) {
        try (Stream<Path> all = Files.list(root)) {
            List<String> found = all.filter(counts).map(p -> p.getFileName().toString()).filter(name -> !name.startsWith(".")).sorted().toList();
            if (found.isEmpty()) return;
            throw new RunException(root + " is not empty and holds no " + what + ": found "
                    + String.join(", ", found.subList(0, Math.min(SHOWN, found.size())))
                    + (found.size() > SHOWN ? " and " + (found.size() - SHOWN) + " more" : "")
                            + "; nothing was changed. Wanted a new or empty folder, or " + whose + "; use another --out");
        } catch (IOException e) {
            throw new RunException(root + " could not be listed: " + IoReason.of(e));
        }
    }

    /// Reads the file that says what the folder's run or evaluation began with.
    public ObjectNode read(Path file) {
        String found;
        try {
            JsonNode there = JsonText.read(file);
            if (there instanceof ObjectNode object) return object;
            found = "found " + (there.isMissingNode() ? "nothing" : there.getNodeType().toString().toLowerCase(Locale.ROOT)) + ", wanted " + whose
                    + " " + began + " (a JSON object)";
        } catch (IOException e) {
            found = JsonText.reason(e);
        }
        throw new RunException(file + ": " + found + "; nothing was changed. Put back the " + began + " that it began with, or use another --out");
    }
}
