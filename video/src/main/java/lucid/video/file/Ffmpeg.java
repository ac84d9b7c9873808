package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.javacpp.Loader;

/// What reader and writer share of FFmpeg: its libraries, quiet logs, error numbers as text.
final class Ffmpeg {
    private static final List<Class<?>> LIBRARIES = List.of(avutil.class, avcodec.class, avformat.class, swscale.class);
    /// Machines for which there is a profile in this module's pom.
    private static final List<String> BUILT = List.of("linux-x86_64", "linux-arm64", "macosx-arm64", "macosx-x86_64", "windows-x86_64");
    /// What the system's loader says of a library that another one needs.
    private static final Pattern ABSENT = Pattern.compile("(?:^|[ :])([^ :]+\\.so[^ :]*): cannot open shared object file");
    /// Null where FFmpeg can be used.
    private static final FfmpegUnavailableException FAULT = open();

    private Ffmpeg() {}

    /// Loads the natives once.
    ///
    /// @throws FfmpegUnavailableException there are none for this machine, or they need what it lacks
    static void load() {
        if (FAULT != null) throw FAULT;
    }

    private static FfmpegUnavailableException open() {
        try {
            LIBRARIES.forEach(Loader::load);
            // FFmpeg's own log lines go to the terminal past Java; every failure is reported by an exception instead.
            av_log_set_level(AV_LOG_QUIET);
            return null;
        } catch (LinkageError e) {
            return fault(e, Loader.getPlatform());
        }
    }

    /// What is missing, and what to do. The first reason is what the system's loader said; what is wrapped around it names every folder that was
    /// searched.
    static FfmpegUnavailableException fault(Throwable thrown, String platform) {
        Throwable first = thrown;
        while (first.getCause() != null) first = first.getCause();
        Matcher absent = ABSENT.matcher(first.toString());
        if (absent.find())
            return new FfmpegUnavailableException("this system has no " + absent.group(1),
                    "wanted the package that has it (Debian and Ubuntu: apt install libva-drm2)", thrown);
        return new FfmpegUnavailableException(first.getMessage(), BUILT.contains(platform) ? "wanted a system on which bytedeco's FFmpeg for "
                + platform + " runs (Linux with glibc, not musl)"
                : "this machine is a " + platform + ", wanted one of " + String.join(", ", BUILT), thrown);
    }

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
