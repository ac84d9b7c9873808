package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardEventsTest {
    @Test void framesAndChecksumsAreThoseOfTheFormat(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("events");
        try (var events = new TensorBoardEvents(file)) {
            events.scalars(300, Map.of("reward", 1.5));
        }
        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] version = frame(b);
        assertEquals("brain.Event:2", new String(version, version.length - 13, 13, StandardCharsets.US_ASCII));
        byte[] event = frame(b);
        assertEquals(0, b.remaining());
        // wall_time (9 bytes), then step = 300 as a varint of field 2, then summary { value { tag "reward", simple_value 1.5 } }
        assertEquals(0x10, event[9]);
        assertEquals(300, event[10] & 0x7F | (event[11] & 0x7F) << 7);
        assertEquals("reward", new String(event, 18, 6, StandardCharsets.US_ASCII));
        assertEquals(1.5f, ByteBuffer.wrap(event).order(ByteOrder.LITTLE_ENDIAN).getFloat(event.length - 4));
    }

    private static byte[] frame(ByteBuffer b) {
        byte[] length = new byte[8];
        b.get(length);
        assertEquals(TensorBoardEvents.maskedCrc(length), b.getInt());
        byte[] data = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
        b.get(data);
        assertEquals(TensorBoardEvents.maskedCrc(data), b.getInt());
        return data;
    }

    /// CRC-32C of "123456789" is E3069283 (RFC 3720); the mask rotates by 15 and adds a constant.
    @Test void maskedCrcOfTheStandardCheck() {
        assertEquals(Integer.rotateRight(0xE3069283, 15) + 0xA282EAD8, TensorBoardEvents.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)));
    }
}
