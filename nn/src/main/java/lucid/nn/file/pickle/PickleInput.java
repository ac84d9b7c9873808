package lucid.nn.file.pickle;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// A cursor over the bytes of one or several pickles. Every read is checked against the end before anything is allocated.
public final class PickleInput {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /// Nothing that a tensor file spells out (a name, a key, a device) is longer.
    private static final long MAX_TEXT = 1 << 16;

    private final String where;
    private final MemorySegment bytes;
    private long position;

    /// @param where file and, in an archive, entry: the start of every message
    public PickleInput(String where, MemorySegment bytes) {
        this.where = where;
        this.bytes = bytes;
    }

    /// First byte not yet read.
    public long position() { return position; }

    /// Bytes that were not read yet.
    public long remaining() { return bytes.byteSize() - position; }

    PickleException error(long at, String what) { return new PickleException(where + ", byte " + at + ": " + what); }

    private long advance(long count) {
        if (count < 0 || count > remaining())
            throw error(position, "found the end after " + remaining() + " bytes, wanted " + count + " more: truncated or damaged");
        long at = position;
        position += count;
        return at;
    }

    int u8() { return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xFF; }

    int u16() { return bytes.get(SHORT, advance(2)) & 0xFFFF; }

    int i32() { return bytes.get(INT, advance(4)); }

    /// The next 8 bytes, little-endian.
    public long i64() { return bytes.get(LONG, advance(8)); }

    /// Skips bytes and returns them as a view.
    public MemorySegment slice(long count) { return bytes.asSlice(advance(count), count); }

    /// Big-endian, unlike everything else in a pickle.
    double f64() { return Double.longBitsToDouble(Long.reverseBytes(i64())); }

    String utf8(long length) {
        long start = position;
        if (length < 0 || length > MAX_TEXT)
            throw error(start, "found a string of " + Long.toUnsignedString(length) + " bytes, wanted at most " + MAX_TEXT);
        byte[] raw = slice(length).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
        } catch (CharacterCodingException _) {
            throw error(start, "found a string that is not UTF-8");
        }
    }

    /// The rest of a line, as the operands of `GLOBAL` are written.
    String line() {
        long start = position;
        for (long n = 0; n <= MAX_TEXT && n < remaining(); n++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, start + n) != '\n') continue;
            String text = utf8(n);
            position++;
            return text;
        }
        throw error(start, "found no end of the line within " + Math.min(MAX_TEXT, remaining()) + " bytes");
    }

    /// Two's complement, little-endian.
    BigInteger integer(int length) {
        byte[] raw = slice(length).toArray(ValueLayout.JAVA_BYTE);
        for (int i = 0, j = raw.length - 1; i < j; i++, j--) {
            byte t = raw[i];
            raw[i] = raw[j];
            raw[j] = t;
        }
        return raw.length == 0 ? BigInteger.ZERO : new BigInteger(raw);
    }
}
