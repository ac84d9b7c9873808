package lucid.grpo.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import lucid.nn.disk.IoReason;
import lucid.video.Sha256;

/// `checksums.sha256` of a checkpoint, or of a run's `reference/`: its files as `sha256sum` writes them, so that a bit that the disk has lost is not
/// trained on. A fingerprint of the weights would be cheaper, but it would be made of what was loaded, and of the optimiser's moments only where they
/// are loaded.
public final class Checksums {
    /// The file's name.
    public static final String NAME = "checksums.sha256";

    private Checksums() {}

    /// Of all files that lie in a folder.
    public static void write(Path folder) throws IOException {
        Map<String, String> hashes = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) hashes.put(file.getFileName().toString(), Sha256.of(file));
        }
        Files.writeString(folder.resolve(NAME), Sha256List.text(hashes));
    }

    /// Reads a checkpoint's files and compares; one that was written before there were checksums passes.
    ///
    /// @throws RunException a file is not what was written; says what the run would lose with it
    public static void check(Path checkpoint) {
        Path list = checkpoint.resolve(NAME);
        try {
            for (Map.Entry<String, String> e : Sha256List.read(list).entrySet()) check(list, e.getKey(), e.getValue());
        } catch (IOException e) {
            throw new UncheckedIOException(checkpoint + ": could not be read: " + IoReason.named(e), e);
        }
    }

    /// The same of [RunState#FILE] alone, which is read before anything else, and of which little is read to compare it.
    static void checkState(Path checkpoint) throws IOException {
        Path list = checkpoint.resolve(NAME);
        String wanted = Sha256List.read(list).get(RunState.FILE);
        if (wanted != null) check(list, RunState.FILE, wanted);
    }

    private static void check(Path list, String name, String wanted) throws IOException {
        Path file = list.resolveSibling(name);
        String found = Files.isRegularFile(file) ? Sha256.of(file) : "no such file";
        if (found.equals(wanted)) return;
        throw new RunException(file + " is not what the run wrote: found SHA-256 " + found + ", wanted " + wanted + " (" + list
                + "). It was changed or damaged; put back what was there. " + without(list.getParent(), !name.equals(RunState.FILE)));
    }

    // An unfinished stage keeps its newest checkpoint only, so that the one before may be far away, or none.
    private static String without(Path folder, boolean stateIsSound) {
        Path above = folder.getParent();
        Path run = above.endsWith("checkpoints") ? above.getParent() : above;
        if (!RunFolder.latest(run).equals(Optional.of(folder))) return "Nothing else in " + run + " holds these weights";
        Optional<RunState> before = RunFolder.checkpoints(run).reversed().stream().skip(1).findFirst().map(RunFolder::state);
        return "Without the folder " + folder + ", --resume " + before.map(s -> "goes back to step " + s.totalSteps() + " (stage " + s.stage() + ")")
                .orElse("begins the run anew")
                + " and drops the metrics of the " + (stateIsSound ? RunFolder.state(folder).totalSteps() - before.map(RunState::totalSteps)
                        .orElse(0L) + " " : "") + "steps since";
    }
}
