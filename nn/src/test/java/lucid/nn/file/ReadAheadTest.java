package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadAheadTest {
    private static final int MEBI = 1 << 20;

    @TempDir Path folder;

    private MemorySegment mapped(Arena arena, int mebibytes) throws IOException {
        Path file = folder.resolve("weights");
        Files.write(file, new byte[mebibytes * MEBI]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    private static StoredTensor tensor(MemorySegment data) {
        return new StoredTensor(Path.of("weights"), "w", StoredType.U8, new long[] {data.byteSize()}, data);
    }

    @Test
    void readsPiecesAndTheirRest() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment data = mapped(arena, 11);
            ReadAhead ahead = ReadAhead.of(List.of(tensor(data.asSlice(0, 9 * MEBI + 5)), tensor(data.asSlice(9 * MEBI + 5)),
                    tensor(data.asSlice(0, 0))));
            Assertions.assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
                while (!ahead.done()) Thread.sleep(1);
            });
            assertTrue(data.isLoaded());
            ahead.close();
        }
    }

    @Test
    void filesMayBeClosedAfterItWhereverItIs() throws IOException {
        for (int i = 0; i < 20; i++) {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment data = mapped(arena, 32);
                ReadAhead ahead = ReadAhead.of(List.of(tensor(data), tensor(data), tensor(data)));
                ahead.close();
                assertTrue(ahead.done());
            }
        }
    }

    @Test
    void leavesOutWhatIsInMemory() {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, e) -> thrown.set(e));
        try {
            ReadAhead.of(List.of(tensor(MemorySegment.ofArray(new byte[MEBI])))).close();
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertNull(thrown.get());
    }
}
