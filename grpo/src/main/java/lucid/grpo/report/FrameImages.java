package lucid.grpo.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.file.VideoReader;

/// Frames of a clip as pictures inside a page.
public final class FrameImages {
    private static final int SHOWN = 8;

    private FrameImages() {}

    /// Eight frames, evenly spaced, as PNG data URIs.
    ///
    /// @param root the data set's folder
    public static List<String> of(Path root, String clip) {
        Frames frames = VideoReader.read(root.resolve(clip), new FrameSampling.Uniform(SHOWN));
        List<String> images = new ArrayList<>();
        for (int i = 0; i < frames.n(); i++) images.add(png(frames, i));
        return images;
    }

    private static String png(Frames frames, int index) {
        byte[] png = Png.encode(frames.rgb(), index * frames.width() * frames.height() * 3, frames.width(), frames.height());
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }
}
