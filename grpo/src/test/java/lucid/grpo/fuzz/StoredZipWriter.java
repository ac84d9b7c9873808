package lucid.grpo.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Zip archives of stored entries with sound checksums, with the narrow fields or with zip64's (APPNOTE 4.5.3): what a hostile writer would make, and
/// what PyTorch makes of storages beyond 4 GB.
final class StoredZipWriter {
    private StoredZipWriter() {}

    /// By the JDK's own reader; every checksum is checked.
    ///
    /// @throws IOException if it is no sound archive
    static Map<String, byte[]> read(byte[] zip) throws IOException {
        Path file = Files.createTempFile("archive", ".zip");
        Map<String, byte[]> out = new LinkedHashMap<>();
        try (ZipFile in = new ZipFile(Files.write(file, zip).toFile())) {
            for (ZipEntry e : Collections.list(in.entries())) {
                if (e.getSize() > 1 << 20) throw new IOException(e.getName() + ": " + e.getSize() + " bytes unpacked");
                byte[] data = in.getInputStream(e).readAllBytes();
                CRC32 crc = new CRC32();
                crc.update(data);
                if (e.getCrc() != crc.getValue()) throw new IOException(e.getName() + ": checksum");
                if (out.put(e.getName(), data) != null) throw new IOException(e.getName() + " is there twice");
            }
            return out;
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /// @param wide every size and offset in the zip64 fields, the narrow ones full
    static byte[] write(Map<String, byte[]> entries, boolean wide) {
        int room = 200;
        for (Map.Entry<String, byte[]> e : entries.entrySet()) room += 200 + 8 * e.getKey().length() + e.getValue().length;
        ByteBuffer out = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer directory = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
        entries.forEach((name, data) -> entry(out, directory, name.getBytes(StandardCharsets.UTF_8), data, wide));
        int from = out.position();
        out.put(directory.flip());
        int size = out.position() - from;
        if (wide) {
            int end64 = out.position();
            out.putInt(0x06064B50).putLong(44).putShort((short) 45).putShort((short) 45).putInt(0).putInt(0).putLong(entries.size())
                    .putLong(entries.size()).putLong(size).putLong(from);
            out.putInt(0x07064B50).putInt(0).putLong(end64).putInt(1);
        }
        int count = wide ? 0xFFFF : entries.size();
        out.putInt(0x06054B50).putInt(0).putShort((short) count).putShort((short) count).putInt(wide ? -1 : size).putInt(wide ? -1 : from)
                .putShort((short) 0);
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    private static void entry(ByteBuffer out, ByteBuffer directory, byte[] name, byte[] data, boolean wide) {
        CRC32 crc = new CRC32();
        crc.update(data);
        int header = out.position();
        int narrow = wide ? -1 : data.length;
        out.putInt(0x04034B50).putShort((short) 45).putShort((short) 0).putShort((short) 0).putInt(0).putInt((int) crc.getValue()).putInt(narrow)
                .putInt(narrow)
                .putShort((short) name.length).putShort((short) (wide ? 20 : 0)).put(name);
        if (wide) out.putShort((short) 1).putShort((short) 16).putLong(data.length).putLong(data.length);
        out.put(data);
        directory.putInt(0x02014B50).putShort((short) 45).putShort((short) 45).putShort((short) 0).putShort((short) 0).putInt(0)
                .putInt((int) crc.getValue()).putInt(narrow).putInt(narrow)
                .putShort((short) name.length).putShort((short) (wide ? 28 : 0)).putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0)
                        .putInt(wide ? -1 : header).put(name);
        if (wide) directory.putShort((short) 1).putShort((short) 24).putLong(data.length).putLong(data.length).putLong(header);
    }
}
