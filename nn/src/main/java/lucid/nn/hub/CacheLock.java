package lucid.nn.hub;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The lock that `huggingface_hub` holds while it writes a blob. On Unix that is `flock`, which a Java file lock (`fcntl`) neither sees nor
/// keeps away, so it is called directly; on Windows both lock the file's first byte.
final class CacheLock implements AutoCloseable {
    private static final int READ_WRITE = 2;
    private static final int EXCLUSIVE_NOW = 2 | 4;
    private static final long PATIENCE_NANOS = 5_000_000_000L;

    private interface Held {
        void release() throws IOException;
    }

    private final Held held;

    private CacheLock(Held held) { this.held = held; }

    /// Waits until the lock is ours.
    static CacheLock acquire(Path file, HubListener listener) throws IOException {
        Files.createDirectories(file.getParent());
        long begun = System.nanoTime();
        boolean said = false;
        while (true) {
            Held held = Unix.AVAILABLE ? Unix.tryLock(file) : tryPortable(file);
            if (held != null) return new CacheLock(held);
            if (!said && System.nanoTime() - begun > PATIENCE_NANOS) {
                listener.line("waiting for another process that downloads the same file (" + file + ")");
                said = true;
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for " + file, e);
            }
        }
    }

    private static Held tryPortable(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock(0, 1, false);
            if (lock != null) return channel::close;
        } catch (OverlappingFileLockException _) {
            // Another thread of this process holds it: the same as another process.
        }
        channel.close();
        return null;
    }

    @Override public void close() throws IOException { held.release(); }

    /// `open`, `flock` and `close` of the C library.
    private static final class Unix {
        static final boolean AVAILABLE = !System.getProperty("os.name").startsWith("Windows");
        private static final MethodHandle OPEN = AVAILABLE ? find("open",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)) : null;
        private static final MethodHandle FLOCK = AVAILABLE ? find("flock",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)) : null;
        private static final MethodHandle CLOSE = AVAILABLE ? find("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)) : null;

        private static MethodHandle find(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            Linker.Option[] options = name.equals("open") ? new Linker.Option[] {Linker.Option.firstVariadicArg(2)} : new Linker.Option[0];
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
        }

        static Held tryLock(Path file) throws IOException {
            // The flags that would create it in open() differ between systems.
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
            Object before = identity(file);
            int fd = open(file);
            if (fd < 0) throw new IOException(file + ": cannot be opened for locking");
            // Whoever held it may have deleted the file, and a third process made a new one: then ours locks nothing.
            if (call(FLOCK, fd, EXCLUSIVE_NOW) == 0 && before != null && before.equals(identity(file))) return () -> call(CLOSE, fd);
            call(CLOSE, fd);
            return null;
        }

        private static Object identity(Path file) throws IOException {
            try {
                return Files.getAttribute(file, "unix:ino");
            } catch (NoSuchFileException _) {
                return null;
            }
        }

        private static int open(Path file) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment path = arena.allocateFrom(file.toString());
                return (int) OPEN.invokeExact(path, READ_WRITE);
            } catch (Throwable e) {
                throw new IllegalStateException("open of the C library", e);
            }
        }

        private static int call(MethodHandle function, int fd, int operation) {
            try {
                return (int) function.invokeExact(fd, operation);
            } catch (Throwable e) {
                throw new IllegalStateException("flock of the C library", e);
            }
        }

        private static int call(MethodHandle function, int fd) {
            try {
                return (int) function.invokeExact(fd);
            } catch (Throwable e) {
                throw new IllegalStateException("close of the C library", e);
            }
        }
    }
}
