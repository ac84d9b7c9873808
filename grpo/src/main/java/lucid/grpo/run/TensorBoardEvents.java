package lucid.grpo.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;
import lucid.nn.disk.IoReason;

/// Writes scalars as TensorBoard reads them: TFRecord frames (length, masked CRC-32C, bytes, masked CRC-32C) around hand-encoded `Event` messages
/// (wall_time = 1 double, step = 2 varint, file_version = 3 string, summary = 5 { value = 1 { tag = 1, simple_value = 2 float } }).
public final class TensorBoardEvents implements AutoCloseable {
    private final Path file;
    private final OutputStream out;

    /// Appends to the file, or begins it.
    public TensorBoardEvents(Path file) {
        this.file = file;
        try {
            boolean fresh = !Files.exists(file) || Files.size(file) == 0;
            out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            if (fresh) begin();
        } catch (IOException e) {
            throw new UncheckedIOException("could not open " + file + ": " + IoReason.of(e), e);
        }
    }

    private void begin() throws IOException {
        Message version = new Message();
        version.real(1, System.currentTimeMillis() / 1000.0);
        version.bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        try {
            record(version.toBytes());
        } catch (IOException e) {
            try (out) {
                throw e;
            }
        }
    }

    /// All scalars of one step.
    public void scalars(long step, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((tag, value) -> {
            Message v = new Message();
            v.bytes(1, tag.getBytes(StandardCharsets.UTF_8));
            v.single(2, value.floatValue());
            summary.bytes(1, v.toBytes());
        });
        Message event = new Message();
        event.real(1, System.currentTimeMillis() / 1000.0);
        event.varint(2, step);
        event.bytes(5, summary.toBytes());
        try {
            record(event.toBytes());
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file + ": " + IoReason.of(e), e);
        }
    }

    private void record(byte[] data) throws IOException {
        byte[] length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, data.length).array();
        ByteBuffer frame = ByteBuffer.allocate(16 + data.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.put(length).putInt(maskedCrc(length)).put(data).putInt(maskedCrc(data));
        out.write(frame.array());
    }

    // The mask keeps a checksum of data that itself holds checksums from being weak (TFRecord format).
    static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        int c = (int) crc.getValue();
        return Integer.rotateRight(c, 15) + 0xA282EAD8;
    }

    @Override public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException("could not close " + file + ": " + IoReason.of(e), e);
        }
    }

    /// The four field kinds of protobuf that an event needs.
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void varint(int field, long value) {
            raw(field << 3);
            raw(value);
        }

        void real(int field, double value) {
            raw(field << 3 | 1);
            bytes.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, value).array());
        }

        void single(int field, float value) {
            raw(field << 3 | 5);
            bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, value).array());
        }

        void bytes(int field, byte[] value) {
            raw(field << 3 | 2);
            raw(value.length);
            bytes.writeBytes(value);
        }

        private void raw(long v) {
            for (; (v & ~0x7FL) != 0; v >>>= 7) bytes.write((int) (v & 0x7F | 0x80));
            bytes.write((int) v);
        }

        byte[] toBytes() { return bytes.toByteArray(); }
    }
}
