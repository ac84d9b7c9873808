package lucid.grpo.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngTest {
    @Test void theJdkReadsBackEveryPixel() throws IOException {
        int width = 17;
        int height = 5;
        byte[] rgb = new byte[6 + 3 * width * height];
        new Random(1).nextBytes(rgb);
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.encode(rgb, 6, width, height)));
        assertEquals(width, image.getWidth());
        assertEquals(height, image.getHeight());
        for (int i = 0; i < width * height; i++) {
            int wanted = (rgb[6 + 3 * i] & 255) << 16 | (rgb[7 + 3 * i] & 255) << 8 | rgb[8 + 3 * i] & 255;
            assertEquals(wanted, image.getRGB(i % width, i / width) & 0xFFFFFF, "pixel " + i);
        }
    }
}
