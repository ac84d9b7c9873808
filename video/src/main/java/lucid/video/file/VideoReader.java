package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_WEBP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_flush_buffers;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_q2d;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/// A video file, or a picture as a clip of one frame. Frames are numbered 0 .. [#frames]-1 in order of presentation and decoded on one thread, only
/// as far as they are needed: from the key frame before each wanted one. The same file gives the same bytes every time. Not for use by several
/// threads at once.
///
/// A recording, and a clip that was cut out without being encoded again, may begin with frames that are made from ones before its beginning. No
/// decoder shows them, and they are not counted: frame 0 is the first that can be shown.
public final class VideoReader implements AutoCloseable {
    /// Before every time of a stream.
    private static final long BEGINNING = Long.MIN_VALUE;
    /// Among so many an encoder that uses frames out of order has used one.
    private static final int FIRST_FRAMES = 48;

    private final Path path;
    private final StreamPackets packets;
    private final AVFrame frame;
    private final PictureCopy copy;
    private final PacketIndex index;
    private final int frames;
    private final double averageFps;
    private AVCodecContext codec;
    /// Whether the decoder has been given packets.
    private boolean begun;
    private boolean draining;
    private boolean closed;

    /// Opens a file and counts its frames.
    ///
    /// @throws VideoException missing, not a video, no video stream, no frames, cut off, no decoder
    public VideoReader(Path path) {
        refuse(path);
        this.path = path;
        boolean opened = false;
        StreamPackets newPackets = null;
        AVFrame newFrame = av_frame_alloc();
        AVCodecContext newCodec = null;
        PictureCopy newCopy = null;
        try {
            newPackets = new StreamPackets(path);
            newCodec = decoder(path, newPackets.stream());
            newCopy = new PictureCopy(path, streamMatrix(newPackets.stream()));
            double rate = rate(newPackets.stream(), newPackets.index());
            packets = newPackets;
            frame = newFrame;
            codec = newCodec;
            copy = newCopy;
            index = shown(newPackets.index());
            frames = index.times().length > 0 ? index.times().length : countByDecoding();
            averageFps = frames == 1 && isPicture(packets.container()) ? 0 : rate;
            opened = true;
        } finally {
            if (!opened) release(newPackets, newFrame, newCodec, newCopy);
        }
    }

    /// Looks at the beginning of a file only, which takes milliseconds: whether it is as long as it announces, and has a video stream that begins, in
    /// a codec that has a decoder. What is damaged further on shows when it is read.
    ///
    /// @throws VideoException as when it is opened
    public static void check(Path path) {
        refuse(path);
        try (StreamPackets packets = StreamPackets.beginning(path)) {
            avcodec_free_context(decoder(path, packets.stream()));
        }
    }

    private static void refuse(Path path) {
        Ffmpeg.load();
        refuseNoFile(path);
        ContainerSize.refuseCutOff(path);
    }

    /// Of pipes and devices a video cannot be read, for it is read more than once.
    ///
    /// @throws VideoException saying what is there instead of a file
    public static void refuseNoFile(Path path) {
        if (!Files.isRegularFile(path)) throw new VideoException(path, notAFile(path) + ", wanted a video file");
    }

    /// What a path names that is no regular file.
    public static String notAFile(Path path) {
        if (path.toString().isEmpty()) return "the name is empty";
        if (Files.isDirectory(path)) return "is a folder";
        if (Files.exists(path)) return "is a pipe or a device";
        return Files.isSymbolicLink(path) ? "is a link to a file that is not there" : "no such file";
    }

    /// All frames of a file.
    public static Frames readAll(Path path) {
        try (VideoReader r = new VideoReader(path)) {
            int[] all = new int[r.frames];
            Arrays.setAll(all, i -> i);
            return r.read(all);
        }
    }

    /// The frames of a file that a sampling rule chooses, all at their full size.
    public static Frames read(Path path, FrameSampling sampling) { return read(path, sampling, UnaryOperator.identity()); }

    /// What is kept of the frames of a file that a sampling rule chooses; see [#read(UnaryOperator, int...)].
    public static Frames read(Path path, FrameSampling sampling, UnaryOperator<Frames> each) {
        try (VideoReader r = new VideoReader(path)) {
            return r.read(each, sampling.indices(r.frames, r.averageFps()));
        }
    }

    private static AVCodecContext decoder(Path path, AVStream stream) {
        int id = stream.codecpar().codec_id();
        AVCodec decoder = avcodec_find_decoder(id);
        String name = avcodec_get_name(id).getString();
        if (decoder == null)
            throw new VideoException(path, "its codec " + name + " has no decoder in this FFmpeg; re-encode the clip, for example as H.264");
        if (id == AV_CODEC_ID_WEBP && AnimatedWebp.is(path))
            throw new VideoException(path, "is an animated WebP, for which this FFmpeg has no decoder; save it as mp4 or GIF, for example with "
                    + "ImageMagick (magick a.webp a.mp4)");
        AVCodecContext context = avcodec_alloc_context3(decoder);
        boolean opened = false;
        try {
            Ffmpeg.check(path, avcodec_parameters_to_context(context, stream.codecpar()), "codec parameters");
            context.thread_count(1).idct_algo(Idct.of(stream.codecpar()));
            context.pkt_timebase(stream.time_base());
            Ffmpeg.check(path, avcodec_open2(context, decoder, (PointerPointer<?>) null), "decoder " + name + " does not open");
            opened = true;
        } finally {
            if (!opened) avcodec_free_context(context);
        }
        return context;
    }

    private static int[] streamMatrix(AVStream stream) {
        AVPacketSideData data = av_packet_side_data_get(stream.codecpar().coded_side_data(), stream.codecpar().nb_coded_side_data(),
                AV_PKT_DATA_DISPLAYMATRIX);
        if (data == null || data.isNull()) return null;
        int[] matrix = new int[9];
        new org.bytedeco.javacpp.IntPointer((Pointer) data.data()).get(matrix);
        return matrix;
    }

    /// Number of frames.
    public int frames() { return frames; }

    /// Average frames per second; 0 when the file does not say (pictures).
    public double averageFps() { return averageFps; }

    // FFmpeg 8 knows no average of Ogg, of IVF and of MPEG-4 in MPEG-TS, and takes raw DV for 60,000 frames a second. Its other rate has room for
    // every frame's time and may count fields, so no average is above it.
    private static double rate(AVStream stream, PacketIndex index) {
        double average = rate(stream.avg_frame_rate());
        double finest = rate(stream.r_frame_rate());
        return average > 0 && (finest == 0 || average <= 2 * finest) ? average : index.rate(stream.time_base()).orElse(finest);
    }

    private static double rate(AVRational rate) { return rate.den() == 0 ? 0 : av_q2d(rate); }

    private static boolean isPicture(String container) { return container.equals("image2") || container.endsWith("_pipe"); }

    /// The frames with the given numbers, in the given order; numbers may repeat.
    ///
    /// @throws IndexOutOfBoundsException a number outside 0 .. frames-1
    /// @throws VideoException            a wanted frame is damaged, or all of them are more bytes than an array holds
    public Frames read(int... indices) { return read(UnaryOperator.identity(), indices); }

    /// The same of frames that are made smaller as they are decoded: one at a time is held at its full size.
    ///
    /// @param each makes of one frame what is kept of it, of the same size for all, for example [lucid.video.pixels.SiglipPixels#resize]
    public Frames read(UnaryOperator<Frames> each, int... indices) {
        if (closed) throw new IllegalStateException(path + ": reading from a closed video");
        if (indices.length == 0) throw new IllegalArgumentException(path + ": no frame asked for, wanted at least one index");
        for (int i : indices)
            if (i < 0 || i >= frames) throw new IndexOutOfBoundsException(path + ": frame " + i + " asked for, there are 0.." + (frames - 1));
        KeptFrames kept = new KeptFrames(path, averageFps(), indices, each);
        if (index.times().length == 0) readByCounting(kept);
        else readByTime(kept);
        return kept.frames();
    }

    private void readByTime(KeptFrames kept) {
        // Not every frame can be decoded from the key frame before it (intra refresh, damaged times, a key frame that is none); a wanted one that is
        // passed over is looked for once more from the beginning.
        decodeTimes(kept, true);
        if (kept.wanting()) decodeTimes(kept, false);
        if (kept.wanting())
            throw new VideoException(path, "frame " + kept.wanted() + " of " + frames + " cannot be decoded: the file is damaged there");
    }

    private void decodeTimes(KeptFrames kept, boolean seeking) {
        long reached = BEGINNING;
        boolean sought = false;
        restart(reached);
        while (kept.wanting()) {
            long target = index.times()[kept.wanted()];
            int place = seeking ? index.lastKeyUpTo(target) : 0;
            if (place > 0 && index.keys()[place] > reached) {
                reached = index.keys()[place];
                restart(reached);
                sought = true;
            }
            if (!next()) return;
            long time = frame.best_effort_timestamp();
            if (time > target) return;
            // Some files call every packet a key frame. What is decoded from one that is none is another picture, and nothing says so.
            if (sought && time >= reached && (frame.flags() & AVFrame.AV_FRAME_FLAG_KEY) == 0) return;
            sought &= time < reached;
            reached = Math.max(reached, time);
            if (time == target) take(kept);
        }
    }

    private void readByCounting(KeptFrames kept) {
        restart(BEGINNING);
        for (int i = 0; kept.wanting(); i++) {
            if (!next()) throw new VideoException(path, "ends after " + i + " frames, frame " + kept.wanted() + " was wanted");
            if (i == kept.wanted()) take(kept);
        }
    }

    private void take(KeptFrames kept) {
        // A decoder hides what it could not decode by copying neighbouring pixels, and marks the frame.
        if (frame.decode_error_flags() != 0 || (frame.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) != 0) {
            throw new VideoException(path, "frame " + kept.wanted() + " of " + frames + " is damaged; copy the file again or leave the clip out");
        }
        byte[] rgb = copy.rgb(frame);
        kept.take(rgb, copy.height(), copy.width());
    }

    private PacketIndex shown(PacketIndex all) {
        if (all.times().length == 0) return all;
        if (all.decodingOrder() && !comesInOrder()) return all.withoutTimes();
        if (!all.beginsInTheMiddle()) return all;
        restart(BEGINNING);
        return next() ? all.from(frame.best_effort_timestamp()) : all;
    }

    /// Whether the first frames come out of the decoder in the order of their times.
    private boolean comesInOrder() {
        restart(BEGINNING);
        long last = BEGINNING;
        for (int i = 0; i < FIRST_FRAMES && next(); i++) {
            if (frame.pts() <= last && frame.pts() != AV_NOPTS_VALUE) return false;
            last = frame.pts();
        }
        return true;
    }

    private int countByDecoding() {
        restart(BEGINNING);
        int n = 0;
        while (next()) n++;
        if (n == 0) throw new VideoException(path, "none of its " + index.packets() + " packets holds a frame that can be decoded");
        return n;
    }

    private void restart(long key) {
        if (key == BEGINNING) packets.rewind();
        else packets.seek(key);
        // At the beginning a new decoder: one that is flushed may remember what it was shown (HEVC's order of output, MPEG-4's headers).
        if (key == BEGINNING && begun) {
            avcodec_free_context(codec);
            codec = null;
            codec = decoder(path, packets.stream());
            begun = false;
        } else {
            avcodec_flush_buffers(codec);
        }
        draining = false;
    }

    /// Decodes the next frame into [#frame]; false at the end.
    private boolean next() {
        while (true) {
            int got = avcodec_receive_frame(codec, frame);
            if (got >= 0) return true;
            if (got == AVERROR_EOF) return false;
            if (got != AVERROR_EAGAIN()) throw new VideoException(path, "damaged: " + Ffmpeg.text(got));
            feed();
        }
    }

    private void feed() {
        if (draining) return;
        AVPacket packet = packets.next();
        begun = true;
        draining = packet == null;
        int sent = avcodec_send_packet(codec, packet);
        if (sent < 0 && !draining)
            throw new VideoException(path, "damaged at byte " + packet.pos()
                    + (codec.width() == 0 ? ", or larger than the 268 million pixels that FFmpeg decodes" : "") + ": " + Ffmpeg.text(sent));
    }

    @Override public void close() {
        if (closed) return;
        closed = true;
        release(packets, frame, codec, copy);
    }

    private static void release(StreamPackets p, AVFrame f, AVCodecContext c, PictureCopy k) {
        if (k != null) k.close();
        if (c != null) avcodec_free_context(c);
        av_frame_free(f);
        if (p != null) p.close();
    }
}
