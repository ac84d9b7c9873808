package lucid.grpo.train;

import java.util.List;
import lucid.grpo.data.TrainingData;
import lucid.grpo.data.Visual;

/// Puts the pictures of several clips into one array for the vision tower, mirrored where that is asked for.
final class Frames {
    // Of one array; some virtual machines keep a few bytes of it.
    private static final int LARGEST = Integer.MAX_VALUE - 8;

    private Frames() {}

    /// For [Policy#features]; all visuals must be whole clips, or all single frames.
    static Policy.ClipFrames of(TrainingData data, List<Visual> visuals) { return (from, to) -> pack(data, visuals.subList(from, to)); }

    /// Interleaved RGB [visuals · framesEach, size, size, 3].
    static byte[] pack(TrainingData data, List<Visual> visuals) {
        int picture = data.imageSize() * data.imageSize() * 3;
        int each = visuals.isEmpty() || !visuals.getFirst().isWhole() ? 1 : data.framesPerClip();
        long bytes = (long) visuals.size() * each * picture;
        if (bytes > LARGEST) {
            throw new IllegalArgumentException(visuals.size() + " clips of " + each + " frames of " + data.imageSize() + " x " + data.imageSize()
                    + " are " + bytes + " bytes; wanted at most " + LARGEST
                    + " for those that train the tower together: make the stage's micro_batch smaller");
        }
        byte[] all = new byte[(int) bytes];
        for (int i = 0; i < visuals.size(); i++) {
            Visual v = visuals.get(i);
            byte[] clip = data.frames(v.clip());
            int from = v.isWhole() ? 0 : v.frame() * picture;
            for (int f = 0; f < each; f++) {
                copy(clip, from + f * picture, all, (i * each + f) * picture, data.imageSize(), v.mirrorX(), v.mirrorY());
            }
        }
        return all;
    }

    private static void copy(byte[] from, int at, byte[] to, int out, int size, boolean mirrorX, boolean mirrorY) {
        if (!mirrorX && !mirrorY) {
            System.arraycopy(from, at, to, out, size * size * 3);
            return;
        }
        for (int y = 0; y < size; y++) {
            int sy = mirrorY ? size - 1 - y : y;
            for (int x = 0; x < size; x++) {
                int sx = mirrorX ? size - 1 - x : x;
                System.arraycopy(from, at + (sy * size + sx) * 3, to, out + (y * size + x) * 3, 3);
            }
        }
    }
}
