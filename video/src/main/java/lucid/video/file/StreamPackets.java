package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BYTE;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_ATTACHED_PIC;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;

import java.nio.file.Path;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.javacpp.PointerPointer;

/// The packets of a file's video stream, from its first or from a key frame on. FFmpeg promises little about where a seek lands: MPEG-TS seeks by
/// decoding time and to any packet, so that with B-frames a seek to a key frame's presentation time lands behind that frame. Here the packet that a
/// seek lands on is looked at, and the seek is repeated further back until it is right.
final class StreamPackets implements AutoCloseable {
    private final Path path;
    private final AVFormatContext format = new AVFormatContext(null);
    private final AVPacket packet = av_packet_alloc();
    /// Null where only the beginning is looked at.
    private final PacketIndex index;
    private AVStream stream;
    /// The packet that a seek landed on is read but not yet given out.
    private boolean waiting;

    /// Opens a file and lists its packets; [#rewind] or [#seek] comes before the first [#next].
    ///
    /// @throws VideoException not a video, no video stream, no frames, cut off
    StreamPackets(Path path) { this(path, true); }

    /// Opens a file and reads up to its stream's first packet; nothing else can be read from it.
    ///
    /// @throws VideoException not a video, no video stream, no frames
    static StreamPackets beginning(Path path) { return new StreamPackets(path, false); }

    private StreamPackets(Path path, boolean all) {
        this.path = path;
        boolean opened = false;
        try {
            open();
            index = all ? PacketIndex.scan(path, format, stream, packet) : null;
            if (!all && read() < 0) throw PacketIndex.noFrames(path);
            opened = true;
        } finally {
            if (!opened) close();
        }
    }

    private void open() {
        AVDictionary options = new AVDictionary(null);
        // A picture's name may contain %d without meaning a sequence; a playlist must not reach other places than files.
        av_dict_set(options, "pattern_type", "none", 0);
        av_dict_set(options, "protocol_whitelist", "file", 0);
        int result = avformat_open_input(format, Ffmpeg.url(path), null, options);
        av_dict_free(options);
        if (result < 0) throw unreadable("not a video that FFmpeg can read", result);
        result = avformat_find_stream_info(format, (PointerPointer<?>) null);
        if (result < 0) throw unreadable("no stream in it can be read", result);
        int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
        if (best < 0) throw new VideoException(path, "has no video stream (" + format.nb_streams() + " streams of other kinds), wanted one");
        for (int i = 0; i < format.nb_streams() && isCover(best); i++)
            if (format.streams(i).codecpar().codec_type() == AVMEDIA_TYPE_VIDEO && !isCover(i)) best = i;
        if (isCover(best)) throw new VideoException(path, "has no video stream, only a cover picture; wanted a clip");
        stream = format.streams(best);
    }

    // Of a recording: FFmpeg counts it among the video streams.
    private boolean isCover(int index) { return (format.streams(index).disposition() & AV_DISPOSITION_ATTACHED_PIC) != 0; }

    private VideoException unreadable(String what, int error) {
        return new VideoException(path, what + " (" + path.toFile().length() + " bytes): " + Ffmpeg.text(error)
                + "; wanted a whole clip or picture, for example mp4, mkv, webm or png");
    }

    /// The video stream; valid until the next [#rewind] or [#seek], which may open the file anew.
    AVStream stream() { return stream; }

    /// The frames that the packets carry.
    PacketIndex index() { return index; }

    /// FFmpeg's name of the container.
    String container() { return format.iformat().name().getString(); }

    /// Goes to the stream's first packet.
    void rewind() {
        if (!seekToStart() || !atStart()) {
            reopen();
            if (!atStart())
                throw new VideoException(path, "begins otherwise than when it was opened, wanted a file that does not change while it is read");
        }
        waiting = true;
    }

    private boolean seekToStart() {
        // Formats that cannot go back by time (single pictures, raw streams) go back by bytes.
        return seekTo(index.start().earliest(), AVSEEK_FLAG_BACKWARD) || seekTo(0, AVSEEK_FLAG_BYTE);
    }

    private boolean seekTo(long place, int how) { return stream != null && av_seek_frame(format, stream.index(), place, how) >= 0; }

    private boolean atStart() { return read() >= 0 && index.start().equals(PacketIndex.Start.of(packet)); }

    private void reopen() {
        av_packet_unref(packet);
        // No stream when the file is gone by now: a later call must not touch the closed one.
        stream = null;
        avformat_close_input(format);
        open();
    }

    /// Goes to the key frame shown at a time, or to an earlier one, or to the stream's first packet.
    ///
    /// @param key one of the index's key times
    void seek(long key) {
        int back = 1;
        for (int place = index.lastKeyUpTo(key); place > 0; place -= back, back *= 2) {
            if (!seekTo(index.keys()[place], AVSEEK_FLAG_BACKWARD)) break;
            if (readKey() && packet.pts() != AV_NOPTS_VALUE && packet.pts() <= key) {
                waiting = true;
                return;
            }
        }
        rewind();
    }

    /// Reads up to a key frame's packet: a seek may land between two, and what depends on a frame that was not decoded must not be decoded.
    private boolean readKey() {
        while (read() >= 0) if ((packet.flags() & AV_PKT_FLAG_KEY) != 0) return true;
        return false;
    }

    // Ogg has an empty packet where the last frame is shown once more; a decoder takes it for the end.
    private int read() {
        int result;
        do {
            av_packet_unref(packet);
            result = av_read_frame(format, packet);
        } while (result >= 0 && (packet.stream_index() != stream.index() || packet.size() == 0));
        return result;
    }

    /// The stream's next packet, valid until the next call; null at the end.
    AVPacket next() {
        if (waiting) {
            waiting = false;
            return packet;
        }
        int result = read();
        if (result == AVERROR_EOF) return null;
        Ffmpeg.check(path, result, "reading fails half way");
        return packet;
    }

    @Override public void close() {
        av_packet_free(packet);
        if (!format.isNull()) avformat_close_input(format);
    }
}
