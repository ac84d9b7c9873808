package lucid.grpo.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/// What some work forces to the disk, as the JVM's flight recorder sees it.
public final class Forced {
    private Forced() {}

    /// Folders whose list of names was forced, in the order of time; of those that are still there.
    public static List<Path> folders(Runnable work) throws IOException {
        Path file = Files.createTempFile("forced", ".jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.FileForce").withoutThreshold();
            recording.start();
            work.run();
            recording.stop();
            recording.dump(file);
            return RecordingFile.readAllEvents(file).stream().sorted(Comparator.comparing(RecordedEvent::getStartTime))
                    .map(e -> Path.of(e.getString("path"))).filter(Files::isDirectory).toList();
        } finally {
            Files.delete(file);
        }
    }
}
