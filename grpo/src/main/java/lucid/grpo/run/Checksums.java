package lucid.grpo.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// `checksums.sha256` of a checkpoint: its files as `sha256sum` writes them, so that a bit that the disk has lost is not trained on. A fingerprint of the weights would be cheaper, but it would
/// be made of what was loaded, and of the optimiser's moments only where they are loaded.
public final class Checksums {
    /// The file's name.
    public static final String NAME = "checksums.sha256";
    private static final String BETWEEN = "  ";

    private Checksums() {}

    static void write(Path folder) throws IOException {
        StringBuilder lines = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) lines.append(of(file)).append(BETWEEN).append(file.getFileName()).append('\n');
        }
        Files.writeString(folder.resolve(NAME), lines);
    }

    /// Reads a checkpoint's files and compares; one that was written before there were checksums passes.
    ///
    /// @throws RunException a file is not what was written
    public static void check(Path checkpoint) {
        Path list = checkpoint.resolve(NAME);
        if (!Files.isRegularFile(list)) return;
        try {
            for (String line : Files.readAllLines(list)) {
                List<String> parts = List.of(line.split(BETWEEN, 2));
                Path file = checkpoint.resolve(parts.getLast());
                String found = Files.isRegularFile(file) ? of(file) : "no such file";
                if (!found.equals(parts.getFirst())) {
                    throw new RunException(file + " is not what the run wrote: found SHA-256 " + found + ", wanted " + parts.getFirst() + " (" + list
                            + "). It was changed or damaged; put back what was there, or delete the folder " + checkpoint + " to go on from the checkpoint before it");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(checkpoint + ": could not be read: " + e.getMessage(), e);
        }
    }

    private static String of(Path file) throws IOException {
        MessageDigest digest = HashChain.sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
