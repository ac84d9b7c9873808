package lucid.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What reader and writer share of FFmpeg: quiet logs, error numbers as text.
final class Ffmpeg {
    static {
        // FFmpeg's own log lines go to the terminal past Java; every failure is reported by an exception instead.
        av_log_set_level(AV_LOG_QUIET);
    }

    private Ffmpeg() {}

    /// Loads the natives once.
    static void load() {}

    /// The result of a call, or an exception when it is negative.
    static int check(Path path, int result, String what) {
        if (result < 0) throw new VideoException(path, what + ": " + text(result));
        return result;
    }

    static String text(int error) {
        byte[] message = new byte[256];
        av_strerror(error, message, message.length);
        int n = 0;
        while (n < message.length && message[n] != 0) n++;
        return new String(message, 0, n, StandardCharsets.UTF_8);
    }

    /// FFmpeg's name of a local file: the protocol is stated, so that a name with a colon is not taken for an address.
    static String url(Path path) { return "file:" + path.toAbsolutePath(); }
}
