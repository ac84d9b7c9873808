package lucid.grpo.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.IoReason;

/// Writing so that what is on disk is complete or absent: write aside, fsync, rename.
public final class Disk {
    /// Writes a file at the path it is given.
    @FunctionalInterface
    public interface Writer {
        void write(Path target) throws IOException;
    }

    private static final String PARTIAL = ".partial";
    private static final Pattern LEFT = Pattern.compile("\\..+\\.\\d+-\\d+\\" + PARTIAL);

    private Disk() {}

    /// A whole text file, at once.
    public static void text(Path file, String content) { file(file, temp -> Files.writeString(temp, content, StandardCharsets.UTF_8)); }

    /// A whole file, at once.
    public static void file(Path file, Writer writer) {
        // Not one name for all writers: a report may be asked for while the run writes its own.
        Path temp = aside(file, "." + ProcessHandle.current().pid() + "-" + Thread.currentThread().threadId());
        try {
            folders(file.toAbsolutePath().getParent());
            writer.write(temp);
            AtomicFile.force(temp);
            AtomicFile.move(temp, file);
            AtomicFile.force(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw failed(file, e);
        } finally {
            quietlyDelete(temp);
        }
    }

    /// A whole folder, at once; it must not exist yet.
    public static void folder(Path folder, Writer writer) {
        Path temp = aside(folder, "");
        boolean done = false;
        try {
            deleteTree(temp);
            folders(folder.toAbsolutePath().getParent());
            Files.createDirectory(temp);
            writer.write(temp);
            AtomicFile.forceAll(temp);
            AtomicFile.move(temp, folder);
            done = true;
            AtomicFile.force(folder.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw failed(folder, e);
        } finally {
            // Half a checkpoint would only keep a full disk full.
            if (!done) quietlyDelete(temp);
        }
    }

    private static Path aside(Path target, String writer) { return target.resolveSibling("." + target.getFileName() + writer + PARTIAL); }

    /// The name of the folder that a name stands aside for while [#folder] writes it; empty: for none.
    static Optional<String> beingWritten(String aside) {
        boolean one = aside.startsWith(".") && aside.endsWith(PARTIAL) && aside.length() > PARTIAL.length();
        return one ? Optional.of(aside.substring(1, aside.length() - PARTIAL.length())) : Optional.empty();
    }

    /// Makes a folder, and those above it, whose names are on the disk when this returns: what is forced to the disk in a folder without a name is
    /// lost.
    public static void folders(Path folder) throws IOException {
        Path whole = folder.toAbsolutePath();
        Path above = whole.getParent();
        if (Files.isDirectory(whole)) return;
        if (above != null) folders(above);
        Files.createDirectories(whole);
        if (above != null) AtomicFile.force(above);
    }

    /// Deletes the files that a process which was killed was writing in a folder, if the folder exists. One that a living process is writing there
    /// makes that process say so.
    public static void sweep(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) return;
        for (Path left : list(folder, p -> LEFT.matcher(p.getFileName().toString()).matches())) Files.deleteIfExists(left);
    }

    static List<Path> list(Path folder, Predicate<Path> which) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(which).toList();
        }
    }

    private static UncheckedIOException failed(Path target, IOException e) {
        return new UncheckedIOException("could not write " + target + ": " + IoReason.named(e) + "; nothing that was there has changed", e);
    }

    private static void quietlyDelete(Path temp) {
        try {
            deleteTree(temp);
        } catch (IOException e) {
            // It is swept away or written over later; what failed before is the error that the user must see.
            System.getLogger(Disk.class.getName()).log(System.Logger.Level.DEBUG, "left behind: " + temp, e);
        }
    }

    /// Deletes a folder and all in it, if it exists.
    public static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path f : all) Files.delete(f);
    }
}
