package lucid.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Test;

class Yuv420Test {
    private static final int H = 128;
    private static final int W = 256;

    /// On x86-64 every byte is libswscale's. Elsewhere its own code rounds differently, by at most 2.
    @Test void toRgbIsWhatSwscaleMakes() {
        Random random = new Random(5);
        byte[][] planes = {new byte[H * W], new byte[H * W / 4], new byte[H * W / 4]};
        for (byte[] plane : planes) random.nextBytes(plane);
        byte[] rgb = new byte[3 * H * W];
        Yuv420.of(2, false).toRgb(planes, new int[] {W, W / 2, W / 2}, H, W, rgb, 0);
        byte[] theirs = swscale(planes);
        int allowed = System.getProperty("os.arch").equals("amd64") ? 0 : 2;
        for (int i = 0; i < rgb.length; i++) assertTrue(Math.abs((rgb[i] & 255) - (theirs[i] & 255)) <= allowed, "byte " + i + ": " + (rgb[i] & 255) + ", swscale " + (theirs[i] & 255));
    }

    private static byte[] swscale(byte[][] planes) {
        Ffmpeg.load();
        SwsContext c = sws_getContext(W, H, AV_PIX_FMT_YUV420P, W, H, AV_PIX_FMT_RGB24, SWS_BICUBIC, null, null, (double[]) null);
        byte[] out = new byte[3 * H * W];
        try (BytePointer y = padded(planes[0]); BytePointer u = padded(planes[1]); BytePointer v = padded(planes[2]); BytePointer rgb = new BytePointer(out.length + 64L);
                PointerPointer<BytePointer> in = new PointerPointer<>(4); PointerPointer<BytePointer> to = new PointerPointer<>(4);
                IntPointer inLines = new IntPointer(W, W / 2, W / 2, 0); IntPointer toLines = new IntPointer(3 * W, 0, 0, 0)) {
            in.put(0, y).put(1, u).put(2, v);
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
            Yuv420.fromRgb(rgb, 0, 2, 2, y, u, v);
            byte[] back = new byte[12];
            Yuv420.of(2, false).toRgb(new byte[][] {y, u, v}, new int[] {2, 1, 1}, 2, 2, back, 0);
            for (int i = 0; i < 12; i++) assertEquals(colour[i % 3], back[i] & 255, 3, java.util.Arrays.toString(colour) + " channel " + i % 3);
        }
    }
}
