package lucid.video.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.bytedeco.ffmpeg.avcodec.AVCodecContext.FF_IDCT_SIMPLE;
import static org.bytedeco.ffmpeg.avcodec.AVCodecContext.FF_IDCT_XVID;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MPEG4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;

/// Which inverse cosine transform a decoder uses. H.264 and later codecs define theirs in integers; JPEG, MPEG-1, -2 and -4 part 2 and their kin
/// (H.263, WMV, DV) only bound its error, and FFmpeg's own choice follows the processor: on x86 one that gives the bytes of its portable `simple`
/// code, on ARM one that rounds otherwise. Here the choice is x86's, with which the published systems were trained, on every processor: `simple`, and
/// for XviD's clips XviD's own.
final class Idct {
    /// Container tags of XviD's clips (MPEG-4 part 2), read without regard to case.
    private static final Set<String> XVID_TAGS = Set.of("XVID", "XVIX", "RMP4", "ZMP4", "SIPP");
    /// Encoders sign in the stream's user data, behind its start code.
    private static final Pattern SIGNED_BY_XVID = Pattern.compile("\0\0\1\u00b2XviD\\d");
    private static final Pattern SIGNED_BY_ANOTHER = Pattern.compile("\0\0\1\u00b2(DivX\\d|FFmpe|ffmpeg|Lavc\\d)");

    private Idct() {}

    /// @return a value for `AVCodecContext.idct_algo`; codecs with a transform of their own ignore it
    static int of(AVCodecParameters stream) {
        byte[] header = new byte[stream.extradata_size()];
        if (header.length > 0) stream.extradata().get(header);
        return of(stream.codec_id(), stream.codec_tag(), new String(header, ISO_8859_1));
    }

    /// FFmpeg's rule for MPEG-4 part 2: the encoder's signature decides, without one the container's tag.
    ///
    /// @param tag    four characters, the first in the lowest byte
    /// @param header the stream's parameters as stored, one character a byte
    static int of(int codec, int tag, String header) {
        if (codec != AV_CODEC_ID_MPEG4) return FF_IDCT_SIMPLE;
        if (SIGNED_BY_XVID.matcher(header).find()) return FF_IDCT_XVID;
        String name = new String(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(tag).array(), ISO_8859_1);
        return XVID_TAGS.contains(name.toUpperCase(Locale.ROOT)) && !SIGNED_BY_ANOTHER.matcher(header).find() ? FF_IDCT_XVID : FF_IDCT_SIMPLE;
    }
}
