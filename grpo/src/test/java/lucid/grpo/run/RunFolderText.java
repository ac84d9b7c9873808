package lucid.grpo.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What `RUN-FOLDER.md` says, to be held against what is written.
public final class RunFolderText {
    private RunFolderText() {}

    /// The keys of the table under a heading.
    public static Set<String> table(String heading) throws IOException {
        Set<String> table = new TreeSet<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Path.of("RUN-FOLDER.md"))) {
            if (line.startsWith("## ")) inside = line.contains(heading);
            if (inside && line.startsWith("| `"))
                Pattern.compile("`([^`]+)`").matcher(line.split("\\|")[1]).results().forEach(m -> table.add(m.group(1)));
        }
        return table;
    }
}
