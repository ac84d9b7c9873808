package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_BITEXACT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_QSCALE;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MPEG4;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GLOBALHEADER;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_close_dyn_buf;
import static org.bytedeco.ffmpeg.global.avformat.avio_open_dyn_buf;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.avutil.av_free;

import java.io.IOException;
import java.nio.file.Path;
import lucid.video.AtomicFile;
import lucid.video.Frames;
import lucid.video.IoReason;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVOutputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/// Frames to an mp4 file (MPEG-4 part 2 at a fixed quantiser, one thread, no time stamps): the same frames give the same bytes. Colour conversion,
/// DCT and IDCT are integer code that does not depend on the processor's vector units, and no rate control (floating point) decides anything.
public final class VideoWriter {
    /// Quantiser 1 (finest) .. 31: 3 keeps a noisy ground and hard edges.
    private static final int QUANTISER = 3;
    private static final int FF_QP2LAMBDA = 118;

    private VideoWriter() {}

    /// Writes a file, whole or not at all.
    ///
    /// @throws VideoException odd height or width, a rate that is not positive, or FFmpeg's or the disk's refusal
    public static void write(Path path, Frames frames) {
        byte[] bytes = encode(path, frames);
        try {
            AtomicFile.write(path, bytes);
        } catch (IOException e) {
            throw new VideoException(path, "cannot be written: " + IoReason.of(e), e);
        }
    }

    /// The bytes of an mp4 file.
    ///
    /// @param name for messages only
    public static byte[] encode(Path name, Frames frames) { return encode(name, frames, "mp4", 0); }

    /// The bytes of a file of another container.
    ///
    /// @param container FFmpeg's short name, for example mpegts
    /// @param bFrames   at most so many B-frames between two others: these are stored behind the frames that are shown after them
    static byte[] encode(Path name, Frames frames, String container, int bFrames) {
        Ffmpeg.load();
        if (frames.height() % 2 != 0 || frames.width() % 2 != 0) {
            throw new VideoException(name, "frames of " + frames.height() + "x" + frames.width() + ", wanted even sizes (4:2:0 halves the chroma)");
        }
        if (!(frames.fps() > 0)) throw new VideoException(name, "frames with " + frames.fps() + " per second, wanted more than 0");
        try (Encoder e = new Encoder(name, frames, container, bFrames)) {
            return e.encode();
        }
    }

    private static final class Encoder implements AutoCloseable {
        private final Path name;
        private final Frames frames;
        private final String container;
        private final int bFrames;
        private final AVFormatContext format = new AVFormatContext(null);
        private final AVFrame frame = av_frame_alloc();
        private final AVPacket packet = av_packet_alloc();
        private AVCodecContext codec;
        private AVStream stream;

        Encoder(Path name, Frames frames, String container, int bFrames) {
            this.name = name;
            this.frames = frames;
            this.container = container;
            this.bFrames = bFrames;
        }

        byte[] encode() {
            Ffmpeg.check(name, avformat_alloc_output_context2(format, (AVOutputFormat) null, container, null), container + " container");
            openCodec();
            stream = avformat_new_stream(format, null);
            stream.time_base(codec.time_base());
            stream.avg_frame_rate(codec.framerate());
            Ffmpeg.check(name, avcodec_parameters_from_context(stream.codecpar(), codec), "stream");
            format.flags(format.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
            AVIOContext memory = new AVIOContext(null);
            Ffmpeg.check(name, avio_open_dyn_buf(memory), "output buffer");
            format.pb(memory);
            BytePointer data = new BytePointer((BytePointer) null);
            boolean done = false;
            int size;
            try {
                Ffmpeg.check(name, avformat_write_header(format, (PointerPointer<?>) null), "header");
                writeFrames();
                Ffmpeg.check(name, av_write_trailer(format), "trailer");
                done = true;
            } finally {
                size = avio_close_dyn_buf(memory, data);
                if (!done) av_free(data);
            }
            byte[] out = new byte[size];
            data.get(out);
            av_free(data);
            return out;
        }

        private void openCodec() {
            AVCodec encoder = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
            if (encoder == null) throw new VideoException(name, "this FFmpeg has no MPEG-4 encoder");
            codec = avcodec_alloc_context3(encoder);
            int thousandths = (int) Math.round(frames.fps() * 1000);
            int common = java.math.BigInteger.valueOf(thousandths).gcd(java.math.BigInteger.valueOf(1000)).intValue();
            codec.time_base().num(1000 / common).den(thousandths / common);
            codec.framerate().num(thousandths / common).den(1000 / common);
            codec.width(frames.width()).height(frames.height()).pix_fmt(AV_PIX_FMT_YUV420P).thread_count(1).max_b_frames(bFrames).gop_size(12);
            boolean globalHeader = (format.oformat().flags() & AVFMT_GLOBALHEADER) != 0;
            codec.flags(AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_QSCALE | (globalHeader ? AV_CODEC_FLAG_GLOBAL_HEADER : 0));
            codec.global_quality(QUANTISER * FF_QP2LAMBDA).dct_algo(AVCodecContext.FF_DCT_FASTINT).idct_algo(AVCodecContext.FF_IDCT_SIMPLE);
            Ffmpeg.check(name, avcodec_open2(codec, encoder, (PointerPointer<?>) null), "encoder for " + frames);
        }

        private void writeFrames() {
            int h = frames.height();
            int w = frames.width();
            byte[][] planes = {new byte[h * w], new byte[h * w / 4], new byte[h * w / 4]};
            frame.format(AV_PIX_FMT_YUV420P).width(w).height(h);
            Ffmpeg.check(name, av_frame_get_buffer(frame, 0), "frame of " + h + "x" + w);
            for (int i = 0; i < frames.n(); i++) {
                PlanarYuv.fromRgb(frames.rgb(), i * frames.frameBytes(), h, w, planes[0], planes[1], planes[2]);
                Ffmpeg.check(name, av_frame_make_writable(frame), "frame");
                for (int p = 0; p < 3; p++) fill(frame.data(p), frame.linesize(p), planes[p], p == 0 ? w : w / 2);
                frame.pts(i);
                frame.quality(QUANTISER * FF_QP2LAMBDA);
                Ffmpeg.check(name, avcodec_send_frame(codec, frame), "encoding frame " + i);
                drain();
            }
            Ffmpeg.check(name, avcodec_send_frame(codec, null), "end of the clip");
            drain();
        }

        private static void fill(BytePointer to, int stride, byte[] plane, int width) {
            for (int y = 0; y * width < plane.length; y++) to.position((long) y * stride).put(plane, y * width, width);
            to.position(0);
        }

        private void drain() {
            while (true) {
                int got = avcodec_receive_packet(codec, packet);
                if (got == AVERROR_EAGAIN() || got == AVERROR_EOF) return;
                Ffmpeg.check(name, got, "encoding");
                packet.duration(1);
                av_packet_rescale_ts(packet, codec.time_base(), stream.time_base());
                packet.stream_index(stream.index());
                Ffmpeg.check(name, av_interleaved_write_frame(format, packet), "writing a packet");
            }
        }

        @Override public void close() {
            av_packet_free(packet);
            av_frame_free(frame);
            if (codec != null) avcodec_free_context(codec);
            if (!format.isNull()) avformat_free_context(format);
        }
    }
}
