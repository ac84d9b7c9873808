package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Frames of one colour. What is wanted was printed by PyAV 18.1 (FFmpeg 8.1).
class PictureCopyTest {
    // Libswscale's own rounding differs between processors.
    private static final int ALLOWED = System.getProperty("os.arch").equals("amd64") ? 0 : 3;

    /// Red 32, green 192, blue 64 as each format stores it. Ranges: 0 not stated, 1 limited, 2 full; matrices are FFmpeg's `AVColorSpace`.
    @ParameterizedTest
    @CsvSource({"yuv420p10le, 6, 1, 1, 575 352 252, 30 190 62", "yuv444p, 6, 1, 1, 144 88 63, 33 192 65",
            "yuv422p10le, 6, 1, 1, 575 352 252, 30 190 62", "yuv422p, 5, 1, 1, 144 88 63, 30 190 62",
            "yuv420p10le, 6, 1, 2, 597 329 215, 33 191 64", "yuv420p10le, 6, 9, 1, 553 366 249, 30 190 63", "yuv444p, 6, 7, 1, 142 88 64, 32 192 64",
                    "yuv444p, 6, 2, 0, 127 95 67, 32 192 63",
            "yuv444p, 6, 2, 2, 130 91 58, 32 193 64", "yuvj444p, 6, 2, 0, 130 91 58, 32 193 64", "yuv420p, 6, 1, 1, 144 88 63, 32 191 64"})
    void coloursFollowMatrixAndRange(String format, int height, int matrix, int range, String stored, String wanted) {
        try (PictureCopy copy = new PictureCopy(Path.of("clip.mkv"), null)) {
            check(copy, format, height, matrix, range, stored, wanted);
        }
    }

    /// What has no YCbCr in it is not converted, whatever its tags say.
    @ParameterizedTest
    @CsvSource({"gray, 100, 100 100 100", "gray10le, 400, 100 100 100", "gbrp, 192 64 32, 32 192 64"})
    void greysAndRgbStayAsTheyAre(String format, String stored, String wanted) {
        for (int range = 0; range <= 2; range++) {
            try (PictureCopy copy = new PictureCopy(Path.of("clip.mkv"), null)) {
                check(copy, format, 6, 1, range, stored, wanted);
            }
        }
    }

    @Test void framesOfOneClipMayDiffer() {
        try (PictureCopy copy = new PictureCopy(Path.of("clip.mkv"), null)) {
            check(copy, "yuv444p", 6, 1, 1, "144 88 63", "33 192 65");
            check(copy, "yuv444p", 6, 2, 1, "127 95 67", "32 192 63");
            check(copy, "yuv444p", 6, 2, 2, "130 91 58", "32 193 64");
            check(copy, "yuv444p", 6, 1, 1, "144 88 63", "33 192 65");
        }
    }

    @Test void aPictureThatNoArrayHolds() {
        AVFrame frame = av_frame_alloc();
        try (PictureCopy copy = new PictureCopy(Path.of("map.png"), null)) {
            frame.width(40000).height(30000);
            assertEquals("map.png: found a picture of 30000x40000, 3600000000 bytes of RGB; wanted at most 2147483639",
                    assertThrows(VideoException.class, () -> copy.rgb(frame)).getMessage());
        } finally {
            av_frame_free(frame);
        }
    }

    private static void check(PictureCopy copy, String format, int height, int matrix, int range, String stored, String wanted) {
        byte[] rgb = rgb(copy, format, height, matrix, range, stored.split(" "));
        String[] colour = wanted.split(" ");
        assertEquals(3 * height * 8, rgb.length);
        for (int i = 0; i < rgb.length; i++) assertEquals(Integer.parseInt(colour[i % 3]), rgb[i] & 255, ALLOWED, "byte " + i);
    }

    private static byte[] rgb(PictureCopy copy, String format, int height, int matrix, int range, String[] stored) {
        Ffmpeg.load();
        AVFrame frame = av_frame_alloc();
        try {
            frame.format(av_get_pix_fmt(format)).width(8).height(height).colorspace(matrix).color_range(range);
            assertEquals(0, av_frame_get_buffer(frame, 0));
            for (int p = 0; p < stored.length; p++) {
                int value = Integer.parseInt(stored[p]);
                BytePointer plane = frame.data(p);
                for (int i = 0; i < frame.linesize(p) * rows(format, height, p); i += format.endsWith("10le") ? 2 : 1) {
                    if (format.endsWith("10le")) new ShortPointer(plane).put(i / 2, (short) value);
                    else plane.put(i, (byte) value);
                }
            }
            return copy.rgb(frame);
        } finally {
            av_frame_free(frame);
        }
    }

    private static int rows(String format, int height, int plane) { return plane > 0 && format.contains("420") ? height / 2 : height; }
}
