package lucid.video.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// What is said where FFmpeg cannot be loaded.
class FfmpegTest {
    /// Tries to read a clip, and prints why that fails.
    static final class Reading {
        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                try {
                    VideoReader.check(Path.of("clip.mp4"));
                } catch (FfmpegUnavailableException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }

    /// linux-arm64 of a system without libva: what was thrown there.
    @Test void aLibraryOfTheSystem() {
        Throwable inner = new UnsatisfiedLinkError("/home/me/.javacpp/cache/ffmpeg.jar/org/bytedeco/ffmpeg/linux-arm64/libjniavutil.so: "
                + "libva-drm.so.2: cannot open shared object file: No such file or directory");
        Throwable outer = new UnsatisfiedLinkError("no jniavutil in java.library.path: /usr/lib").initCause(inner);
        assertEquals("FFmpeg cannot be loaded: this system has no libva-drm.so.2; wanted the package that has it (Debian and Ubuntu: apt install "
                + "libva-drm2)", Ffmpeg.fault(outer, "linux-arm64").getMessage());
    }

    /// What was read of a machine that it was built for is not blamed on the machine's kind.
    @Test void anOldSystem() {
        String said = Ffmpeg.fault(new UnsatisfiedLinkError("libavutil.so.60: version `GLIBC_2.38' not found"), "linux-x86_64").getMessage();
        assertEquals("FFmpeg cannot be loaded: libavutil.so.60: version `GLIBC_2.38' not found; wanted a system on which bytedeco's FFmpeg for "
                + "linux-x86_64 runs (Linux with glibc, not musl)", said);
    }

    /// In a process of its own, since libraries are loaded once; the second time as the first.
    @Test void aMachineThatItWasNotBuiltFor() throws IOException {
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.platform=linux-ppc64le",
                "-cp", System.getProperty("java.class.path"), Reading.class.getName()).redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(2, said.lines().count(), said);
        assertTrue(said.lines().allMatch(line -> line.startsWith("FFmpeg cannot be loaded: ")
                && line.contains("this machine is a linux-ppc64le, wanted one of linux-x86_64, linux-arm64")), said);
    }
}
