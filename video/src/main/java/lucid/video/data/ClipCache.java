package lucid.video.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.InParallel;
import lucid.video.IoReason;
import lucid.video.Progress;
import lucid.video.Sha256;
import lucid.video.VideoException;
import lucid.video.file.VideoReader;
import lucid.video.pixels.SiglipPixels;

/// Clips as a model is shown them (decoded, frames chosen, resized to a square; bytes), kept on disk. The key is the files' content and the way of
/// sampling, so renaming a clip keeps its entry and changing it makes a new one. Entries are complete or absent; one that was damaged is built again,
/// with a notice.
public final class ClipCache {
    /// Part of every key: to be raised when decoding or resizing changes its bytes.
    private static final int VERSION = 3;

    private final Path folder;
    private final Consumer<String> notices;
    private final AtomicBoolean unread = new AtomicBoolean();
    private final AtomicBoolean unkept = new AtomicBoolean();

    /// @param folder  made when it does not exist
    /// @param notices is told in words of every entry that was damaged, and once each that some cannot be read and that none can be kept
    public ClipCache(Path folder, Consumer<String> notices) {
        this.folder = folder;
        this.notices = notices;
    }

    /// What tells clips apart: SHA-256 of each file's content.
    ///
    /// @throws VideoException the first clip in the list that cannot be read
    public static List<String> hashes(List<Path> clips, int threads, Progress progress) {
        return InParallel.map(clips.size(), threads, "reading clips", progress, i -> contentHash(clips.get(i)));
    }

    /// The same for clips that are to be loaded later, one by one: those that are not kept must look like clips (see [VideoReader#check]).
    ///
    /// @throws VideoException the first clip in the list that cannot be read or is none
    public List<String> hashesOfClips(List<Path> clips, FrameSampling sampling, int size, int threads, Progress progress) {
        return InParallel.map(clips.size(), threads, "reading clips", progress, i -> {
            String hash = contentHash(clips.get(i));
            if (!Files.exists(entry(List.of(hash), sampling, size))) VideoReader.check(clips.get(i));
            return hash;
        });
    }

    /// One clip: bytes [n, size, size, 3].
    ///
    /// @param hash of its content as it was when it was first looked at
    /// @throws VideoException it cannot be read, or was changed since
    public Frames load(Path clip, String hash, FrameSampling sampling, int size) {
        String found = contentHash(clip);
        if (!found.equals(hash))
            throw new VideoException(clip, "was changed while it is in use: its content has the SHA-256 " + found + ", wanted " + hash
                    + " as before");
        return loadAll(List.of(clip), List.of(hash), sampling, size, 1, Progress.NONE).getFirst();
    }

    /// Many clips, in order, kept as one entry. Clips of the same content share one [Frames].
    ///
    /// @throws VideoException the first clip in the list that cannot be read
    public List<Frames> loadAll(List<Path> clips, FrameSampling sampling, int size, int threads, Progress progress) {
        return loadAll(clips, hashes(clips, threads, Progress.NONE), sampling, size, threads, progress);
    }

    private List<Frames> loadAll(List<Path> clips, List<String> hashes, FrameSampling sampling, int size, int threads, Progress progress) {
        Map<String, Integer> places = new LinkedHashMap<>();
        List<Path> distinct = new ArrayList<>();
        for (int i = 0; i < clips.size(); i++) {
            if (places.putIfAbsent(hashes.get(i), distinct.size()) == null) distinct.add(clips.get(i));
        }
        Path entry = entry(places.keySet(), sampling, size);
        List<Frames> kept = stored(entry, distinct.size());
        if (kept == null) {
            SiglipPixels pixels = new SiglipPixels(size);
            kept = InParallel.map(distinct.size(), threads, "decoding clips", progress,
                    i -> VideoReader.read(distinct.get(i), sampling, pixels::resize));
            store(entry, kept);
        }
        List<Frames> all = new ArrayList<>(clips.size());
        for (String hash : hashes) all.add(kept.get(places.get(hash)));
        return all;
    }

    private List<Frames> stored(Path entry, int clips) {
        if (!Files.exists(entry)) return null;
        try {
            List<Frames> kept = FramePack.read(entry);
            if (kept.size() == clips) return kept;
            notices.accept("cache entry " + entry + " holds " + kept.size() + " clips, wanted " + clips + ": building it again");
        } catch (FramePack.CorruptException e) {
            notices.accept("cache entry " + entry + " is damaged (" + e.getMessage() + "): building it again");
        } catch (IOException e) {
            once(unread, "decoded clips in " + folder + " cannot be read (" + entry.getFileName() + ": " + IoReason.of(e)
                    + "): what cannot is decoded again each time");
        }
        return null;
    }

    // A cache that cannot be written costs time, not results.
    private void store(Path entry, List<Frames> clips) {
        try {
            Files.createDirectories(folder);
            FramePack.write(entry, clips);
        } catch (IOException e) {
            once(unkept, "decoded clips cannot be kept in " + folder + " (" + IoReason.named(e) + "): they are decoded again each time");
        }
    }

    // Of a folder that is somebody else's, every clip would say the same.
    private void once(AtomicBoolean said, String notice) {
        if (!said.getAndSet(true)) notices.accept(notice);
    }

    private static String contentHash(Path clip) {
        VideoReader.refuseNoFile(clip);
        try {
            return Sha256.of(clip);
        } catch (IOException e) {
            throw new VideoException(clip, "cannot be read: " + IoReason.of(e), e);
        }
    }

    Path entry(Iterable<String> hashes, FrameSampling sampling, int size) {
        MessageDigest digest = Sha256.digest();
        digest.update((VERSION + " " + sampling.id() + " " + size + "\n").getBytes(StandardCharsets.UTF_8));
        for (String hash : hashes) digest.update((hash + "\n").getBytes(StandardCharsets.UTF_8));
        return folder.resolve(HexFormat.of().formatHex(digest.digest()).substring(0, 40) + ".clips");
    }
}
