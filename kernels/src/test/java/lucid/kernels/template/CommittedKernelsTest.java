package lucid.kernels.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The committed `.ptx` files are exactly what the templates make.
class CommittedKernelsTest {
    private static final Path TEMPLATES = Path.of("src/main/ptx");
    private static final Path KERNELS = Path.of("src/main/resources/lucid/kernels/cuda");
    private static final String AGAIN = "; write them again: java -cp target/classes lucid.kernels.template.TemplateTool " + TEMPLATES
            + " " + KERNELS;

    @Test void everyFileIsWhatItsTemplateMakes() throws IOException {
        Map<String, String> made = TemplateTool.expandAll(TEMPLATES);
        assertFalse(made.isEmpty(), "no template makes a kernel");
        TreeSet<String> committed = new TreeSet<>();
        try (Stream<Path> files = Files.list(KERNELS)) {
            files.map(f -> f.getFileName().toString()).forEach(committed::add);
        }
        assertEquals(new TreeSet<>(made.keySet()), committed, "names of the committed files differ from what the templates make" + AGAIN);
        for (Map.Entry<String, String> e : made.entrySet()) {
            assertEquals(e.getValue(), Files.readString(KERNELS.resolve(e.getKey())), e.getKey() + " is not what its template makes" + AGAIN);
        }
    }
}
