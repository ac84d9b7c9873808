package lucid.video;

import java.util.Locale;
import java.util.OptionalInt;

/// Which frames of a clip a model is shown. Every rule is one that a published system uses; numbers are kept as its code computes them, in its order
/// of roundings.
public sealed interface FrameSampling {
    /// Frame numbers, in order.
    ///
    /// @param frames frames in the clip
    /// @param fps    average frames per second; needed by the rules that go by time
    int[] indices(int frames, double fps);

    /// The rule as text, for cache keys and messages.
    String id();

    /// Frames spread evenly from the first to the last; short clips repeat frames (TinyLLaVA-Video).
    sealed interface Even extends FrameSampling {
        /// How many are chosen of a clip of so many.
        int count(int frames, double fps);

        @Override default int[] indices(int frames, double fps) { return uniform(frames, count(frames, fps)); }
    }

    /// Always `count` frames.
    record Uniform(int count) implements Even {
        public Uniform {
            if (count < 1) throw new IllegalArgumentException("uniform sampling of " + count + " frames, wanted at least 1");
        }

        @Override public int count(int frames, double fps) { return count; }

        @Override public String id() { return "uniform-" + count; }
    }

    /// One frame a second of playing time, at least one, at most `cap` (TinyLLaVA-Video, "1 fps"). A picture is one frame.
    record OnePerSecond(OptionalInt cap) implements Even {
        public OnePerSecond {
            if (cap.isPresent() && cap.getAsInt() < 1) throw new IllegalArgumentException("cap of " + cap.getAsInt() + " frames, wanted at least 1");
        }

        @Override public int count(int frames, double fps) {
            checkClip(frames);
            if (frames == 1 && fps == 0) return 1;
            checkFps(fps);
            int wanted = (int) Math.max(1, Math.floor(frames / fps));
            return cap.isPresent() ? Math.min(wanted, cap.getAsInt()) : wanted;
        }

        @Override public String id() { return "1fps" + (cap.isPresent() ? "-max" + cap.getAsInt() : ""); }
    }

    /// Middles of `count` equal segments between two times (MVBench).
    ///
    /// @param from  seconds; -100000 when the question has no bounds
    /// @param to    seconds; 100000 when the question has no bounds
    /// @param first number of the first frame: 0, or 1 for folders of pictures
    record Segments(int count, double from, double to, int first) implements FrameSampling {
        public Segments {
            if (count < 1) throw new IllegalArgumentException(count + " segments, wanted at least 1");
            if (!(from <= to)) throw new IllegalArgumentException("segments from " + from + " s to " + to + " s, wanted from <= to");
        }

        /// Over the whole clip.
        public static Segments whole(int count) { return new Segments(count, -100_000, 100_000, 0); }

        @Override public int[] indices(int frames, double fps) {
            checkClip(frames);
            return upTo(frames - 1 + first, fps);
        }

        /// @param maxFrame number of the last frame that may be shown
        public int[] upTo(int maxFrame, double fps) {
            checkFps(fps);
            double start = Math.max(first, Math.rint(from * fps));
            double end = Math.min(Math.rint(to * fps), maxFrame);
            double segment = (end - start) / count;
            int[] out = new int[count];
            for (int i = 0; i < count; i++) out[i] = (int) (start + segment / 2 + Math.rint(segment * i));
            return out;
        }

        @Override public String id() { return String.format(Locale.ROOT, "segments-%d-%s-%s-%d", count, from, to, first); }
    }

    /// Two frames a second, an even number between 4 and 16, spread by a float32 linspace rounded half to even (Video-R1).
    record VideoR1() implements FrameSampling {
        @Override public int[] indices(int frames, double fps) {
            checkClip(frames);
            checkFps(fps);
            if (frames < 2) throw new IllegalArgumentException("Video-R1 sampling of a clip of " + frames + " frame, wanted at least 2");
            int most = Math.min(16, frames) / 2 * 2;
            double wanted = Math.min(Math.min(Math.max(frames / fps * 2, 4), most), frames);
            int n = (int) (Math.floor(wanted / 2) * 2);
            return linspace32(frames - 1, n);
        }

        /// `torch.linspace(0, end, n).round()`: counted from both ends in float32.
        private static int[] linspace32(int end, int n) {
            float step = (float) end / (n - 1);
            int[] out = new int[n];
            for (int i = 0; i < n; i++) out[i] = (int) Math.rint(i < n / 2 ? step * i : end - step * (n - 1 - i));
            return out;
        }

        @Override public String id() { return "video-r1"; }
    }

    /// Middles of `count` equal segments of [0, frames - 1], half to even after 1e-6 is added (R1-Omni).
    record OmniUniform(int count) implements FrameSampling {
        public OmniUniform {
            if (count < 1) throw new IllegalArgumentException("uniform sampling of " + count + " frames, wanted at least 1");
        }

        @Override public int[] indices(int frames, double fps) {
            checkClip(frames);
            double segment = (double) (frames - 1) / count;
            int[] out = new int[count];
            for (int i = 0; i < count; i++) {
                double start = segment * i;
                double end = segment * (i + 1);
                out[i] = (int) Math.rint((start + end) / 2 + 1e-6);
            }
            return out;
        }

        @Override public String id() { return "omni-uniform-" + count; }
    }

    /// One frame every `fps` (whole) frames, at most the clip's length, starting at half of that (R1-Omni).
    record OmniFps() implements FrameSampling {
        @Override public int[] indices(int frames, double fps) {
            checkClip(frames);
            if (!(fps >= 1)) throw new IllegalArgumentException("sampling by time at " + fps + " frames per second, wanted at least 1");
            int step = Math.min((int) fps, frames);
            int first = step / 2;
            int[] out = new int[(frames - 1 - first) / step + 1];
            for (int i = 0; i < out.length; i++) out[i] = first + i * step;
            return out;
        }

        @Override public String id() { return "omni-fps"; }
    }

    /// floor(i * step) with step = (frames - 1) / (count - 1) rounded to double first, the last one frames - 1.
    static int[] uniform(int frames, int count) {
        checkClip(frames);
        if (count < 1) throw new IllegalArgumentException(count + " frames wanted of a clip of " + frames + ", wanted at least 1");
        int[] out = new int[count];
        double step = (double) (frames - 1) / Math.max(1, count - 1);
        for (int i = 0; i < count; i++) out[i] = (int) Math.floor(i * step);
        if (count > 1) out[count - 1] = frames - 1;
        return out;
    }

    private static void checkClip(int frames) {
        if (frames < 1) throw new IllegalArgumentException("sampling a clip of " + frames + " frames, wanted at least 1");
    }

    private static void checkFps(double fps) {
        if (!(fps > 0))
            throw new IllegalArgumentException("sampling by time of a clip with " + fps
                    + " frames per second, wanted more than 0; a picture has no rate, use uniform sampling");
    }
}
