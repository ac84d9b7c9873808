package lucid.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_flush_buffers;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_q2d;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/// A video file, or a picture as a clip of one frame. Frames are numbered 0 .. [#frames]-1 in order of presentation and decoded on one thread, only as far as they are needed:
/// from the key frame before each wanted one. The same file gives the same bytes every time. Not for use by several threads at once.
public final class VideoReader implements AutoCloseable {
    private final Path path;
    private final AVFormatContext format = new AVFormatContext(null);
    private final AVCodecContext codec;
    private final AVStream stream;
    private final AVPacket packet;
    private final AVFrame frame;
    private final PictureCopy copy;
    private final PacketIndex index;
    private final int frames;
    private boolean draining;
    private boolean closed;

    /// Opens a file and counts its frames.
    ///
    /// @throws VideoException missing, not a video, no video stream, no frames, cut off, no decoder
    public VideoReader(Path path) {
        Ffmpeg.load();
        if (!Files.isRegularFile(path)) throw new VideoException(path, Files.exists(path) ? "is a folder, wanted a video file" : "no such file, wanted a video");
        ContainerSize.refuseCutOff(path);
        this.path = path;
        boolean opened = false;
        AVPacket newPacket = av_packet_alloc();
        AVFrame newFrame = av_frame_alloc();
        AVCodecContext newCodec = null;
        PictureCopy newCopy = null;
        try {
            stream = open();
            index = PacketIndex.scan(path, format, stream, newPacket);
            newCodec = decoder();
            newCopy = new PictureCopy(path, streamMatrix());
            packet = newPacket;
            frame = newFrame;
            codec = newCodec;
            copy = newCopy;
            frames = index.times().length > 0 ? index.times().length : countByDecoding();
            opened = true;
        } finally {
            if (!opened) release(newPacket, newFrame, newCodec, newCopy);
        }
    }

    /// All frames of a file.
    public static Frames readAll(Path path) {
        try (VideoReader r = new VideoReader(path)) {
            int[] all = new int[r.frames];
            Arrays.setAll(all, i -> i);
            return r.read(all);
        }
    }

    /// The frames of a file that a sampling rule chooses.
    public static Frames read(Path path, FrameSampling sampling) {
        try (VideoReader r = new VideoReader(path)) {
            return r.read(sampling.indices(r.frames, r.averageFps()));
        }
    }

    private AVStream open() {
        AVDictionary options = new AVDictionary(null);
        // A picture's name may contain %d without meaning a sequence; a playlist must not reach other places than files.
        av_dict_set(options, "pattern_type", "none", 0);
        av_dict_set(options, "protocol_whitelist", "file", 0);
        int result = avformat_open_input(format, Ffmpeg.url(path), null, options);
        av_dict_free(options);
        Ffmpeg.check(path, result, "not a video that FFmpeg can read (" + size() + " bytes)");
        Ffmpeg.check(path, avformat_find_stream_info(format, (PointerPointer<?>) null), "no stream in it can be read");
        int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
        if (best < 0) throw new VideoException(path, "has no video stream (" + format.nb_streams() + " streams of other kinds), wanted one");
        return format.streams(best);
    }

    private long size() { return path.toFile().length(); }

    private AVCodecContext decoder() {
        int id = stream.codecpar().codec_id();
        AVCodec decoder = avcodec_find_decoder(id);
        String name = avcodec_get_name(id).getString();
        if (decoder == null) throw new VideoException(path, "its codec " + name + " has no decoder in this FFmpeg; re-encode the clip, for example as H.264");
        AVCodecContext context = avcodec_alloc_context3(decoder);
        boolean opened = false;
        try {
            Ffmpeg.check(path, avcodec_parameters_to_context(context, stream.codecpar()), "codec parameters");
            context.thread_count(1);
            context.pkt_timebase(stream.time_base());
            Ffmpeg.check(path, avcodec_open2(context, decoder, (PointerPointer<?>) null), "decoder " + name + " does not open");
            opened = true;
        } finally {
            if (!opened) avcodec_free_context(context);
        }
        return context;
    }

    private int[] streamMatrix() {
        AVPacketSideData data = av_packet_side_data_get(stream.codecpar().coded_side_data(), stream.codecpar().nb_coded_side_data(), AV_PKT_DATA_DISPLAYMATRIX);
        if (data == null || data.isNull()) return null;
        int[] matrix = new int[9];
        new org.bytedeco.javacpp.IntPointer((Pointer) data.data()).get(matrix);
        return matrix;
    }

    /// Number of frames.
    public int frames() { return frames; }

    /// Average frames per second; 0 when the file does not say (pictures).
    public double averageFps() {
        double rate = stream.avg_frame_rate().den() == 0 ? 0 : av_q2d(stream.avg_frame_rate());
        return frames == 1 && isPicture() ? 0 : rate;
    }

    private boolean isPicture() {
        String name = format.iformat().name().getString();
        return name.equals("image2") || name.endsWith("_pipe");
    }

    /// The frames with the given numbers, in the given order; numbers may repeat.
    ///
    /// @throws IndexOutOfBoundsException a number outside 0 .. frames-1
    /// @throws VideoException            a wanted frame is damaged
    public Frames read(int... indices) {
        if (closed) throw new IllegalStateException(path + ": reading from a closed video");
        if (indices.length == 0) throw new IllegalArgumentException(path + ": no frame asked for, wanted at least one index");
        for (int i : indices) if (i < 0 || i >= frames) throw new IndexOutOfBoundsException(path + ": frame " + i + " asked for, there are 0.." + (frames - 1));
        int[] wanted = Arrays.stream(indices).sorted().distinct().toArray();
        byte[][] pictures = new byte[wanted.length][];
        if (index.times().length == 0) readByCounting(wanted, pictures);
        else readByTime(wanted, pictures);
        byte[] rgb = new byte[Math.multiplyExact(indices.length, pictures[0].length)];
        for (int i = 0; i < indices.length; i++) {
            byte[] picture = pictures[Arrays.binarySearch(wanted, indices[i])];
            System.arraycopy(picture, 0, rgb, i * picture.length, picture.length);
        }
        return new Frames(indices.length, copy.height(), copy.width(), rgb, averageFps(), indices.clone());
    }

    private void readByTime(int[] wanted, byte[][] pictures) {
        // Where a seek lands is the container's business; a wanted frame that is passed over is looked for once more from the beginning.
        int done = decodeTimes(wanted, pictures, 0, true);
        if (done < wanted.length) done = decodeTimes(wanted, pictures, done, false);
        if (done < wanted.length) throw new VideoException(path, "frame " + wanted[done] + " of " + frames + " cannot be decoded: the file is damaged there");
    }

    private int decodeTimes(int[] wanted, byte[][] pictures, int done, boolean seeking) {
        long[] times = index.times();
        rewind(times[0]);
        long reached = Long.MIN_VALUE;
        while (done < wanted.length) {
            long target = times[wanted[done]];
            long key = seeking ? keyBefore(target) : Long.MIN_VALUE;
            if (key > reached && key > times[0]) {
                rewind(key);
                reached = key;
            }
            if (!next()) return done;
            long time = frame.best_effort_timestamp();
            if (time > target) return done;
            reached = Math.max(reached, time);
            if (time == target) pictures[done] = picture(wanted[done++]);
        }
        return done;
    }

    private long keyBefore(long time) {
        int at = Arrays.binarySearch(index.keys(), time);
        int place = at >= 0 ? at : -at - 2;
        return place < 0 ? Long.MIN_VALUE : index.keys()[place];
    }

    private void readByCounting(int[] wanted, byte[][] pictures) {
        rewind(0);
        int done = 0;
        for (int i = 0; done < wanted.length; i++) {
            if (!next()) throw new VideoException(path, "ends after " + i + " frames, frame " + wanted[done] + " was wanted");
            if (i == wanted[done]) pictures[done] = picture(wanted[done++]);
        }
    }

    private byte[] picture(int number) {
        // A decoder hides what it could not decode by copying neighbouring pixels, and marks the frame.
        if (frame.decode_error_flags() != 0 || (frame.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) != 0) {
            throw new VideoException(path, "frame " + number + " of " + frames + " is damaged; copy the file again or leave the clip out");
        }
        return copy.rgb(frame);
    }

    private int countByDecoding() {
        rewind(0);
        int n = 0;
        while (next()) n++;
        if (n == 0) throw new VideoException(path, "none of its " + index.packets() + " packets holds a frame that can be decoded");
        return n;
    }

    private void rewind(long time) {
        int result = av_seek_frame(format, stream.index(), time, AVSEEK_FLAG_BACKWARD);
        // Formats that cannot go back (single pictures, raw streams) are opened anew by their first byte.
        if (result < 0) Ffmpeg.check(path, av_seek_frame(format, stream.index(), 0, org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BYTE), "cannot go back to time " + time);
        avcodec_flush_buffers(codec);
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
        while (!draining) {
            int read = av_read_frame(format, packet);
            if (read == AVERROR_EOF) {
                draining = true;
                avcodec_send_packet(codec, null);
                return;
            }
            Ffmpeg.check(path, read, "reading fails half way");
            boolean ours = packet.stream_index() == stream.index();
            int sent = ours ? avcodec_send_packet(codec, packet) : 0;
            long at = packet.pos();
            av_packet_unref(packet);
            if (sent < 0) throw new VideoException(path, "damaged at byte " + at + ": " + Ffmpeg.text(sent));
            if (ours) return;
        }
    }

    @Override public void close() {
        if (closed) return;
        closed = true;
        release(packet, frame, codec, copy);
    }

    private void release(AVPacket p, AVFrame f, AVCodecContext c, PictureCopy k) {
        if (k != null) k.close();
        if (c != null) avcodec_free_context(c);
        av_frame_free(f);
        av_packet_free(p);
        if (!format.isNull()) avformat_close_input(format);
    }
}
