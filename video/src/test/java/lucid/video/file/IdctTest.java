package lucid.video.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.bytedeco.ffmpeg.avcodec.AVCodecContext.FF_IDCT_SIMPLE;
import static org.bytedeco.ffmpeg.avcodec.AVCodecContext.FF_IDCT_XVID;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MJPEG;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MPEG4;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdctTest {
    @TempDir Path dir;

    @ParameterizedTest
    @CsvSource({"mp4v, '', false", "XVID, '', true", "xvid, '', true", "FMP4, XviD0069, true", "XVID, Lavc62.11.100, false",
            "XVID, DivX503b1393p, false", "XVID, FFmpeg0.4.9b4758, false", "DIVX, '', false"})
    void theEncodersSignatureDecidesThenTheTag(String tag, String signature, boolean xvid) {
        int four = tag.charAt(0) | tag.charAt(1) << 8 | tag.charAt(2) << 16 | tag.charAt(3) << 24;
        String header = signature.isEmpty() ? "" : "\0\0\1\u0020sizes\0\0\1\u00b2" + signature + "\0\0\1\u00b6";
        assertEquals(xvid ? FF_IDCT_XVID : FF_IDCT_SIMPLE, Idct.of(AV_CODEC_ID_MPEG4, four, header));
        assertEquals(FF_IDCT_SIMPLE, Idct.of(AV_CODEC_ID_MJPEG, four, header));
    }

    /// The writer does not sign, so the same stream under XviD's tag is decoded with XviD's transform, which rounds otherwise.
    @Test void aClipUnderXvidsTagIsDecodedWithItsTransform() throws IOException {
        byte[] mp4 = VideoWriter.encode(dir, VideoFilesTest.scene(3));
        byte[] plain = read("plain.mp4", mp4);
        byte[] xvid = read("xvid.mp4", new String(mp4, ISO_8859_1).replace("mp4v", "XVID").getBytes(ISO_8859_1));
        int most = 0;
        for (int i = 0; i < plain.length; i++) most = Math.max(most, Math.abs((plain[i] & 255) - (xvid[i] & 255)));
        assertTrue(most > 0 && most < 16, "farthest byte " + most);
    }

    private byte[] read(String name, byte[] file) throws IOException { return VideoReader.readAll(Files.write(dir.resolve(name), file)).rgb(); }
}
