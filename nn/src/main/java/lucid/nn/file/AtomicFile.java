package lucid.nn.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// Writes a file so that it is complete or absent (disk law): beside its place, forced to the disk, then renamed over the old one.
public final class AtomicFile {
    private AtomicFile() {}

    /// Writes the file's bytes to a channel.
    @FunctionalInterface
    public interface Writer {
        void write(FileChannel channel) throws IOException;
    }

    /// What was at `path` stays as it was if anything fails.
    ///
    /// @throws UncheckedIOException naming the file, if it cannot be written
    public static void write(Path path, Writer writer) {
        Path target = path.toAbsolutePath();
        Path temp = target.resolveSibling("." + target.getFileName() + ".tmp" + ProcessHandle.current().pid());
        try {
            Files.createDirectories(target.getParent());
            try (FileChannel channel = FileChannel.open(temp, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                writer.write(channel);
                channel.force(true);
            }
            Files.move(temp, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(target.getParent());
        } catch (IOException | RuntimeException e) {
            deleteQuietly(temp, e);
            if (e instanceof RuntimeException r) throw r;
            throw new UncheckedIOException(path + ": cannot be written (" + e.getClass().getSimpleName() + ": " + e.getMessage()
                    + "); the old file, if there was one, is untouched", (IOException) e);
        }
    }

    /// A rename is only durable once the folder is on the disk too. Windows cannot open a folder for that and does not need it.
    private static void forceFolder(Path folder) throws IOException {
        if (System.getProperty("os.name").startsWith("Windows")) return;
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void deleteQuietly(Path temp, Exception cause) {
        try {
            Files.deleteIfExists(temp);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
