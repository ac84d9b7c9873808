package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Polite kills of a process that works on.
class InterruptionTest {
    @Test void theFirstIsWaitedForWithoutEndAndTheSecondEndsAtOnce() throws IOException, InterruptedException {
        assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "there every kill is the last");
        Process work = new ProcessBuilder(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), Work.class.getName())).start();
        try (BufferedReader said = work.inputReader(StandardCharsets.UTF_8)) {
            assertEquals("working", said.readLine());
            work.toHandle().destroy();
            assertEquals("asked to end", said.readLine());
            // A wait with a limit would be TIMED_WAITING.
            assertEquals("the end waits: WAITING", said.readLine());
            assertTrue(work.isAlive());
            work.toHandle().destroy();
            assertTrue(work.waitFor(20, TimeUnit.SECONDS), "the second did not end it");
            assertNotEquals(0, work.exitValue());
        } finally {
            work.destroyForcibly();
        }
    }

    /// Never ends by itself.
    static final class Work {
        public static void main(String[] args) throws InterruptedException {
            try (Interruption interruption = Interruption.of(() -> System.out.println("asked to end"))) {
                System.out.println("working");
                while (!interruption.asked()) Thread.sleep(10);
                System.out.println("the end waits: " + waiting());
                Thread.sleep(Long.MAX_VALUE);
            }
        }

        // The state of the thread that stands in the hook, once it does.
        private static Thread.State waiting() throws InterruptedException {
            while (true) {
                for (var thread : Thread.getAllStackTraces().entrySet()) {
                    boolean hook = thread.getKey() != Thread.currentThread() && Arrays.stream(thread.getValue())
                            .anyMatch(f -> f.getClassName().equals(Interruption.class.getName()));
                    boolean stands = thread.getKey().getState() == Thread.State.WAITING || thread.getKey().getState() == Thread.State.TIMED_WAITING;
                    if (hook && stands) return thread.getKey().getState();
                }
                Thread.sleep(10);
            }
        }
    }
}
