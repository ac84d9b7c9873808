package lucid.kernels.gpu.nvidia;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Loads JCuda's native parts safely. JCuda unpacks a library to a fixed name in the temporary folder, without a lock: two processes that start
/// together crash on a half-written file, and a truncated leftover crashes every later start. So it gets a folder of this process alone while it
/// loads.
final class JCudaNatives {
    private JCudaNatives() {}

    /// @param what  for messages: which library
    /// @param todo  what the user can do when it cannot be loaded
    /// @param touch the first call of a class whose static part loads the library
    /// @throws GpuUnavailableException naming the file that is missing
    static synchronized void load(String what, String todo, Runnable touch) {
        String usual = System.getProperty("java.io.tmpdir");
        Path own = null;
        try {
            own = Files.createTempDirectory("lucid-jcuda");
            System.setProperty("java.io.tmpdir", own.toString());
            touch.run();
        } catch (IOException e) {
            throw new GpuUnavailableException(what + " cannot be unpacked to " + usual + " (" + e.getMessage() + ")",
                    "make room there, or set -Djava.io.tmpdir", e);
        } catch (LinkageError e) {
            throw new GpuUnavailableException(what + " cannot be loaded (" + reason(e) + ")", todo, e);
        } finally {
            System.setProperty("java.io.tmpdir", usual);
            if (own != null) delete(own);
        }
    }

    /// The line of JCuda's long message that names the file: the loader's own words, from the second of its two attempts.
    private static String reason(LinkageError e) {
        List<String> lines = String.valueOf(e.getMessage()).lines()
                .filter(l -> l.contains("cannot open") || l.contains("not found") || l.contains("Can't load") || l.contains("no J")).toList();
        String line = lines.isEmpty() ? e.toString() : lines.getLast().strip();
        int colon = line.indexOf("UnsatisfiedLinkError: ");
        return colon < 0 ? line : line.substring(colon + 22);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) Files.delete(file);
            Files.delete(folder);
        } catch (IOException e) {
            // Windows keeps a loaded library's file locked; it goes with the process.
            folder.toFile().deleteOnExit();
        }
    }
}
