package lucid.video.file;

/// FFmpeg cannot be loaded on this machine; the message says what was missing and what to do. No file is at fault.
public final class FfmpegUnavailableException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    FfmpegUnavailableException(String what, String todo, Throwable cause) { super("FFmpeg cannot be loaded: " + what + "; " + todo, cause); }
}
