package lucid.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/// Files that are complete or absent: written aside in the same folder, forced to the disk, renamed.
public final class AtomicFile {
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
    private static final long PATIENCE = 2_000_000_000L;
    private static final long PAUSE = 20_000_000L;

    private AtomicFile() {}

    /// Writes a file of the given parts, one after the other.
    public static void write(Path path, byte[]... parts) throws IOException {
        Path absolute = path.toAbsolutePath();
        // Not createTempFile: its files, and so what they become, are their owner's alone whatever the umask says.
        Path aside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            try (FileChannel out = FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                for (byte[] part : parts) {
                    ByteBuffer bytes = ByteBuffer.wrap(part);
                    while (bytes.hasRemaining()) out.write(bytes);
                }
                out.force(true);
            }
            move(aside, absolute);
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    /// Renames a finished file or folder into place.
    public static void move(Path from, Path to) throws IOException {
        try {
            rename(from, to);
            forceFolder(to.toAbsolutePath().getParent());
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("this file system cannot rename " + from + " to " + to + " in one step; choose another folder", e);
        }
    }

    // Windows refuses while anyone has a file open that is meant, as virus scanners have for a moment.
    private static void rename(Path from, Path to) throws IOException {
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

    // A rename is only durable once its folder is on the disk. Windows cannot open a folder for that and does not need it. (As `AtomicFile` of
    // lucid.nn.file: this module stands alone.)
    private static void forceFolder(Path folder) throws IOException {
        if (WINDOWS) return;
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
