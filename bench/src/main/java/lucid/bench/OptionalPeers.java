package lucid.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.openjdk.jmh.runner.BenchmarkListEntry;

/// Peers that are too heavy for everybody's build: libtorch, through DJL. `mvn -Ppeers` builds them in a folder of their own
/// (`bench/peers/libtorch`); nothing else changes.
final class OptionalPeers {
    private static final String LIBTORCH = "libtorch";
    private static final String SUFFIX = "_" + LIBTORCH;
    /// The benchmarks that need them.
    static final String METHODS = SUFFIX + "$";
    private static final String LIST = "dependencies.classpath";
    private static final String CLASS_PATH = "java.class.path";

    private OptionalPeers() {}

    /// Puts them on the class path of JMH's processes.
    ///
    /// @return whether they can be measured
    static boolean open(int forks) {
        Optional<String> found = forks == 0 ? Optional.empty() : libtorch(classes());
        // JMH starts its processes with what this property says.
        found.ifPresent(more -> System.setProperty(CLASS_PATH, System.getProperty(CLASS_PATH) + File.pathSeparator + more));
        return found.isPresent();
    }

    /// What to do for a column that the table could have and has not, or null.
    static String missing(BenchTable table, int forks) {
        Set<String> known = Selection.all(List.of()).map(BenchmarkListEntry::getUsername).filter(m -> m.endsWith(SUFFIX)).map(BenchTable::kernel)
                .collect(Collectors.toSet());
        // A kernel's peer may lack some of its parameters; what is missing has no row with it.
        Set<String> measured = table.rows().stream().filter(r -> r.peers().containsKey(LIBTORCH)).map(BenchTable.Row::kernel)
                .collect(Collectors.toSet());
        Optional<String> wanted = table.rows().stream().map(BenchTable.Row::kernel).filter(k -> known.contains(k) && !measured.contains(k))
                .findFirst();
        if (wanted.isEmpty()) return null;
        return libtorch(classes()).isPresent() ? "libtorch is measured in processes of its own only: --forks 1"
                + (forks > 0 ? ", and a pattern that chooses " + wanted.get() + SUFFIX + " too" : "")
                : "libtorch is not among the peers; for its column run once (110 MB from Maven Central):  mvn -Ppeers -DskipTests package";
    }

    /// The class path of libtorch's peer, if it was built.
    ///
    /// @param classes of this module, `bench/target/classes`
    static Optional<String> libtorch(Path classes) {
        Path built = classes.resolve("../../peers/libtorch/target").normalize();
        try {
            if (!Files.isRegularFile(built.resolve(LIST)) || !Files.isDirectory(built.resolve("classes"))) return Optional.empty();
            return Optional.of(built.resolve("classes") + File.pathSeparator + Files.readString(built.resolve(LIST)).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(built + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static Path classes() {
        try {
            return Path.of(OptionalPeers.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the place of lucid.bench is not a path", e);
        }
    }
}
