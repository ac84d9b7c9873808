package lucid.nn.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.IoReason;

/// A folder that is there when it is complete, and not before (disk law): made beside its place, forced to the disk, then renamed.
final class NewFolder {
    private NewFolder() {}

    /// Fills the folder.
    @FunctionalInterface
    interface Filling<T> {
        T fill(Path folder) throws IOException;
    }

    /// @param operation for messages
    /// @param bytes     that its disk must have free
    /// @throws IllegalArgumentException if the folder is there already, or too large
    static <T> T make(String operation, Path to, long bytes, Filling<T> filling) {
        if (Files.exists(to)) throw new IllegalArgumentException(operation + ": " + to + " is there already, wanted a folder to be made");
        Path target = to.toAbsolutePath().normalize();
        Path aside = target.resolveSibling("." + target.getFileName() + ".tmp" + ProcessHandle.current().pid());
        boolean complete = false;
        try {
            sweep(operation, target, aside);
            Files.createDirectories(aside);
            long room = Files.getFileStore(aside).getUsableSpace();
            if (room < bytes)
                throw new IllegalArgumentException(operation + ": " + to + " needs " + bytes + " bytes, found " + room + " free on its disk");
            T result = filling.fill(aside);
            AtomicFile.forceAll(aside);
            AtomicFile.move(aside, target);
            AtomicFile.force(target.getParent());
            complete = true;
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(operation + ": " + to + " cannot be written (" + IoReason.named(e)
                    + "); wanted a new folder in a folder that can be written", e);
        } finally {
            if (!complete) delete(operation, aside);
        }
    }

    // What killed attempts have left: gigabytes that nobody sees, and in a container, where every process has the same number, files that would come
    // into the new folder.
    private static void sweep(String operation, Path target, Path own) throws IOException {
        if (!Files.isDirectory(target.getParent())) return;
        String begin = "." + target.getFileName() + ".tmp";
        List<Path> left;
        try (Stream<Path> all = Files.list(target.getParent())) {
            left = all.filter(p -> p.equals(own) || isOfTheDead(p.getFileName().toString(), begin)).toList();
        }
        for (Path folder : left) delete(operation, folder);
    }

    private static boolean isOfTheDead(String name, String begin) {
        String number = name.startsWith(begin) ? name.substring(begin.length()) : "";
        return number.matches("[0-9]{1,18}") && ProcessHandle.of(Long.parseLong(number)).isEmpty();
    }

    private static void delete(String operation, Path folder) {
        if (!Files.exists(folder)) return;
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override public FileVisitResult postVisitDirectory(Path dir, IOException e) throws IOException {
                    Files.delete(dir);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(operation + ": the unfinished folder " + folder + " cannot be deleted; delete it by hand", e);
        }
    }
}
