package lucid.video.file;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP8;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import lucid.video.VideoException;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVRational;

/// Times of a stream's frames in order of presentation, from its packets (nothing is decoded). Headers cannot be asked: Matroska's does not say how
/// many frames there are.
///
/// @param times  presentation time of frame i in the stream's time base; empty when the packets do not tell, then frames have to be counted by
/// decoding
/// @param keys   times of the key frames, ascending
/// @param packets number of packets that carry a frame to be shown
/// @param start  the stream's first packet
/// @param decodingOrder whether the times ascend from packet to packet although the codec may show frames in another order than it decodes them: no
/// frame is shown out of order, or what wrote the file gave each the time of its packet, as when an AVI is packed into MP4 or Matroska
record PacketIndex(long[] times, long[] keys, int packets, Start start, boolean decodingOrder) {
    /// What tells the stream's first packet from later ones.
    record Start(long pts, long dts, long byteAt) {
        static Start of(AVPacket packet) { return new Start(packet.pts(), packet.dts(), packet.pos()); }

        /// A time that no packet of the stream precedes, as far as the first one tells; 0 when it has no times.
        long earliest() {
            if (pts == AV_NOPTS_VALUE || dts == AV_NOPTS_VALUE) return pts != AV_NOPTS_VALUE ? pts : dts != AV_NOPTS_VALUE ? dts : 0;
            return Math.min(pts, dts);
        }

        /// By place and time of presentation: decoding times are in part FFmpeg's guesses, which differ after a seek.
        @Override public boolean equals(Object o) { return o instanceof Start s && s.pts == pts && s.byteAt == byteAt; }

        @Override public int hashCode() { return Long.hashCode(31 * pts + byteAt); }
    }

    /// Reads all packets; the stream is at its end afterwards.
    static PacketIndex scan(Path path, AVFormatContext format, AVStream stream, AVPacket packet) {
        long[] times = new long[64];
        long[] keys = new long[16];
        int n = 0;
        int k = 0;
        Start start = null;
        // Invisible VP8 frames are packets of their own.
        boolean usable = stream.codecpar().codec_id() != AV_CODEC_ID_VP8;
        boolean ascending = stream.codecpar().video_delay() > 0;
        int result;
        while ((result = av_read_frame(format, packet)) >= 0) {
            boolean ours = packet.stream_index() == stream.index() && packet.size() > 0;
            if (ours && start == null) start = Start.of(packet);
            if (ours && (packet.flags() & AV_PKT_FLAG_DISCARD) == 0) {
                if (n == times.length) times = Arrays.copyOf(times, 2 * n);
                usable &= packet.pts() != AV_NOPTS_VALUE;
                ascending &= n == 0 || packet.pts() > times[n - 1];
                times[n++] = packet.pts();
                if ((packet.flags() & AV_PKT_FLAG_KEY) != 0) {
                    if (k == keys.length) keys = Arrays.copyOf(keys, 2 * k);
                    keys[k++] = packet.pts();
                }
            }
            av_packet_unref(packet);
        }
        if (result != AVERROR_EOF)
            throw new VideoException(path, "damaged or cut off after " + n + " frames: " + Ffmpeg.text(result)
                    + "; wanted a whole file, copy it again");
        if (n == 0) throw noFrames(path);
        times = Arrays.copyOf(times, n);
        keys = Arrays.copyOf(keys, k);
        Arrays.sort(times);
        Arrays.sort(keys);
        for (int i = 1; i < n; i++) usable &= times[i] != times[i - 1];
        return new PacketIndex(usable ? times : new long[0], keys, n, start, ascending);
    }

    static VideoException noFrames(Path path) { return new VideoException(path, "its video stream has no frames, wanted at least one"); }

    /// Frames per second by their times, where these are known and there are two at least.
    ///
    /// @param unit of the times, in seconds
    OptionalDouble rate(AVRational unit) {
        int last = times.length - 1;
        return last < 1 ? OptionalDouble.empty() : OptionalDouble.of((double) last * unit.den() / ((double) (times[last] - times[0]) * unit.num()));
    }

    /// Whether frames are shown before the first key frame is: in a recording that was switched on in the middle, and in a clip that was cut out
    /// without being encoded again.
    boolean beginsInTheMiddle() { return times.length > 0 && (keys.length == 0 || times[0] < keys[0]); }

    /// The same without the frames before a time.
    PacketIndex from(long time) {
        int at = Arrays.binarySearch(times, time);
        return at <= 0 ? this : new PacketIndex(Arrays.copyOfRange(times, at, times.length), keys, packets, start, decodingOrder);
    }

    /// The same of times that cannot be relied on.
    PacketIndex withoutTimes() { return new PacketIndex(new long[0], keys, packets, start, decodingOrder); }

    /// Place of the last key frame that is not shown after a time; -1 when there is none.
    int lastKeyUpTo(long time) {
        int at = Arrays.binarySearch(keys, time);
        return at >= 0 ? at : -at - 2;
    }
}
