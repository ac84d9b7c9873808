package lucid.video.file;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import lucid.video.Frames;
import lucid.video.VideoException;

/// What is kept of the frames that were asked for. Each is worked on as it is decoded, so that of a clip of large frames one is held at its full
/// size, however many are shown.
final class KeptFrames {
    /// The longest array that every Java machine makes.
    static final int MOST_BYTES = Integer.MAX_VALUE - 8;

    private final Path path;
    private final double fps;
    private final int[] indices;
    private final UnaryOperator<Frames> each;
    /// Places in [#indices] in the order in which the frames come.
    private final int[] order;
    private int next;
    private int height;
    private int width;
    private byte[] rgb;

    /// @param indices the frames asked for; they may repeat and have any order
    /// @param each    makes of one frame at full size what is kept of it, of the same size for all
    KeptFrames(Path path, double fps, int[] indices, UnaryOperator<Frames> each) {
        this.path = path;
        this.fps = fps;
        this.indices = indices.clone();
        this.each = each;
        order = IntStream.range(0, indices.length).boxed().sorted(Comparator.comparingInt(i -> indices[i])).mapToInt(i -> i).toArray();
    }

    /// Whether frames are still wanted.
    boolean wanting() { return next < order.length; }

    /// The frame that is wanted next; they are wanted in ascending order.
    int wanted() { return indices[order[next]]; }

    /// Takes the frame [#wanted], at full size, and puts it in all its places.
    void take(byte[] picture, int fullHeight, int fullWidth) {
        int number = wanted();
        Frames one = each.apply(new Frames(1, fullHeight, fullWidth, picture, fps, new int[] {number}));
        if (rgb == null) begin(one);
        if (one.n() != 1 || one.height() != height || one.width() != width)
            throw new IllegalArgumentException(path + ": frame " + number + " became " + one + ", wanted 1 of " + height + "x" + width);
        for (; wanting() && wanted() == number; next++)
            if (rgb != one.rgb()) System.arraycopy(one.rgb(), 0, rgb, order[next] * one.frameBytes(), one.frameBytes());
    }

    private void begin(Frames one) {
        height = one.height();
        width = one.width();
        long bytes = (long) indices.length * one.frameBytes();
        if (bytes > MOST_BYTES)
            throw new VideoException(path, indices.length + " frames of " + height + "x" + width + " are " + bytes + " bytes of RGB, wanted at most "
                    + MOST_BYTES + "; ask for fewer frames");
        // The only one needs no copy.
        rgb = indices.length == 1 ? one.rgb() : new byte[(int) bytes];
    }

    /// All of them, in the order in which they were asked for.
    Frames frames() { return new Frames(indices.length, height, width, rgb, fps, indices); }
}
