package lucid.video.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.IoReason;
import lucid.video.VideoException;
import lucid.video.file.VideoReader;
import lucid.video.pixels.SiglipPixels;

/// The frames that a question's clip is shown by, resized. Several questions about one clip mostly follow each other, so the last few clips are kept.
public final class BenchmarkClips {
    private static final int KEPT = 4;
    // Frames a second of MVBench's folders of pictures.
    private static final double PICTURE_RATE = 3;

    private final FrameSampling.Even sampling;
    private final boolean boundsOfVideos;
    private final SiglipPixels pixels;
    private final Map<String, Frames> last = new LinkedHashMap<>(KEPT, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override protected boolean removeEldestEntry(Map.Entry<String, Frames> eldest) { return size() > KEPT; }
    };

    /// @param sampling       which frames of a whole clip; of a part of it, or between segments, its number of frames for so long a clip
    /// @param boundsOfVideos whether a question's bounds are kept where the published script looks at the whole clip instead
    /// @param size           side of the square
    public BenchmarkClips(FrameSampling.Even sampling, boolean boundsOfVideos, int size) {
        this.sampling = sampling;
        this.boundsOfVideos = boundsOfVideos;
        pixels = new SiglipPixels(size);
    }

    /// Whether there is a file, or for pictures a folder, at all.
    public static boolean exists(BenchmarkQuestion q) {
        return q.clip() == Benchmark.Clip.PICTURES ? Files.isDirectory(q.video()) : Files.isRegularFile(q.video());
    }

    /// Bytes [n, size, size, 3]; n is what the sampling says, or less for a short clip of a benchmark that shows no frame twice.
    ///
    /// @throws VideoException missing, not a clip, damaged, or without the part that the question is about
    public Frames frames(BenchmarkQuestion q) {
        boolean bounds = q.bounded() && (q.clip() != Benchmark.Clip.UNIFORM || boundsOfVideos);
        return last.computeIfAbsent(q.clip() + " " + (bounds ? q.from() + " " + q.to() : "") + " " + q.video(), _ -> read(q, bounds));
    }

    /// Which frames of a clip, by their number and their rate.
    private interface Selection {
        int[] indices(int frames, double fps);
    }

    private Frames read(BenchmarkQuestion q, boolean bounds) {
        Selection segments = (frames, fps) -> segments(q, bounds, frames, fps, 0).indices(frames, fps);
        return switch (q.clip()) {
            case UNIFORM -> video(q, bounds ? segments : sampling::indices);
            case DISTINCT -> video(q, (frames, fps) -> Arrays.stream(sampling.indices(frames, fps)).distinct().toArray());
            case SEGMENTS -> video(q, segments);
            case PICTURES -> pictures(q, bounds);
        };
    }

    private Frames video(BenchmarkQuestion q, Selection selection) {
        try (VideoReader reader = new VideoReader(q.video())) {
            int[] wanted = indices(q, selection, reader);
            inside(q, wanted, 0, reader.frames() - 1);
            return reader.read(pixels::resize, wanted);
        }
    }

    // A clip without a rate has no seconds to go by.
    private static int[] indices(BenchmarkQuestion q, Selection selection, VideoReader reader) {
        try {
            return selection.indices(reader.frames(), reader.averageFps());
        } catch (IllegalArgumentException e) {
            throw new VideoException(q.video(), e.getMessage(), e);
        }
    }

    private FrameSampling.Segments segments(BenchmarkQuestion q, boolean bounds, int frames, double fps, int first) {
        double part = bounds ? Math.min(frames, Math.rint((q.to() - q.from()) * fps)) : frames;
        int count = sampling.count((int) Math.max(1, part), fps);
        FrameSampling.Segments whole = FrameSampling.Segments.whole(count);
        return new FrameSampling.Segments(count, bounds ? q.from() : whole.from(), bounds ? q.to() : whole.to(), first);
    }

    private Frames pictures(BenchmarkQuestion q, boolean bounds) {
        int files;
        try (Stream<Path> all = Files.list(q.video())) {
            files = (int) all.count();
        } catch (IOException e) {
            throw new VideoException(q.video(), "is no folder of pictures that can be listed: " + IoReason.of(e), e);
        }
        int[] wanted = segments(q, bounds, files, PICTURE_RATE, 1).upTo(files, PICTURE_RATE);
        inside(q, wanted, 1, files);
        int count = wanted.length;
        int size = pixels.size();
        byte[] rgb = new byte[count * size * size * 3];
        for (int i = 0; i < count; i++) {
            Path picture = q.video().resolve(String.format(Locale.ROOT, "%05d.jpg", wanted[i]));
            byte[] one = VideoReader.read(picture, new FrameSampling.Uniform(1), pixels::resize).rgb();
            System.arraycopy(one, 0, rgb, i * one.length, one.length);
        }
        return new Frames(count, size, size, rgb, PICTURE_RATE, wanted);
    }

    private static void inside(BenchmarkQuestion q, int[] wanted, int first, int last) {
        for (int i : wanted) {
            if (i < first || i > last) {
                throw new VideoException(q.video(), "question " + q.id() + " is about seconds " + q.from() + " to " + q.to()
                        + ", which the clip (frames " + first + ".." + last + ") does not have");
            }
        }
    }
}
