package lucid.nn.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/// Writes a zip archive of stored entries, as [StoredZip] reads it, piece by piece: an entry's header is written when its bytes have passed, because
/// it holds their checksum. The bytes of every entry begin at a multiple of 64, so that mapped tensors are aligned; what fills the gap is an extra
/// field, as in PyTorch's own files.
final class StoredZipWriter {
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_BYTES = 30;
    /// Of a zip64 field with both sizes, its own four bytes included.
    private static final int SIZES64 = 20;
    // 4.5 of the format: zip64. The flag says that names are UTF-8. The day is the format's first, 1980-01-01.
    private static final short VERSION = 45;
    private static final short UTF8 = 1 << 11;
    private static final short DAY = 1 << 5 | 1;
    private static final short FILLER = 0x4246;

    /// Writes an entry's bytes, in order, through the sink.
    @FunctionalInterface
    interface Content {
        void write(Sink sink) throws IOException;
    }

    /// Takes all that is left in a buffer.
    @FunctionalInterface
    interface Sink {
        void write(ByteBuffer bytes) throws IOException;
    }

    private record Entry(byte[] name, long header, long size, int crc) {}

    private final FileChannel channel;
    private final long full;
    private final List<Entry> entries = new ArrayList<>();
    private long end;

    /// @param full sizes and offsets from here on are in the zip64 fields; 2^32 - 1, or less in tests
    StoredZipWriter(FileChannel channel, long full) {
        this.channel = channel;
        this.full = full;
    }

    void add(String name, byte[] content) throws IOException { add(name, content.length, sink -> sink.write(ByteBuffer.wrap(content))); }

    void add(String name, long size, Content content) throws IOException {
        byte[] raw = name.getBytes(StandardCharsets.UTF_8);
        long header = end;
        int extra = size >= full ? SIZES64 : 0;
        int gap = (int) Math.floorMod(-(header + LOCAL_BYTES + raw.length + extra), (long) ALIGNMENT);
        // A field has four bytes of its own.
        if (gap > 0 && gap < 4) gap += ALIGNMENT;
        CRC32 crc = new CRC32();
        long data = header + LOCAL_BYTES + raw.length + extra + gap;
        long[] at = {data};
        content.write(bytes -> {
            crc.update(bytes.duplicate());
            at[0] += bytes.remaining();
            PieceWriter.writeFully(channel, bytes, at[0] - bytes.remaining());
        });
        if (at[0] - data != size) throw new IOException("entry " + name + ": found " + (at[0] - data) + " bytes, wanted " + size);
        Entry entry = new Entry(raw, header, size, (int) crc.getValue());
        PieceWriter.writeFully(channel, local(entry, extra, gap), header);
        entries.add(entry);
        end = at[0];
    }

    private ByteBuffer local(Entry e, int extra, int gap) {
        ByteBuffer out = little(LOCAL_BYTES + e.name.length + extra + gap);
        out.putInt(StoredZip.LOCAL);
        common(out, e, extra + gap).put(e.name);
        if (extra > 0) out.putShort((short) 1).putShort((short) 16).putLong(e.size).putLong(e.size);
        if (gap > 0) out.putShort(FILLER).putShort((short) (gap - 4));
        return out.clear();
    }

    /// The fields that local header and directory share, from the version that is needed to the length of the extra fields.
    private ByteBuffer common(ByteBuffer out, Entry e, int extra) {
        return out.putShort(VERSION).putShort(UTF8).putShort((short) 0).putShort((short) 0).putShort(DAY).putInt(e.crc).putInt(narrow(e.size))
                .putInt(narrow(e.size))
                .putShort((short) e.name.length).putShort((short) extra);
    }

    private int narrow(long v) { return v >= full ? -1 : (int) v; }

    /// Writes the directory and its end, always with the zip64 record, as PyTorch does.
    void finish() throws IOException {
        long directory = end;
        for (Entry e : entries) append(central(e));
        long size = end - directory;
        ByteBuffer out = little(56 + 20 + 22);
        out.putInt(StoredZip.END64).putLong(44).putShort(VERSION).putShort(VERSION).putInt(0).putInt(0).putLong(entries.size())
                .putLong(entries.size()).putLong(size).putLong(directory);
        out.putInt(StoredZip.LOCATOR64).putInt(0).putLong(end).putInt(1);
        short count = (short) Math.min(entries.size(), 0xFFFF);
        out.putInt(StoredZip.END).putInt(0).putShort(count).putShort(count).putInt(narrow(size)).putInt(narrow(directory)).putShort((short) 0);
        append(out.flip());
    }

    private ByteBuffer central(Entry e) {
        int wide = (e.size >= full ? 16 : 0) + (e.header >= full ? 8 : 0);
        int extra = wide == 0 ? 0 : 4 + wide;
        ByteBuffer out = little(46 + e.name.length + extra);
        out.putInt(StoredZip.CENTRAL).putShort(VERSION);
        // No comment, first disk, no attributes.
        common(out, e, extra).putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0).putInt(narrow(e.header)).put(e.name);
        if (wide > 0) out.putShort((short) 1).putShort((short) wide);
        if (e.size >= full) out.putLong(e.size).putLong(e.size);
        if (e.header >= full) out.putLong(e.header);
        return out.flip();
    }

    private static ByteBuffer little(int bytes) { return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN); }

    private void append(ByteBuffer bytes) throws IOException {
        int n = bytes.remaining();
        PieceWriter.writeFully(channel, bytes, end);
        end += n;
    }
}
