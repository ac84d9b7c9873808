package lucid.video.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.bytedeco.ffmpeg.global.avutil.av_force_cpu_flags;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import lucid.video.AtomicFile;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.Progress;
import lucid.video.VideoException;
import lucid.video.data.ClipCache;
import lucid.video.drift.Scene;
import lucid.video.pixels.SiglipPixels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoFilesTest {
    @TempDir Path dir;

    static Frames scene(int index) { return Frames.of(Scene.FRAMES, Scene.SIZE, Scene.SIZE, Scene.of(1, index).paint(1, index), Scene.FPS); }

    /// A clip of flat grey frames, frame i of brightness 20 + 5i: the number of a decoded frame can be read off it.
    static Frames greys(int n) {
        byte[] rgb = new byte[n * 32 * 48 * 3];
        for (int i = 0; i < n; i++) Arrays.fill(rgb, i * 32 * 48 * 3, (i + 1) * 32 * 48 * 3, (byte) (20 + 5 * i));
        return Frames.of(n, 32, 48, rgb, 12.5);
    }

    @Test void whatIsWrittenIsRead() {
        Frames in = scene(3);
        Path file = dir.resolve("a clip: 100%d.mp4");
        VideoWriter.write(file, in);
        Frames out = VideoReader.readAll(file);
        assertEquals(in.n() + "x" + in.height() + "x" + in.width() + "@8.0", out.n() + "x" + out.height() + "x" + out.width() + "@" + out.fps());
        double error = 0;
        for (int i = 0; i < in.rgb().length; i++) error += Math.abs((in.rgb()[i] & 255) - (out.rgb()[i] & 255));
        assertTrue(error / in.rgb().length < 6, "mean error " + error / in.rgb().length);
    }

    @Test void sameFramesSameBytes() {
        byte[] once = VideoWriter.encode(dir, scene(5));
        assertArrayEquals(once, VideoWriter.encode(dir, scene(5)));
    }

    /// The first clip of `./lucid data drift --seed 1`, whose frames golden/clips/frames.json holds to the original training code's decoder.
    @Test void theClipOfTheGoldenTable() throws IOException {
        Path clip = Path.of("src/test/resources/media/drift.mp4");
        assertArrayEquals(Files.readAllBytes(clip), VideoWriter.encode(clip, scene(0)));
    }

    /// The same bytes in the file and out of it with every vector unit switched off: what another processor would give.
    @Test void theProcessorDoesNotMatter() {
        Path file = dir.resolve("a.mp4");
        VideoWriter.write(file, scene(4));
        byte[] bytes = VideoWriter.encode(file, scene(4));
        Frames decoded = VideoReader.readAll(file);
        av_force_cpu_flags(0);
        try {
            assertArrayEquals(bytes, VideoWriter.encode(file, scene(4)));
            assertArrayEquals(decoded.rgb(), VideoReader.readAll(file).rgb());
        } finally {
            av_force_cpu_flags(-1);
        }
    }

    /// 40 frames with a key frame every 12: every order of wanted frames gives what a whole decoding gives. Containers differ in where a seek lands;
    /// in MPEG-TS with B-frames it is behind the key frame that was asked for.
    @ParameterizedTest
    @CsvSource({"mp4, 0", "mp4, 2", "mpegts, 0", "mpegts, 2", "matroska, 2", "nut, 2", "vob, 2"})
    void anyFrameInAnyOrder(String container, int bFrames) throws IOException {
        Path file = write(dir.resolve("greys." + container), VideoWriter.encode(dir, greys(40), container, bFrames));
        Frames all = VideoReader.readAll(file);
        for (int i = 0; i < 40; i++) assertEquals(20 + 5 * i, all.frame(i)[300] & 255, 2, "frame " + i);
        try (VideoReader r = new VideoReader(file)) {
            assertEquals(40, r.frames());
            for (int[] wanted : new int[][] {{39}, {0}, {13, 13, 2}, {24, 11, 12, 36}, {38, 39, 0, 1}}) {
                assertArrayEquals(all.select(wanted).rgb(), r.read(wanted).rgb(), Arrays.toString(wanted));
                assertArrayEquals(wanted, r.read(wanted).indices());
            }
            for (int i = 39; i >= 0; i--) assertArrayEquals(all.frame(i), r.read(i).rgb(), "frame " + i + " alone");
            assertThrows(IndexOutOfBoundsException.class, () -> r.read(40));
        }
    }

    /// One at a time, in order of presentation, each once however often it is asked for.
    @Test void framesAreMadeSmallAsTheyAreDecoded() throws IOException {
        SiglipPixels small = new SiglipPixels(8);
        try (VideoReader r = new VideoReader(write(dir.resolve("greys.mp4"), VideoWriter.encode(dir, greys(40))))) {
            for (int[] wanted : new int[][] {{39}, {13, 13, 2}, {24, 11, 12, 36, 11}, {0, 0, 0}}) {
                List<Integer> seen = new ArrayList<>();
                Frames kept = r.read(full -> {
                    assertEquals("1 frames of 32x48 at 12.5 fps", full.toString());
                    seen.add(full.indices()[0]);
                    return small.resize(full);
                }, wanted);
                assertEquals(small.resize(r.read(wanted)), kept);
                assertEquals(Arrays.stream(wanted).sorted().distinct().boxed().toList(), seen);
            }
            String said = assertThrows(IllegalArgumentException.class,
                    () -> r.read(full -> new SiglipPixels(8 + full.indices()[0]).resize(full), 0, 1)).getMessage();
            assertTrue(said.endsWith("frame 1 became 1 frames of 9x9 at 12.5 fps, wanted 1 of 8x8"), said);
        }
    }

    /// 64 frames of 48 MB each.
    @Test void oneFrameIsHeldAtFullSize() throws IOException {
        Path file = dir.resolve("large.png");
        ImageIO.write(new BufferedImage(4000, 4000, BufferedImage.TYPE_BYTE_BINARY), "png", file.toFile());
        FrameSampling often = new FrameSampling.Uniform(64);
        assertEquals("64 frames of 8x8 at 0.0 fps", VideoReader.read(file, often, new SiglipPixels(8)::resize).toString());
        Frames cached = new ClipCache(dir.resolve("cache"), notice -> { throw new AssertionError(notice); })
                .loadAll(List.of(file), often, 8, 1, Progress.NONE).getFirst();
        assertEquals(64, cached.n());
        String said = assertThrows(VideoException.class, () -> VideoReader.read(file, often)).getMessage();
        assertEquals(file + ": 64 frames of 4000x4000 are 3072000000 bytes of RGB, wanted at most 2147483639; ask for fewer frames", said);
    }

    /// FFmpeg says the same of these as of damaged ones.
    @Test void aPictureThatIsTooLargeIsNotOnlyCalledDamaged() throws IOException {
        Path file = dir.resolve("large.png");
        ImageIO.write(new BufferedImage(20000, 20000, BufferedImage.TYPE_BYTE_BINARY), "png", file.toFile());
        String said = assertThrows(VideoException.class, () -> VideoReader.readAll(file)).getMessage();
        assertEquals(file + ": damaged at byte 0, or larger than the 268 million pixels that FFmpeg decodes: Invalid data found when processing input", said);
    }

    /// FFmpeg 8 knows no average of MPEG-4 in MPEG-TS.
    @ParameterizedTest
    @CsvSource({"mp4", "mpegts", "matroska", "nut"})
    void aRateNeedNotBeWhole(String container) throws IOException {
        Path file = write(dir.resolve("greys." + container), VideoWriter.encode(dir, greys(9), container, 0));
        assertEquals(12.5, VideoReader.readAll(file).fps());
    }

    @Test void picturesAreClipsOfOneFrame() throws IOException {
        BufferedImage image = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
        image.setRGB(4, 2, 0x123456);
        Path file = dir.resolve("picture-%03d.png");
        ImageIO.write(image, "png", file.toFile());
        Frames f = VideoReader.readAll(file);
        assertEquals("1 frames of 3x5 at 0.0 fps", f.toString());
        assertArrayEquals(new byte[] {0x12, 0x34, 0x56}, Arrays.copyOfRange(f.rgb(), 42, 45));
    }

    /// A data set is there for others too: whoever may read a file that was made beside it may read its files.
    @Test @DisabledOnOs(OS.WINDOWS)
    void filesHaveThePermissionsThatTheUserGivesNewOnes() throws IOException {
        Path file = dir.resolve("questions.jsonl");
        AtomicFile.write(file, new byte[] {1}, new byte[] {2});
        AtomicFile.write(file, new byte[] {3});
        assertArrayEquals(new byte[] {3}, Files.readAllBytes(file));
        assertEquals(Files.getPosixFilePermissions(write(dir.resolve("beside"), new byte[1])), Files.getPosixFilePermissions(file));
        assertEquals(List.of("beside", "questions.jsonl"), Arrays.stream(dir.toFile().list()).sorted().toList());
    }

    @Test void aQuarterTurnInTheMetadataIsHonoured() throws IOException {
        Path file = dir.resolve("turned.mp4");
        byte[] mp4 = VideoWriter.encode(file, scene(2));
        Frames upright = VideoReader.readAll(write(file, mp4));
        // The 3x3 matrix of the track header (tkhd): identity to a clockwise quarter turn.
        int at = find(mp4, "tkhd") + 4 + 40;
        int[] turn = {0, 1 << 16, 0, -(1 << 16), 0, 0};
        for (int i = 0; i < 6; i++) for (int b = 0; b < 4; b++) mp4[at + 4 * i + b] = (byte) (turn[i] >> 24 - 8 * b);
        Frames turned = VideoReader.readAll(write(file, mp4));
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 64; x++) assertEquals(upright.rgb()[3 * (y * 64 + x)], turned.rgb()[3 * (x * 64 + 63 - y)], x + " " + y);
        }
    }

    /// A picture that is shown twice as wide as it is stored, upright and turned, and a matrix that leaves nothing of it: frames are read as stored.
    @ParameterizedTest
    @CsvSource({"131072, 0, 0, 65536, 32, 48", "65536, 0, 0, 49152, 32, 48", "0, 65536, -131072, 0, 48, 32", "0, 0, 0, 0, 32, 48",
            "65536, 0, 0, 0, 32, 48"})
    void theSizeThatAPictureIsShownAtDoesNotTurnIt(int a, int b, int c, int d, int height, int width) throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, greys(2));
        ByteBuffer.wrap(mp4).position(find(mp4, "tkhd") + 4 + 40).putInt(a).putInt(b).putInt(0).putInt(c).putInt(d);
        Frames read = VideoReader.readAll(write(dir.resolve("shown.mp4"), mp4));
        assertEquals(height + "x" + width, read.height() + "x" + read.width());
    }

    /// Ten grey frames of MPEG-2, each 8 steps of luma brighter. Two more, which lie behind the first key frame in the file and are shown before it,
    /// are made from one that was cut off: as `ffmpeg -ss 0.45 -c copy` leaves a clip of 25 frames with two B-frames between the others.
    @Test void aClipThatBeginsInTheMiddleBeginsWithTheFirstFrameThatCanBeShown() throws IOException {
        String zipped = "H4sIAAAAAAACA5Nyvb94sVNbI6PTdyD+1Mji9LmRw6mpIzexpCi/ODvRqR0o1NrIJBHckM7IAAKsCwR9Z5cc2N+StsCL03d3d/DqFlHPlWnBaxoXQnhiIeuy"
                + "gbyPvrt7gDyhkMPpwWuaGNMhXJng3UDJJlafNxDTGIIZqA9A7jm9v8XYyTNG6/rGZn4nB9+GXp/EsjRTSz0jcz1DA4NwR1R+8ZIJL55Hctk9k7HPY+dbtfBm"
                + "8WeXzg6HRgOweSAffdzfMnlqme46qLOTrjcyFh/tmBx6a0+3NXP+nEYGpa1zmkvzUjoaGdraw+J9A1zdjZobGZUfN7cwJUUxPJixoVFhV6PCrEam0A09oTsb"
                + "GUO3A/GORqbkRdMYGBg3MzEoCP///0ACyN4q0sUAtAYUcvf3txjU9CwvLl6QfKAh/cQs18Xtrn7O/i6uQS7taD4o3px8oDsZ4aT0E4tcF3e4hAY5hnj6+7m0"
                + "TzEwsAIjPVNTAwhgYJB33lbqXL2/pZ5vTtLzxmmLzzYyMDRgdw6QtYOBgw0ky8DQ//8HSKb//2dHkACj8E2vIKWnmh4dQA4TnLP4SOP/DQxgDfL/f+8A6WgU"
                + "FIbq+M94h3kHewHf+z9A4oHsAesGsF5MYZApNyCmxGMx5QrzCvYAvvV/gMQCWQcrmCnowovPNzJU4PUaBwN2r32ZslRJL2hKB8RkOA/oLAYNaniOIYAqnvuA"
                + "13OcOOLtO4rnviN7bgFVPHeCGp5jzMDrOW4cMfdrqaZHN9BLCmCT4TygsxglqOE5RgeKPQcqD8/vb3mf8G/q7v7NjdO2dwHL4Y9NjKc/NHLunrC5iZEPSeTJ"
                + "7olAkbbt3TCRJsaDYKF/SEJM8wAR6+1C1AUAAA==";
        byte[] mkv = new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(zipped))).readAllBytes();
        try (VideoReader r = new VideoReader(write(dir.resolve("cut.mkv"), mkv))) {
            assertEquals(10, r.frames());
            Frames all = r.read(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            for (int i = 9; i >= 0; i--) {
                assertEquals(144 + 9.3 * i, all.frame(i)[300] & 255, 2, "frame " + i);
                assertArrayEquals(all.frame(i), r.read(i).rgb(), "frame " + i + " alone");
            }
        }
    }

    /// The table that says when frames are shown, taken out: what is left are the times of the packets, as in an MP4 that was made of an AVI.
    @Test void framesWhoseTimesContradictTheirOrderAreNumberedAsTheDecoderShowsThem() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, greys(40), "mp4", 2);
        for (String table : List.of("ctts", "edts")) ByteBuffer.wrap(mp4).put(find(mp4, table), "free".getBytes(ISO_8859_1));
        Frames all = VideoReader.readAll(write(dir.resolve("packed.mp4"), mp4));
        assertEquals(40, all.n());
        for (int i = 0; i < 40; i++) assertEquals(20 + 5 * i, all.frame(i)[300] & 255, 2, "frame " + i);
    }

    /// Without its table of key frames an MP4 says that every frame is one. What a decoder makes of another is a picture too, but not the clip's.
    @Test void aKeyFrameThatIsNoneIsNotTrusted() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, scene(6), "mp4", 0);
        Frames whole = VideoReader.readAll(write(dir.resolve("whole.mp4"), mp4));
        ByteBuffer.wrap(mp4).put(find(mp4, "stss"), "free".getBytes(ISO_8859_1));
        try (VideoReader r = new VideoReader(write(dir.resolve("all-keys.mp4"), mp4))) {
            for (int[] wanted : new int[][] {{7}, {15, 3, 9}, {0, 1, 2, 11}})
                assertArrayEquals(whole.select(wanted).rgb(), r.read(wanted).rgb(), Arrays.toString(wanted));
        }
    }

    /// As where a recorder had nothing new to show.
    @Test void anEmptyPacketIsNoFrame() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, greys(9), "mp4", 0);
        ByteBuffer.wrap(mp4).putInt(find(mp4, "stsz") + 16 + 4 * 8, 0);
        Frames all = VideoReader.readAll(write(dir.resolve("paused.mp4"), mp4));
        assertEquals(8, all.n());
        assertEquals(55, all.frame(7)[300] & 255, 2);
    }

    private static Path write(Path file, byte[] bytes) throws IOException { return Files.write(file, bytes); }

    private static int find(byte[] in, String name) {
        for (int i = 0; i < in.length - 4; i++) if (new String(in, i, 4, java.nio.charset.StandardCharsets.ISO_8859_1).equals(name)) return i;
        throw new AssertionError("no " + name);
    }

    @Test void badFilesAreRefusedByName() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, greys(40));
        refused(dir.resolve("absent.mp4"), "no such file");
        refused(dir, "is a folder");
        refused(Files.createSymbolicLink(dir.resolve("link.mp4"), dir.resolve("absent.mp4")),
                "is a link to a file that is not there, wanted a video file");
        refused(Path.of("/dev/null"), "is a pipe or a device, wanted a video file");
        refused(Path.of(""), "the name is empty, wanted a video file");
        refused(write(dir.resolve("text.mp4"), "This is not a video.\n".repeat(200).getBytes()), "not a video that FFmpeg can read");
        refused(write(dir.resolve("empty.mp4"), new byte[0]), "not a video that FFmpeg can read (0 bytes)");
        refused(write(dir.resolve("short.mp4"), Arrays.copyOf(mp4, mp4.length / 2)), "cut off");
        refused(write(dir.resolve("shorter.mp4"), Arrays.copyOf(mp4, mp4.length - 1)), "cut off");
        refused(write(dir.resolve("sound.wav"), wav()), "has no video stream");
        refused(write(dir.resolve("none.y4m"), "YUV4MPEG2 W16 H16 F25:1\n".getBytes()), "has no frames");
    }

    private static void refused(Path file, String why) {
        for (Consumer<Path> way : List.<Consumer<Path>>of(VideoReader::readAll, VideoReader::check)) {
            VideoException e = assertThrows(VideoException.class, () -> way.accept(file), file.toString());
            assertTrue(e.getMessage().startsWith((file.toString().isEmpty() ? "''" : file) + ": ") && e.getMessage().contains(why), e.getMessage());
            assertEquals(file, e.path());
        }
    }

    /// Two frames of 2x2, without and with a colour profile; and one frame with it, which is a picture.
    @Test void anAnimatedWebpIsSaidToBeOne() throws IOException {
        String plain = "UklGRoIAAABXRUJQVlA4WAoAAAACAAAAAQAAAQAAQU5JTQYAAAAAAAAAAABBTk1GJgAAAAAAAAAAAAEAAAEAAGQAAAJWUDhMDgAAAC8BQAAABxAR/Q9ERP8DQU5NRigAAAAAAAAAAAABAAABAABkAAAAVlA4TA8AAAAvAUAAAAcQ1Yr+ByKi/wEA";
        String profile = "UklGRqwAAABXRUJQVlA4WAoAAAAiAAAAAQAAAQAASUNDUCEAAAB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgAQU5JTQYAAAAAAAAAAABBTk1GJgAAAAAAAAAAAAEAAAEAAGQAAAJWUDhMDgAAAC8BQAAABxAR/Q9ERP8DQU5NRigAAAAAAAAAAAABAAABAABkAAAAVlA4TA8AAAAvAUAAAAcQ1Yr+ByKi/wEA";
        String picture = "UklGRlYAAABXRUJQVlA4WAoAAAAgAAAAAQAAAQAASUNDUCEAAAB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgAVlA4TA4AAAAvAUAAAAcQEf0PRET/Aw==";
        for (String animation : List.of(plain, profile))
            refused(write(dir.resolve("a.webp"), Base64.getDecoder().decode(animation)),
                    "is an animated WebP, for which this FFmpeg has no decoder; save it as mp4 or GIF");
        Path file = write(dir.resolve("picture.webp"), Base64.getDecoder().decode(picture));
        VideoReader.check(file);
        assertEquals("1 frames of 2x2 at 0.0 fps", VideoReader.readAll(file).toString());
    }

    /// A second of silence under an ID3 tag with a picture.
    @Test void aCoverPictureIsNoClip() throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "png", png);
        byte[] picture = ("\0image/png\0\3\0" + png.toString(ISO_8859_1)).getBytes(ISO_8859_1);
        ByteBuffer mp3 = ByteBuffer.allocate(20 + picture.length + 40 * 417);
        int tag = 10 + picture.length;
        mp3.put("ID3\3\0\0".getBytes(ISO_8859_1)).put(new byte[] {0, 0, (byte) (tag >> 7), (byte) (tag & 127)});
        mp3.put("APIC".getBytes(ISO_8859_1)).putInt(picture.length).putShort((short) 0).put(picture);
        for (int i = 0; i < 40; i++) mp3.putInt(0xFFFB9000).position(mp3.position() + 413);
        refused(write(dir.resolve("song.mp3"), mp3.array()), "has no video stream, only a cover picture; wanted a clip");
    }

    /// A look at its beginning says nothing about what comes later.
    @Test void aClipThatIsDamagedFurtherOnPassesTheCheck() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, greys(40));
        Path file = write(dir.resolve("whole.mp4"), mp4);
        VideoReader.check(file);
        int box = find(mp4, "mdat") - 4;
        int size = java.nio.ByteBuffer.wrap(mp4).getInt(box);
        Arrays.fill(mp4, box + size / 2, box + size, (byte) 0);
        write(file, mp4);
        VideoReader.check(file);
        assertThrows(VideoException.class, () -> VideoReader.readAll(file));
    }

    private static byte[] wav() {
        java.nio.ByteBuffer b = java.nio.ByteBuffer.allocate(44 + 1600).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        b.put("RIFF".getBytes()).putInt(36 + 1600).put("WAVEfmt ".getBytes()).putInt(16).putShort((short) 1).putShort((short) 1).putInt(8000)
                .putInt(16000).putShort((short) 2).putShort((short) 16);
        return b.put("data".getBytes()).putInt(1600).array();
    }

    @Test void theWriterRefusesOddSizes() {
        Frames odd = Frames.of(1, 3, 4, new byte[36], 8);
        assertTrue(assertThrows(VideoException.class, () -> VideoWriter.encode(dir, odd)).getMessage().contains("3x4"));
    }
}
