package lucid.grpo.data;

import java.util.List;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.Progress;
import lucid.video.data.ClipCache;
import lucid.video.drift.Drift;

/// The clips of a Drift data set, decoded from their files once and kept.
public final class DriftClips implements ClipStore {
    private final Drift drift;
    private final List<Frames> frames;
    private final int size;

    private DriftClips(Drift drift, List<Frames> frames, int size) {
        this.drift = drift;
        this.frames = frames;
        this.size = size;
    }

    /// @param count frames of a clip that the model sees, by the published rule
    /// @param size  side of the square they are resized to
    public static DriftClips load(Drift drift, ClipCache cache, int count, int size, int threads, Progress progress) {
        return new DriftClips(drift, cache.loadAll(drift.clips(), new FrameSampling.Uniform(count), size, threads, progress), size);
    }

    @Override public byte[] frames(int clip) { return frames.get(clip).rgb(); }

    @Override public int framesPerClip() { return frames.getFirst().n(); }

    @Override public int size() { return size; }

    @Override public String name(int clip) { return drift.plan().path(clip); }

    @Override public String contentHash() { return drift.contentHash(); }
}
