package lucid.nn.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The directory of a zip archive whose entries are all stored as they are, as PyTorch writes them, so that each is a slice of the mapped file.
/// Compressed entries are refused, and with them every zip bomb. Format: PKWARE APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central
/// directory), 4.3.14-16 (ends), 4.5.3 (zip64).
final class StoredZip {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final int LOCAL = 0x04034B50;
    static final int CENTRAL = 0x02014B50;
    static final int END = 0x06054B50;
    static final int END64 = 0x06064B50;
    static final int LOCATOR64 = 0x07064B50;
    /// An entry per storage: the largest published models have about a hundred thousand, in shards.
    static final long MAX_ENTRIES = 1 << 18;
    private static final long FULL = 0xFFFFFFFFL;

    /// @param header first byte of the local header
    /// @param data   the entry's bytes, mapped
    record Entry(String name, long header, long crc, MemorySegment data) {}

    private final Path path;
    private final MemorySegment all;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private long directory;

    private StoredZip(Path path, MemorySegment all) {
        this.path = path;
        this.all = all;
    }

    /// Reads and checks the directory: no entry is named twice, none overlaps another, all lie before the directory.
    static Map<String, Entry> read(Path path, MemorySegment all) {
        StoredZip zip = new StoredZip(path, all);
        zip.readDirectory();
        zip.requireDisjoint();
        return zip.entries;
    }

    private WeightFileException bad(long at, String what) { return WeightFileException.of(path, "zip archive, byte " + at + ": " + what); }

    private int u16(long at) { return all.get(SHORT, at) & 0xFFFF; }

    private long u32(long at) { return all.get(INT, at) & FULL; }

    private void require(long at, long count, String what) {
        if (at < 0 || count < 0 || at > all.byteSize() || count > all.byteSize() - at) {
            throw bad(at, "found the end of the file's " + all.byteSize() + " bytes, wanted " + count + " of " + what + ": truncated or damaged");
        }
    }

    // Its comment is empty in PyTorch's files; an end that is searched for could be forged inside one.
    private void readDirectory() {
        long end = all.byteSize() - 22;
        if (end < 0 || all.get(INT, end) != END || u16(end + 20) != 0)
            throw bad(Math.max(0, end), "found no end of the directory in the last 22 bytes: truncated, or not made by PyTorch");
        if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != u16(end + 10)) throw bad(end, "found an archive in several parts, wanted one");
        long count = u16(end + 10);
        long size = u32(end + 12);
        directory = u32(end + 16);
        long directoryEnd = end;
        if (end >= 20 && all.get(INT, end - 20) == LOCATOR64) {
            long end64 = all.get(LONG, end - 12);
            require(end64, 56, "the zip64 end");
            if (all.get(INT, end64) != END64 || all.get(LONG, end64 + 4) != end - 20 - 12 - end64)
                throw bad(end64, "found no zip64 end of the directory right before its locator");
            agree(end, "number of entries", count, 0xFFFF, all.get(LONG, end64 + 32));
            agree(end, "directory size", size, FULL, all.get(LONG, end64 + 40));
            agree(end, "directory offset", directory, FULL, all.get(LONG, end64 + 48));
            count = all.get(LONG, end64 + 32);
            size = all.get(LONG, end64 + 40);
            directory = all.get(LONG, end64 + 48);
            directoryEnd = end64;
        }
        if (count < 0 || count > MAX_ENTRIES) throw bad(end, "found " + Long.toUnsignedString(count) + " entries, wanted at most " + MAX_ENTRIES);
        require(directory, size, "the directory");
        if (directory + size != directoryEnd)
            throw bad(directory, "found a directory of " + size + " bytes, wanted " + (directoryEnd - directory) + " up to its end record");
        long at = directory;
        for (long i = 0; i < count; i++) at = readEntry(at, directoryEnd);
        if (at != directoryEnd) throw bad(at, "found " + (directoryEnd - at) + " bytes after the directory's " + count + " entries");
    }

    private void agree(long at, String what, long narrow, long full, long wide) {
        if (narrow != full && narrow != wide)
            throw bad(at, "found two values of the " + what + ", " + narrow + " and " + Long.toUnsignedString(wide) + ", wanted equal ones");
    }

    private long readEntry(long at, long directoryEnd) {
        require(at, 46, "a directory entry");
        if (at + 46 > directoryEnd || all.get(INT, at) != CENTRAL) throw bad(at, "found no directory entry");
        int nameLength = u16(at + 28);
        int extraLength = u16(at + 30);
        long next = at + 46 + nameLength + extraLength + u16(at + 32);
        if (next > directoryEnd) throw bad(at, "found a directory entry that is longer than the directory");
        String name = name(at + 46, nameLength);
        int flags = u16(at + 8);
        if ((flags & 0x2041) != 0) throw bad(at, "entry \"" + name + "\": found encryption, wanted none");
        if (u16(at + 10) != 0) {
            throw bad(at, "entry \"" + name + "\": found compression method " + u16(at + 10)
                    + ", wanted 0: tensors stored as they are, which torch.save does. Nothing was unpacked");
        }
        long[] sizes = {u32(at + 24), u32(at + 20), u32(at + 42)};
        widen(name, sizes, at + 46 + nameLength, extraLength);
        if (sizes[0] != sizes[1]) throw bad(at, "entry \"" + name + "\": found " + sizes[1] + " stored bytes of " + sizes[0] + ", wanted as many");
        Entry entry = new Entry(name, sizes[2], u32(at + 16), local(name, sizes[2], sizes[0], u32(at + 16)));
        if (entries.putIfAbsent(name, entry) != null) throw bad(at, "entry \"" + name + "\" is there twice");
        return next;
    }

    /// Replaces sizes that say 0xFFFFFFFF by those of the zip64 extra field, which has only these, in this order.
    private void widen(String name, long[] sizes, long extra, int length) {
        for (long at = extra; at + 4 <= extra + length; at += 4 + u16(at + 2)) {
            if (u16(at) != 1) continue;
            long field = at + 4;
            long fieldEnd = field + u16(at + 2);
            // Two sizes, an offset, a disk number: each that is there is whole.
            if (fieldEnd > extra + length || !List.of(8, 16, 24, 28).contains(u16(at + 2)))
                throw bad(at, "entry \"" + name + "\": found a zip64 field of " + u16(at + 2) + " bytes, wanted 8, 16, 24 or 28");
            for (int i = 0; i < sizes.length; i++) {
                if (sizes[i] != FULL) continue;
                if (field + 8 > Math.min(fieldEnd, extra + length)) throw bad(at, "entry \"" + name + "\": found a zip64 field that is too short");
                sizes[i] = all.get(LONG, field);
                field += 8;
            }
            return;
        }
    }

    private String name(long at, int length) {
        byte[] raw = all.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
        } catch (CharacterCodingException e) {
            throw new WeightFileException(path + ": zip archive, byte " + at + ": found an entry's name that is not UTF-8", e);
        }
    }

    private MemorySegment local(String name, long header, long size, long crc) {
        require(header, 30, "entry \"" + name + "\"");
        if (all.get(INT, header) != LOCAL) throw bad(header, "entry \"" + name + "\": found no local header");
        int nameLength = u16(header + 26);
        require(header + 30, nameLength + (long) u16(header + 28), "the header of \"" + name + "\"");
        if (!name(header + 30, nameLength).equals(name) || u16(header + 8) != 0)
            throw bad(header, "entry \"" + name + "\": its local header says something else than the directory");
        boolean sizesFollow = (u16(header + 6) & 8) != 0;
        if (!sizesFollow && (u32(header + 14) != crc || u32(header + 22) != FULL && u32(header + 22) != size)) {
            throw bad(header, "entry \"" + name + "\": its local header says " + u32(header + 22) + " bytes, wanted " + size
                    + " and the checksum of the directory");
        }
        long data = header + 30 + nameLength + u16(header + 28);
        require(data, size, "entry \"" + name + "\"");
        return all.asSlice(data, size);
    }

    private void requireDisjoint() {
        List<Entry> order = entries.values().stream().sorted(Comparator.comparingLong(Entry::header)).toList();
        long end = 0;
        String before = "the start of the file";
        for (Entry e : order) {
            if (e.header < end) throw bad(e.header, "entry \"" + e.name + "\" overlaps \"" + before + "\"");
            end = e.data.address() - all.address() + e.data.byteSize();
            before = e.name;
        }
        if (end > directory) throw bad(end, "entry \"" + before + "\" reaches into the directory");
    }
}
