package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_UNSPECIFIED;
import static org.bytedeco.ffmpeg.global.avutil.AV_FRAME_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_FLAG_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV422P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVA420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ411P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ422P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ440P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ444P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_side_data;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt_name;
import static org.bytedeco.ffmpeg.global.avutil.av_pix_fmt_desc_get;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import java.nio.file.Path;
import java.util.Set;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVFrameSideData;
import org.bytedeco.ffmpeg.avutil.AVPixFmtDescriptor;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;

/// FFmpeg's decoded frames as upright RGB bytes. 4:2:0 and 4:2:2 of 8 bits go through [PlanarYuv], every other format, and odd heights, through
/// libswscale with decord's filter, bilinear: 4:4:4, 4:2:2 and 4:1:1 then have its bytes; of 4:2:0 decord's old FFmpeg takes the chroma half a row
/// elsewhere (10 bits: 2.3 of 255 on average in a noisy picture, 2.5 with bicubic). Both go by the matrix and the range that the frame names.
final class PictureCopy implements AutoCloseable {
    /// Formats whose name says that they use all 256 values.
    private static final Set<Integer> FULL_RANGE = Set.of(AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ440P,
            AV_PIX_FMT_YUVJ444P);

    /// What a frame's bytes mean; frames of one clip may differ.
    private record Source(int format, int colourSpace, boolean fullRange) {
        static Source of(AVFrame f) {
            return new Source(f.format(), f.colorspace(), FULL_RANGE.contains(f.format()) || f.color_range() == AVCOL_RANGE_JPEG);
        }
    }

    private final Path path;
    private final int[] streamMatrix;
    private SwsContext scaler;
    private Source scaled;
    private int storedHeight;
    private int storedWidth;
    private Orientation orientation;

    /// @param streamMatrix display matrix of the stream, or null
    PictureCopy(Path path, int[] streamMatrix) {
        this.path = path;
        this.streamMatrix = streamMatrix;
    }

    /// Rows of the upright picture; known after the first frame.
    int height() { return orientation.transposed() ? storedWidth : storedHeight; }

    int width() { return orientation.transposed() ? storedHeight : storedWidth; }

    byte[] rgb(AVFrame frame) {
        if (orientation == null) {
            storedHeight = frame.height();
            storedWidth = frame.width();
            orientation = Orientation.of(path, matrix(frame));
        } else if (frame.height() != storedHeight || frame.width() != storedWidth) {
            throw new VideoException(path, "its frames change size from " + storedHeight + "x" + storedWidth + " to " + frame.height() + "x"
                    + frame.width() + ", wanted one size; re-encode it");
        }
        long bytes = 3L * storedHeight * storedWidth;
        if (bytes > KeptFrames.MOST_BYTES)
            throw new VideoException(path, "found a picture of " + storedHeight + "x" + storedWidth + ", " + bytes + " bytes of RGB; wanted at most "
                    + KeptFrames.MOST_BYTES);
        byte[] rgb = new byte[(int) bytes];
        int chromaShift = chromaShift(frame.format(), storedHeight);
        if (chromaShift >= 0) planar(frame, chromaShift, rgb);
        else scaled(frame, rgb);
        return orientation.upright(rgb, storedHeight, storedWidth);
    }

    private int[] matrix(AVFrame frame) {
        AVFrameSideData data = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
        if (data == null || data.isNull()) return streamMatrix;
        int[] m = new int[9];
        new IntPointer(data.data()).get(m);
        return m;
    }

    /// Rows of luma to a row of chroma, log 2, of a format that [PlanarYuv] reads (alpha is ignored); -1 of any other. Where the height is odd,
    /// libswscale interpolates the chroma.
    private static int chromaShift(int format, int height) {
        if (height % 2 != 0) return -1;
        if (format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVA420P) return 1;
        return format == AV_PIX_FMT_YUV422P || format == AV_PIX_FMT_YUVJ422P ? 0 : -1;
    }

    private void planar(AVFrame frame, int chromaShift, byte[] rgb) {
        byte[][] planes = new byte[3][];
        int[] strides = new int[3];
        for (int p = 0; p < 3; p++) {
            int rows = p == 0 ? storedHeight : storedHeight >> chromaShift;
            int columns = p == 0 ? storedWidth : storedWidth + 1 >> 1;
            strides[p] = frame.linesize(p);
            if (strides[p] < columns)
                throw new VideoException(path, "plane " + p + " has rows of " + strides[p] + " bytes, wanted at least " + columns);
            planes[p] = new byte[(rows - 1) * strides[p] + columns];
            frame.data(p).get(planes[p]);
        }
        Source source = Source.of(frame);
        PlanarYuv.of(source.colourSpace, source.fullRange).toRgb(planes, strides, chromaShift, storedHeight, storedWidth, rgb, 0);
    }

    private void scaled(AVFrame frame, byte[] rgb) {
        Source source = Source.of(frame);
        if (!source.equals(scaled)) {
            close();
            scaler = scaler(source);
            scaled = source;
        }
        // Vector code writes whole registers: rows are padded to 64 bytes and the buffer has room behind the last one.
        int stride = 3 * storedWidth + 63 & ~63;
        try (BytePointer out = new BytePointer((long) stride * storedHeight + 64); PointerPointer<BytePointer> data = new PointerPointer<>(4);
                IntPointer lines = new IntPointer(4)) {
            data.put(0, out);
            lines.put(0, stride);
            Ffmpeg.check(path, sws_scale(scaler, frame.data(), frame.linesize(), 0, storedHeight, data, lines), "conversion to RGB");
            for (int y = 0; y < storedHeight; y++) out.position((long) y * stride).get(rgb, y * 3 * storedWidth, 3 * storedWidth);
            out.position(0);
        }
    }

    private SwsContext scaler(Source source) {
        SwsContext made = sws_getContext(storedWidth, storedHeight, source.format, storedWidth, storedHeight, AV_PIX_FMT_RGB24, SWS_BILINEAR, null,
                null, (double[]) null);
        if (made == null || made.isNull())
            throw new VideoException(path, "pixel format " + av_get_pix_fmt_name(source.format).getString() + " cannot be turned into RGB");
        // It is told of a format only, and would take every frame for BT.601 of limited range.
        if (isYuv(source.format))
            sws_setColorspaceDetails(made, PlanarYuv.matrix(source.colourSpace), source.fullRange ? 1 : 0, PlanarYuv.matrix(AVCOL_SPC_UNSPECIFIED), 1,
                    0, 1 << 16, 1 << 16);
        return made;
    }

    /// Greys are of full range whatever their frame says, as FFmpeg has had it since version 8.
    private static boolean isYuv(int format) {
        AVPixFmtDescriptor d = av_pix_fmt_desc_get(format);
        return d.nb_components() >= 3 && (d.flags() & AV_PIX_FMT_FLAG_RGB) == 0;
    }

    @Override public void close() {
        if (scaler != null) sws_freeContext(scaler);
        scaler = null;
        scaled = null;
    }
}
