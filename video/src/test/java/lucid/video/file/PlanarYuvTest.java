package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanarYuvTest {
    private static final int H = 128;

    /// On x86-64 every byte is libswscale's. Elsewhere its own code rounds differently, by at most 3.
    @ParameterizedTest
    @CsvSource({"yuv420p, 1, 64, false, 2", "yuv420p, 1, 63, false, 2", "yuvj420p, 1, 64, true, 2", "yuva420p, 1, 64, false, 2",
            "yuv422p, 0, 64, false, 2", "yuvj422p, 0, 63, true, 2", "yuv420p, 1, 64, false, 1", "yuvj420p, 1, 64, true, 1",
            "yuv420p, 1, 64, false, 4", "yuvj420p, 1, 64, true, 4", "yuv420p, 1, 64, false, 7", "yuvj420p, 1, 64, true, 7",
            "yuv420p, 1, 64, false, 9", "yuvj420p, 1, 64, true, 9"})
    void toRgbIsWhatSwscaleMakes(String format, int chromaShift, int halfWidth, boolean fullRange, int colourSpace) {
        int width = 2 * halfWidth;
        int[] strides = {width, halfWidth, halfWidth, width};
        Random random = new Random(5);
        byte[][] planes = {new byte[H * width], new byte[(H >> chromaShift) * halfWidth], new byte[(H >> chromaShift) * halfWidth],
                new byte[H * width]};
        for (byte[] plane : planes) random.nextBytes(plane);
        byte[] rgb = new byte[3 * H * width];
        PlanarYuv.of(colourSpace, fullRange).toRgb(planes, strides, chromaShift, H, width, rgb, 0);
        byte[] theirs = swscale(format, planes, strides, width, PlanarYuv.matrix(colourSpace), fullRange ? 1 : 0);
        int allowed = System.getProperty("os.arch").equals("amd64") ? 0 : 3;
        for (int i = 0; i < rgb.length; i++)
            assertTrue(Math.abs((rgb[i] & 255) - (theirs[i] & 255)) <= allowed, "byte " + i + ": " + (rgb[i] & 255) + ", swscale "
                    + (theirs[i] & 255));
    }

    private static byte[] swscale(String format, byte[][] planes, int[] strides, int width, int[] matrix, int fullRange) {
        Ffmpeg.load();
        SwsContext c = sws_getContext(width, H, av_get_pix_fmt(format), width, H, AV_PIX_FMT_RGB24, SWS_BICUBIC, null, null, (double[]) null);
        sws_setColorspaceDetails(c, matrix, fullRange, PlanarYuv.matrix(2), 1, 0, 1 << 16, 1 << 16);
        byte[] out = new byte[3 * H * width];
        try (BytePointer y = padded(planes[0]); BytePointer u = padded(planes[1]); BytePointer v = padded(planes[2]);
                BytePointer alpha = padded(planes[3]);
                BytePointer rgb = new BytePointer(out.length + 64L); PointerPointer<BytePointer> in = new PointerPointer<>(4);
                PointerPointer<BytePointer> to = new PointerPointer<>(4);
                IntPointer inLines = new IntPointer(strides); IntPointer toLines = new IntPointer(3 * width, 0, 0, 0)) {
            in.put(0, y).put(1, u).put(2, v).put(3, alpha);
            to.put(0, rgb);
            assertEquals(H, sws_scale(c, in, inLines, 0, H, to, toLines));
            rgb.get(out);
        } finally {
            sws_freeContext(c);
        }
        return out;
    }

    private static BytePointer padded(byte[] plane) {
        BytePointer p = new BytePointer(plane.length + 64L);
        p.put(plane, 0, plane.length);
        return p;
    }

    /// Greys survive both ways within one step; saturated colours keep their hue.
    @Test void thereAndBack() {
        int[][] colours = {{0, 0, 0}, {128, 128, 128}, {255, 255, 255}, {220, 40, 40}, {40, 190, 60}, {50, 80, 230}, {230, 220, 50}};
        for (int[] colour : colours) {
            byte[] rgb = new byte[12];
            for (int i = 0; i < 12; i++) rgb[i] = (byte) colour[i % 3];
            byte[] y = new byte[4];
            byte[] u = new byte[1];
            byte[] v = new byte[1];
            PlanarYuv.fromRgb(rgb, 0, 2, 2, y, u, v);
            byte[] back = new byte[12];
            PlanarYuv.of(2, false).toRgb(new byte[][] {y, u, v}, new int[] {2, 1, 1}, 1, 2, 2, back, 0);
            for (int i = 0; i < 12; i++) assertEquals(colour[i % 3], back[i] & 255, 3, java.util.Arrays.toString(colour) + " channel " + i % 3);
        }
    }
}
