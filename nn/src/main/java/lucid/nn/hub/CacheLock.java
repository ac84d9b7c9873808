package lucid.nn.hub;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// The lock that `huggingface_hub` holds while it writes a blob. On Unix that is `flock`, which a Java file lock (`fcntl`) neither sees nor
/// keeps away, so it is called directly; on Windows both lock the file's first byte. File systems of clusters may have no `flock`: who waited for it
/// there would wait forever, so the work goes on without a lock, which [#alone] tells.
final class CacheLock implements AutoCloseable {
    private static final int READ_WRITE = 2;
    private static final int EXCLUSIVE_NOW = 2 | 4;
    private static final long PATIENCE_NANOS = 5_000_000_000L;
    // Somebody else has it: EINTR and EACCES everywhere, EWOULDBLOCK on Linux, on macOS.
    private static final Set<Integer> TAKEN = Set.of(4, 13, 11, 35);

    private interface Held {
        void release() throws IOException;
    }

    /// Tries to take the lock of an open file.
    @FunctionalInterface
    interface Flock {
        /// @return 0: it is ours; else the C library's errno
        int tryLock(int fd);
    }

    /// @param alone false: there are no locks here
    private record Attempt(Held held, boolean alone) {}

    private final Held held;
    private final boolean alone;

    private CacheLock(Attempt attempt) {
        held = attempt.held;
        alone = attempt.alone;
    }

    /// Waits until the lock is ours.
    static CacheLock acquire(Path file, HubListener listener) throws IOException { return acquire(file, listener, Unix::flock); }

    static CacheLock acquire(Path file, HubListener listener, Flock flock) throws IOException {
        Files.createDirectories(file.getParent());
        long begun = System.nanoTime();
        boolean said = false;
        while (true) {
            Attempt attempt = Unix.AVAILABLE ? Unix.tryLock(file, flock) : tryPortable(file);
            if (attempt != null) return new CacheLock(attempt);
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

    /// Whether nobody else can be writing the blob: false where the file system has no locks.
    boolean alone() { return alone; }

    private static Attempt tryPortable(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock(0, 1, false);
            if (lock != null) return new Attempt(channel::close, true);
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

        private static final VarHandle ERRNO = Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

        private static MethodHandle find(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            Linker.Option[] options = switch (name) {
                case "open" -> new Linker.Option[] {Linker.Option.firstVariadicArg(2)};
                case "flock" -> new Linker.Option[] {Linker.Option.captureCallState("errno")};
                default -> new Linker.Option[0];
            };
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
        }

        /// @return null: somebody else has it
        static Attempt tryLock(Path file, Flock flock) throws IOException {
            // The flags that would create it in open() differ between systems.
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
            Object before = identity(file);
            int fd = open(file);
            if (fd < 0) throw new IOException(file + ": cannot be opened for locking");
            int errno = flock.tryLock(fd);
            // Whoever held it may have deleted the file, and a third process made a new one: then ours locks nothing.
            if (errno == 0 && before != null && before.equals(identity(file))) return new Attempt(() -> call(CLOSE, fd), true);
            call(CLOSE, fd);
            if (errno == 0 || TAKEN.contains(errno)) return null;
            return new Attempt(() -> {}, false);
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

        static int flock(int fd) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
                return (int) FLOCK.invokeExact(state, fd, EXCLUSIVE_NOW) == 0 ? 0 : (int) ERRNO.get(state, 0L);
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
