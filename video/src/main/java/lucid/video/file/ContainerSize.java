package lucid.video.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import lucid.video.IoReason;
import lucid.video.VideoException;

/// Finds files that end too early. FFmpeg reads the front part of a cut-off Matroska or AVI file without a word; their first headers say how long
/// they should be.
final class ContainerSize {
    private static final int EBML = 0x1A45DFA3;
    private static final int SEGMENT = 0x18538067;
    private static final int RIFF = 0x52494646;
    private static final int FTYP = 0x66747970;
    private static final Set<String> BOXES = Set.of("ftyp", "styp", "moov", "moof", "mdat", "mfra", "meta", "free", "skip", "wide", "uuid", "udta",
            "sidx", "ssix", "prft", "emsg", "pdin");

    private ContainerSize() {}

    static void refuseCutOff(Path path) {
        try (FileChannel file = FileChannel.open(path)) {
            long wanted = announced(file);
            if (wanted > file.size())
                throw new VideoException(path, "cut off: found " + file.size() + " bytes, wanted the " + wanted
                        + " that its headers announce; copy the file again");
        } catch (IOException e) {
            throw new VideoException(path, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /// Bytes that the file should have at least; 0 when it is of another kind or does not say.
    private static long announced(FileChannel file) throws IOException {
        ByteBuffer head = at(file, 0);
        if (head.remaining() < 12) return 0;
        if (head.getInt(0) == EBML) return matroska(file, head);
        if (head.getInt(0) == RIFF) return riff(head);
        return head.getInt(4) == FTYP ? boxes(file) : 0;
    }

    private static ByteBuffer at(FileChannel file, long position) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(16);
        int got = 0;
        while (b.hasRemaining() && got >= 0) got = file.read(b, position + b.position());
        return b.flip();
    }

    // Sizes of streamed RIFF files are 0 or all ones.
    private static long riff(ByteBuffer head) {
        long size = Integer.toUnsignedLong(Integer.reverseBytes(head.getInt(4)));
        return size == 0 || size >= 0xFFFFFF00L ? 0 : 8 + size;
    }

    private static long matroska(FileChannel file, ByteBuffer head) throws IOException {
        long size = variable(head, 4);
        if (size < 0) return 0;
        long segment = 4 + length(head, 4) + size;
        ByteBuffer b = at(file, segment);
        if (b.remaining() < 12 || b.getInt(0) != SEGMENT) return 0;
        long body = variable(b, 4);
        return body < 0 ? 0 : segment + 4 + length(b, 4) + body;
    }

    /// Bytes of an EBML number: one more than the leading zero bits of its first byte.
    private static int length(ByteBuffer b, int at) { return Integer.numberOfLeadingZeros(b.get(at) & 255) - 23; }

    /// An EBML number, -1 for "unknown" (all ones).
    private static long variable(ByteBuffer b, int at) {
        int n = length(b, at);
        if (n > 8 || at + n > b.limit()) return -1;
        long value = b.get(at) & 255 & (1 << 8 - n) - 1;
        for (int i = 1; i < n; i++) value = value << 8 | b.get(at + i) & 255;
        return value == (1L << 7 * n) - 1 ? -1 : value;
    }

    /// ISO boxes follow one another: 4 bytes size, 4 bytes name, 8 bytes size where the first is 1; 0 means "to the end". Telephones append trailers
    /// that are no boxes: an unknown name ends the walk.
    private static long boxes(FileChannel file) throws IOException {
        long position = 0;
        while (position < file.size()) {
            ByteBuffer b = at(file, position);
            if (b.remaining() < 8 || !BOXES.contains(StandardCharsets.ISO_8859_1.decode(b.slice(4, 4)).toString())) return position;
            long size = Integer.toUnsignedLong(b.getInt(0));
            if (size == 0) return position;
            if (size == 1) size = b.remaining() < 16 ? 16 : b.getLong(8);
            if (size < 8 || size > Long.MAX_VALUE - position) return 0;
            position += size;
        }
        return position;
    }
}
