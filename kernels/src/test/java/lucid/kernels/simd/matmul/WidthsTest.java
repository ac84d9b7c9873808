package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The chains of the matrix products, shape by shape, at every vector width and not only at this machine's: a width is fixed for the life of a
/// process, so each gets a JVM. Tiles, strips and the rows that fill a vector differ from width to width; hashes of a few shapes did not see a fault
/// of one of them.
class WidthsTest {
    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {128, 256, 512})
    void matrixProductsAreTheirChains(int bits) throws Exception {
        for (Class<?> tests : List.of(MatMulChainTest.class, PackedWeightTest.class))
            assertEquals("" + TestMethods.of(tests).size(), run(tests, bits));
    }

    private static String run(Class<?> tests, int bits) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-Dlucid.") && !flag.startsWith("-javaagent") && !flag.startsWith("-agentlib") && !flag.startsWith("-Xmx"))
                command.add(flag);
        }
        command.addAll(List.of("-Xmx1g", "-Dlucid.vectorBits=" + bits, "-cp", System.getProperty("java.class.path"), TestMethods.class.getName(),
                tests.getName(), "" + bits));
        Path errors = Files.createTempFile("widths", ".txt");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> tests.getSimpleName() + " with " + bits + "-bit vectors: " + text(errors));
        Files.delete(errors);
        return output;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
