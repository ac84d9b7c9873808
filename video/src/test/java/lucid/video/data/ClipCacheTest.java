package lucid.video.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.Progress;
import lucid.video.VideoException;
import lucid.video.drift.Scene;
import lucid.video.file.VideoReader;
import lucid.video.file.VideoWriter;
import lucid.video.pixels.SiglipPixels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipCacheTest {
    private static final FrameSampling EIGHT = new FrameSampling.Uniform(8);

    @TempDir Path dir;
    private final List<String> notices = new ArrayList<>();

    private Path clip(String name, int scene) {
        Path file = dir.resolve(name);
        VideoWriter.write(file, Frames.of(Scene.FRAMES, Scene.SIZE, Scene.SIZE, Scene.of(1, scene).paint(1, scene), Scene.FPS));
        return file;
    }

    private static String hash(Path clip) { return ClipCache.hashes(List.of(clip), 1, Progress.NONE).getFirst(); }

    private List<Path> entries() throws IOException {
        try (Stream<Path> all = Files.list(dir.resolve("cache"))) {
            return all.sorted().toList();
        }
    }

    @Test void keptClipsAreTheDecodedOnes() throws IOException {
        List<Path> clips = List.of(clip("a.mp4", 1), clip("b.mp4", 2), clip("same as a.mp4", 1));
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        List<Frames> first = cache.loadAll(clips, EIGHT, 32, 2, Progress.NONE);
        for (int i = 0; i < 3; i++) assertEquals(new SiglipPixels(32).resize(VideoReader.read(clips.get(i), EIGHT)), first.get(i));
        assertSame(first.get(0), first.get(2));
        assertEquals(first, cache.loadAll(clips, EIGHT, 32, 1, Progress.NONE));
        assertEquals(1, entries().size());
        Files.move(clips.get(1), dir.resolve("c.mp4"));
        cache.loadAll(List.of(clips.get(0), dir.resolve("c.mp4")), EIGHT, 32, 1, Progress.NONE);
        assertEquals(1, entries().size(), "a name is not part of the key");
        cache.load(clips.get(0), hash(clips.get(0)), EIGHT, 28);
        cache.load(clips.get(0), hash(clips.get(0)), new FrameSampling.Uniform(4), 28);
        assertEquals(3, entries().size());
        assertEquals(List.of(), notices);
    }

    @Test void aDamagedEntryIsBuiltAgainWithANotice() throws IOException {
        Path clip = clip("a.mp4", 1);
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        String hash = hash(clip);
        Frames first = cache.load(clip, hash, EIGHT, 32);
        Path entry = entries().getFirst();
        byte[] good = Files.readAllBytes(entry);
        for (int place : new int[] {0, 12, 17, 40, good.length / 2, good.length - 1}) {
            byte[] bad = good.clone();
            bad[place] ^= 0x40;
            Files.write(entry, bad);
            assertEquals(first, cache.load(clip, hash, EIGHT, 32), "byte " + place);
        }
        Files.write(entry, java.util.Arrays.copyOf(good, good.length / 3));
        assertEquals(first, cache.load(clip, hash, EIGHT, 32));
        assertEquals(7, notices.size());
        assertTrue(notices.stream().allMatch(n -> n.contains(entry.toString()) && n.contains("building it again")), notices.toString());
        assertEquals(good.length, Files.size(entry));
    }

    /// Of data that are somebody else's: thousands of clips would say the same.
    @Test void aCacheThatCannotBeKeptIsSaidOnce() throws IOException {
        List<Path> clips = List.of(clip("a.mp4", 1), clip("b.mp4", 2));
        Path file = Files.createFile(dir.resolve("file"));
        ClipCache cache = new ClipCache(file.resolve("cache"), notices::add);
        for (Path clip : clips) assertEquals(new SiglipPixels(32).resize(VideoReader.read(clip, EIGHT)), cache.load(clip, hash(clip), EIGHT, 32));
        assertEquals(List.of("decoded clips cannot be kept in " + file.resolve("cache") + " (" + file.resolve("cache") + ": " + file
                + " is a file, wanted a folder): they are decoded again each time"), notices);
    }

    /// A folder in an entry's place is as little a file that can be read as one without permission, which the superuser has.
    @Test void entriesThatCannotBeReadAreSaidOnce() throws IOException {
        List<Path> clips = List.of(clip("a.mp4", 1), clip("b.mp4", 2));
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        for (Path clip : clips) Files.createDirectories(cache.entry(List.of(hash(clip)), EIGHT, 32).resolve("inside"));
        for (Path clip : clips) assertEquals(new SiglipPixels(32).resize(VideoReader.read(clip, EIGHT)), cache.load(clip, hash(clip), EIGHT, 32));
        assertEquals(2, notices.size(), notices.toString());
        assertTrue(notices.get(0).startsWith("decoded clips in " + dir.resolve("cache") + " cannot be read ("
                + cache.entry(List.of(hash(clips.get(0))), EIGHT, 32).getFileName() + ": "), notices.toString());
        assertTrue(notices.get(1).startsWith("decoded clips cannot be kept in "), notices.toString());
    }

    @Test void aClipThatWasChangedIsRefused() throws IOException {
        Path clip = clip("a.mp4", 1);
        String hash = hash(clip);
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        cache.load(clip, hash, EIGHT, 32);
        clip("a.mp4", 2);
        VideoException e = assertThrows(VideoException.class, () -> cache.load(clip, hash, EIGHT, 32));
        assertTrue(e.path().equals(clip) && e.getMessage().contains("was changed") && e.getMessage().contains(hash) && e.getMessage()
                .contains(hash(clip)), e.getMessage());
    }

    @Test void whatIsKeptIsNotLookedAtAgain() throws IOException {
        Path good = clip("a.mp4", 1);
        Path bad = Files.writeString(dir.resolve("bad.mp4"), "no video");
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        List<String> hashes = List.of(hash(good), hash(bad));
        assertEquals(hashes.subList(0, 1), cache.hashesOfClips(List.of(good), EIGHT, 32, 1, Progress.NONE));
        VideoException e = assertThrows(VideoException.class, () -> cache.hashesOfClips(List.of(good, bad), EIGHT, 32, 2, Progress.NONE));
        assertTrue(e.path().equals(bad) && e.getMessage().contains("not a video"), e.getMessage());
        Files.createDirectories(dir.resolve("cache"));
        FramePack.write(cache.entry(hashes.subList(1, 2), EIGHT, 32), List.of(Frames.of(1, 2, 2, new byte[12], 1)));
        assertEquals(hashes, cache.hashesOfClips(List.of(good, bad), EIGHT, 32, 2, Progress.NONE));
        assertThrows(VideoException.class, () -> cache.hashesOfClips(List.of(bad), EIGHT, 28, 1, Progress.NONE));
    }

    @Test void theFirstBadClipIsNamed() throws IOException {
        Path bad = Files.writeString(dir.resolve("bad.mp4"), "no video");
        List<Path> clips = List.of(clip("a.mp4", 1), bad, dir.resolve("absent.mp4"));
        ClipCache cache = new ClipCache(dir.resolve("cache"), notices::add);
        assertEquals(dir.resolve("absent.mp4"), assertThrows(VideoException.class, () -> cache.loadAll(clips, EIGHT, 32, 2, Progress.NONE)).path());
        assertEquals(bad, assertThrows(VideoException.class, () -> cache.loadAll(clips.subList(0, 2), EIGHT, 32, 2, Progress.NONE)).path());
        assertTrue(Files.notExists(dir.resolve("cache")) || entries().isEmpty());
    }
}
