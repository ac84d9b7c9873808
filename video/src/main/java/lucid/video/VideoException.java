package lucid.video;

import java.nio.file.Path;

/// A video file, picture or data file that cannot be used as asked. The message names the file, what was found and what was wanted.
public final class VideoException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Path path;

    /// @param path the file at fault
    /// @param what what was found there, and what was wanted
    public VideoException(Path path, String what) { this(path, what, null); }

    public VideoException(Path path, String what, Throwable cause) {
        super((path.toString().isEmpty() ? "''" : path) + ": " + what, cause);
        this.path = path;
    }

    /// The file at fault.
    public Path path() { return path; }
}
