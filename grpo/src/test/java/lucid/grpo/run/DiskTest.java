package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTest {
    @TempDir Path dir;

    /// As a run writes its report when `lucid report` has been asked for it.
    @Test void twoMayWriteOneFileAtATime() throws Exception {
        Path file = dir.resolve("report.html");
        try (ExecutorService writers = Executors.newFixedThreadPool(2)) {
            List<Future<?>> both = List.of(writers.submit(() -> write(file)), writers.submit(() -> write(file)));
            for (Future<?> one : both) one.get();
        }
        assertEquals(List.of(file), Disk.list(dir, _ -> true));
    }

    private static void write(Path file) {
        for (int i = 0; i < 100; i++) Disk.text(file, "a page");
    }

    @Test void namesOfNewFoldersAreForced() throws IOException {
        Path deep = dir.resolve("a/b");
        List<Path> forced = Forced.folders(() -> Disk.text(deep.resolve("file"), "text"));
        assertEquals(List.of(dir, dir.resolve("a"), deep), forced);
        assertEquals(List.of(deep), Forced.folders(() -> Disk.text(deep.resolve("file"), "text")), "the folders are there");
    }
}
