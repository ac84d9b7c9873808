package lucid.grpo.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.VideoReader;

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
        BufferedImage image = new BufferedImage(frames.width(), frames.height(), BufferedImage.TYPE_INT_RGB);
        byte[] rgb = frames.rgb();
        int at = index * frames.width() * frames.height() * 3;
        for (int y = 0; y < frames.height(); y++) {
            for (int x = 0; x < frames.width(); x++, at += 3) image.setRGB(x, y, (rgb[at] & 255) << 16 | (rgb[at + 1] & 255) << 8 | rgb[at + 2] & 255);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(out.toByteArray());
    }
}
