package lucid.grpo.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import lucid.video.Sha256;

/// `checksums.sha256` of a checkpoint: its files as `sha256sum` writes them, so that a bit that the disk has lost is not trained on. A fingerprint of the weights would be cheaper, but it would
/// be made of what was loaded, and of the optimiser's moments only where they are loaded.
public final class Checksums {
    /// The file's name.
    public static final String NAME = "checksums.sha256";

    private Checksums() {}

    static void write(Path folder) throws IOException {
        Map<String, String> hashes = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) hashes.put(file.getFileName().toString(), Sha256.of(file));
        }
        Files.writeString(folder.resolve(NAME), Sha256List.text(hashes));
    }

    /// Reads a checkpoint's files and compares; one that was written before there were checksums passes.
    ///
    /// @throws RunException a file is not what was written
    public static void check(Path checkpoint) {
        Path list = checkpoint.resolve(NAME);
        try {
            for (Map.Entry<String, String> e : Sha256List.read(list).entrySet()) {
                Path file = checkpoint.resolve(e.getKey());
                String found = Files.isRegularFile(file) ? Sha256.of(file) : "no such file";
                if (!found.equals(e.getValue())) {
                    throw new RunException(file + " is not what the run wrote: found SHA-256 " + found + ", wanted " + e.getValue() + " (" + list
                            + "). It was changed or damaged; put back what was there, or delete the folder " + checkpoint + " to go on from the checkpoint before it");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(checkpoint + ": could not be read: " + e.getMessage(), e);
        }
    }
}
