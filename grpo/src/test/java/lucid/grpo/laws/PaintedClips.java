package lucid.grpo.laws;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import lucid.grpo.data.ClipStore;
import lucid.video.drift.DriftPlan;
import lucid.video.drift.Scene;

/// Drift's clips without files: painted in memory, frames picked as published, pixels averaged down.
final class PaintedClips implements ClipStore {
    private final DriftPlan plan;
    private final int frames;
    private final int size;
    private final List<Scene> scenes;
    private final Map<Integer, byte[]> painted = new ConcurrentHashMap<>();

    /// @param size side of a frame; divides [Scene#SIZE]
    PaintedClips(DriftPlan plan, int frames, int size) {
        if (frames < 2 || size < 1 || Scene.SIZE % size != 0)
            throw new IllegalArgumentException(frames + " frames of " + size + " pixels; wanted at least 2, and a divisor of " + Scene.SIZE);
        this.plan = plan;
        this.frames = frames;
        this.size = size;
        scenes = plan.scenes();
    }

    @Override public byte[] frames(int clip) { return painted.computeIfAbsent(clip, this::paint).clone(); }

    private byte[] paint(int clip) {
        byte[] full = scenes.get(clip).paint(plan.seed(), clip);
        byte[] out = new byte[frames * size * size * 3];
        int at = 0;
        for (int f = 0; f < frames; f++) {
            int source = f * (Scene.FRAMES - 1) / (frames - 1);
            for (int y = 0; y < size; y++) for (int x = 0; x < size; x++) for (int c = 0; c < 3; c++) out[at++] = mean(full, source, y, x, c);
        }
        return out;
    }

    private byte mean(byte[] full, int frame, int y, int x, int c) {
        int block = Scene.SIZE / size;
        int sum = 0;
        for (int i = 0; i < block; i++) {
            for (int j = 0; j < block; j++) sum += full[((frame * Scene.SIZE + y * block + i) * Scene.SIZE + x * block + j) * 3 + c] & 0xFF;
        }
        return (byte) (sum / (block * block));
    }

    @Override public int framesPerClip() { return frames; }

    @Override public int size() { return size; }

    @Override public String name(int clip) { return plan.path(clip); }

    @Override public String contentHash() { return "painted " + plan + " " + frames + " " + size; }
}
