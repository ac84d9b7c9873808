package lucid.video;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/// Why something could not be read or written, in words for a message: the file system's own exceptions say it by the name of their class only. (As
/// `IoReason` of lucid.nn.file: this module stands alone.)
public final class IoReason {
    private IoReason() {}

    /// For a message that names the file.
    public static String of(IOException e) {
        return switch (e) {
            case CharacterCodingException _ -> "found bytes that are not UTF-8";
            case FileSystemException f -> of(f);
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    /// For a message that names a folder, or none: with the file at fault.
    public static String named(IOException e) {
        return e instanceof FileSystemException f && f.getFile() != null ? f.getFile() + ": " + of(f) : of(e);
    }

    private static String of(FileSystemException e) {
        Path file = e.getFile() == null ? null : fileAbove(Path.of(e.getFile()));
        if (file != null) return file + " is a file, wanted a folder";
        return switch (e) {
            case NoSuchFileException _ when e.getReason() == null -> "no such file or folder";
            case FileAlreadyExistsException _ when e.getReason() == null -> "is there already and cannot be replaced";
            case NotDirectoryException _ -> "found a file, wanted a folder";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            case AccessDeniedException _ -> "no permission";
            default -> e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
        };
    }

    // Systems say of a path through a file that there is no such file, or complain in the user's language.
    private static Path fileAbove(Path place) {
        for (Path at = place.getParent(); at != null; at = at.getParent()) {
            if (Files.exists(at)) return Files.isDirectory(at) ? null : at;
        }
        return null;
    }
}
