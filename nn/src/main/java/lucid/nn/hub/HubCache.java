package lucid.nn.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import lucid.nn.disk.AtomicFile;

/// A repository in the cache, in the layout of `huggingface_hub`:
///
/// ```
/// models--ORG--NAME/blobs/ETAG                      a file's bytes, under its hash
///                   blobs/ETAG.incomplete           what has come of it
///                   refs/REVISION                   the commit that a branch or tag meant last
///                   snapshots/COMMIT/path/in/repo   -> ../../../../blobs/ETAG
/// .locks/models--ORG--NAME/ETAG.lock
/// ```
///
/// @param links whether a snapshot's files are links to the blobs; else they are the files themselves, and a blob keeps no name
record HubCache(Path root, RepoId repo, boolean links) {
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

    private String folderName() { return "models--" + repo.name().replace("/", "--"); }

    private Path folder() { return root.resolve(folderName()); }

    Path snapshot(String commit) { return folder().resolve("snapshots").resolve(commit); }

    /// Where a file of the repository lies in a snapshot. Names come from a server: none may lead out of the folder.
    Path pointer(String commit, String file) {
        boolean plain = !file.isEmpty() && Arrays.stream(file.split("/", -1))
                .noneMatch(p -> p.isEmpty() || p.equals(".") || p.equals("..") || p.chars().anyMatch(c -> c < ' ' || c == '\\' || c == ':'));
        if (!plain) throw new HubException("hub: " + repo + ": found the file name \"" + file + "\", wanted a plain relative one");
        return snapshot(commit).resolve(file);
    }

    Path blob(String etag) {
        if (!ETAG.matcher(etag).matches() || etag.contains(".."))
            throw new HubException("hub: " + repo + ": found the etag \"" + etag + "\", wanted a hash");
        return folder().resolve("blobs").resolve(etag);
    }

    Path incomplete(String etag) { return blob(etag).resolveSibling(etag + ".incomplete"); }

    /// The same of this process alone, whatever others do: named as Python names its own.
    Path incompleteOfOne(String etag) {
        return blob(etag).resolveSibling(etag + "." + UUID.randomUUID().toString().substring(0, 8) + ".incomplete");
    }

    Path lock(String etag) { return root.resolve(".locks").resolve(folderName()).resolve(blob(etag).getFileName() + ".lock"); }

    /// The commit that the revision meant last.
    Optional<String> commit() throws IOException {
        if (repo.isCommit()) return Optional.of(repo.revision());
        Path ref = folder().resolve("refs").resolve(repo.revision());
        if (!Files.isRegularFile(ref)) return Optional.empty();
        String commit = Files.readString(ref, StandardCharsets.ISO_8859_1).strip();
        return RepoId.isCommit(commit) ? Optional.of(commit) : Optional.empty();
    }

    /// Remembers what the revision means.
    void remember(String commit) throws IOException {
        if (repo.revision().equals(commit) || commit().filter(commit::equals).isPresent()) return;
        Path ref = folder().resolve("refs").resolve(repo.revision());
        Files.createDirectories(ref.getParent());
        AtomicFile.write(ref, channel -> channel.write(ByteBuffer.wrap(commit.getBytes(StandardCharsets.UTF_8))));
    }

    /// Puts a blob that is there into a snapshot: as a relative link, or, where links cannot be made (Windows without developer mode), by moving
    /// a new blob and copying an old one, as Python does.
    void link(String etag, String commit, String file, boolean newBlob) throws IOException {
        Path pointer = pointer(commit, file);
        Path blob = blob(etag);
        if (Files.exists(pointer)) return;
        Files.createDirectories(pointer.getParent());
        // A link that leads nowhere: its blob was deleted once.
        Files.deleteIfExists(pointer);
        if (!links) {
            moveOrCopy(blob, pointer, newBlob);
            return;
        }
        try {
            Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
        } catch (FileAlreadyExistsException e) {
            if (!Files.exists(pointer)) throw e;
        } catch (UnsupportedOperationException | FileSystemException _) {
            moveOrCopy(blob, pointer, newBlob);
        }
    }

    private static void moveOrCopy(Path blob, Path pointer, boolean newBlob) throws IOException {
        if (newBlob) {
            AtomicFile.move(blob, pointer);
            return;
        }
        // Half a file under its name would pass for a whole one later.
        Path aside = pointer.resolveSibling("." + pointer.getFileName() + "." + UUID.randomUUID().toString().substring(0, 8) + ".incomplete");
        try {
            Files.copy(blob, aside);
            AtomicFile.force(aside);
            AtomicFile.move(aside, pointer);
        } finally {
            Files.deleteIfExists(aside);
        }
    }
}
