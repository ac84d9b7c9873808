package lucid.nn.disk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Writes a file so that it is complete or absent (disk law): beside its place, forced to the disk, then renamed over the old one.
public final class AtomicFile {
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
    private static final long PATIENCE = 2_000_000_000L;
    private static final long PAUSE = 20_000_000L;

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
            try (FileChannel channel = FileChannel.open(temp, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                writer.write(channel);
                channel.force(true);
            }
            move(temp, target);
            force(target.getParent());
        } catch (RuntimeException e) {
            deleteQuietly(temp, e);
            throw e;
        } catch (IOException e) {
            deleteQuietly(temp, e);
            throw new UncheckedIOException(path + ": cannot be written (" + IoReason.of(e)
                    + "); the old file, if there was one, is untouched", e);
        }
    }

    /// Renames a finished file (over an old one) or folder, in one step. Windows refuses while anyone has the old file open, or one in the folder, as
    /// virus scanners and browsers have for a moment: there it is tried again for a while.
    public static void move(Path from, Path to) throws IOException {
        for (long end = System.nanoTime() + PATIENCE; ; LockSupport.parkNanos(PAUSE)) {
            try {
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
                return;
            } catch (FileSystemException e) {
                boolean inUse = WINDOWS && (e instanceof AccessDeniedException || e.getClass() == FileSystemException.class);
                if (!inUse || System.nanoTime() > end) throw e;
            }
        }
    }

    /// Forces a file, or a folder's list of names, to the disk: a rename is only durable once its folder is there too. Windows wants the file opened
    /// for writing, which a read-only one cannot be, and cannot open a folder for that and does not need it.
    public static void force(Path place) throws IOException {
        if (WINDOWS && (Files.isDirectory(place) || !Files.isWritable(place))) return;
        try (FileChannel channel = FileChannel.open(place, WINDOWS ? StandardOpenOption.WRITE : StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Forces a folder to the disk with all that is in it.
    public static void forceAll(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path place : all.filter(p -> !Files.isSymbolicLink(p)).toList()) force(place);
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
