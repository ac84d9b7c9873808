package lucid.video.benchmark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import javax.imageio.ImageIO;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.VideoException;
import lucid.video.benchmark.BenchmarkQuestion.Choice;
import lucid.video.file.VideoWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which frames the published scripts show.
class BenchmarkClipsTest {
    private static final int SIZE = 16;
    private static final double NONE = Double.NaN;

    @TempDir Path root;

    private Path clip(int frames, double fps) {
        Path file = root.resolve(frames + ".mp4");
        byte[] rgb = new byte[frames * SIZE * SIZE * 3];
        VideoWriter.write(file, Frames.of(frames, SIZE, SIZE, rgb, fps));
        return file;
    }

    private static BenchmarkQuestion question(Path video, Benchmark.Clip clip, double from, double to) {
        return new BenchmarkQuestion(0, "q", "Q?", List.of(new Choice("A", "a"), new Choice("B", "b")), "A", Map.of(), video, clip, from, to);
    }

    @Test void shortClipsRepeatFramesOrGiveFewer() {
        Path short5 = clip(5, 10);
        assertArrayEquals(new int[] {0, 0, 1, 1, 2, 2, 3, 4}, new BenchmarkClips(new FrameSampling.Uniform(8), false, 8)
                .frames(question(short5, Benchmark.Clip.UNIFORM, NONE, NONE)).indices());
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, new BenchmarkClips(new FrameSampling.Uniform(8), false, 8)
                .frames(question(short5, Benchmark.Clip.DISTINCT, NONE, NONE)).indices());
    }

    @Test void boundsOfVideosAreKeptOnlyWhenAsked() {
        BenchmarkQuestion q = question(clip(40, 10), Benchmark.Clip.UNIFORM, 1, 2);
        assertArrayEquals(new int[] {0, 13, 26, 39}, new BenchmarkClips(new FrameSampling.Uniform(4), false, 8).frames(q).indices());
        // 10..20: four segments of 2.5 frames, starts rounded half to even, half a segment added.
        assertArrayEquals(new int[] {11, 13, 16, 19}, new BenchmarkClips(new FrameSampling.Uniform(4), true, 8).frames(q).indices());
    }

    @Test void aPartThatTheClipDoesNotHave() {
        BenchmarkQuestion q = question(clip(40, 10), Benchmark.Clip.SEGMENTS, 10, 20);
        String message = assertThrows(VideoException.class, () -> new BenchmarkClips(new FrameSampling.Uniform(4), false, 8).frames(q)).getMessage();
        assertTrue(message.contains("40.mp4") && message.contains("10.0 to 20.0"), message);
    }

    @Test void aPictureHasNoSeconds() throws IOException {
        Path picture = root.resolve("one.png");
        ImageIO.write(new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        BenchmarkClips clips = new BenchmarkClips(new FrameSampling.Uniform(4), false, 8);
        assertArrayEquals(new int[4], clips.frames(question(picture, Benchmark.Clip.UNIFORM, NONE, NONE)).indices());
        String message = assertThrows(VideoException.class, () -> clips.frames(question(picture, Benchmark.Clip.SEGMENTS, NONE, NONE))).getMessage();
        assertTrue(message.contains(picture + ": sampling by time of a clip with 0.0 frames per second"), message);
    }

    @Test void foldersOfPicturesCountFromOne() throws IOException {
        Path folder = Files.createDirectory(root.resolve("pictures"));
        for (int i = 1; i <= 9; i++) {
            BufferedImage image = new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB);
            for (int y = 0; y < 10; y++) for (int x = 0; x < 20; x++) image.setRGB(x, y, i * 20 << 16);
            ImageIO.write(image, "jpg", folder.resolve(String.format("%05d.jpg", i)).toFile());
        }
        Frames f = new BenchmarkClips(new FrameSampling.Uniform(3), false, 8).frames(question(folder, Benchmark.Clip.PICTURES, 1, 3));
        // Pictures 3..9 at three a second: segments of two, their middles.
        assertArrayEquals(new int[] {4, 6, 8}, f.indices());
        assertEquals(6 * 20, f.frame(1)[0] & 255, 6);
        Files.delete(folder.resolve("00006.jpg"));
        assertThrows(VideoException.class, () -> new BenchmarkClips(new FrameSampling.Uniform(3), false, 8)
                .frames(question(folder, Benchmark.Clip.PICTURES, 1, 3.4)));
    }

    @Test void oneFrameASecond() throws IOException {
        BenchmarkClips clips = new BenchmarkClips(new FrameSampling.OnePerSecond(OptionalInt.of(5)), true, 8);
        Path four = clip(45, 10);
        assertArrayEquals(new int[] {0, 14, 29, 44}, clips.frames(question(four, Benchmark.Clip.UNIFORM, NONE, NONE)).indices());
        assertArrayEquals(new int[] {0, 14, 29, 44}, clips.frames(question(four, Benchmark.Clip.DISTINCT, NONE, NONE)).indices());
        assertArrayEquals(new int[] {0, 22, 44, 66, 89}, clips.frames(question(clip(90, 10), Benchmark.Clip.UNIFORM, NONE, NONE)).indices(),
                "nine seconds, at most five");
        // Seconds 1 to 3 are two segments of ten frames.
        assertArrayEquals(new int[] {15, 25}, clips.frames(question(four, Benchmark.Clip.SEGMENTS, 1, 3)).indices());
        assertArrayEquals(new int[] {15, 25}, clips.frames(question(four, Benchmark.Clip.UNIFORM, 1, 3)).indices());
    }

    @Test void whatIsNotThere() {
        assertFalse(BenchmarkClips.exists(question(root.resolve("no.mp4"), Benchmark.Clip.UNIFORM, NONE, NONE)));
        assertFalse(BenchmarkClips.exists(question(root, Benchmark.Clip.UNIFORM, NONE, NONE)));
        assertTrue(BenchmarkClips.exists(question(root, Benchmark.Clip.PICTURES, NONE, NONE)));
    }
}
