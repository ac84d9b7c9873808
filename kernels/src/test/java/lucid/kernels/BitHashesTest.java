package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The same bits at every vector width and thread count, shown by JVMs of their own: a width is fixed for the life of a process.
class BitHashesTest {
    /// With one source for each permute, as on ARM, too.
    @ParameterizedTest(name = "{0} bits, {1} threads, {2} sources")
    @CsvSource({"128,1,x86", "256,3,x86", "512,2,x86", "128,2,arm", "256,1,arm"})
    void widthsAndThreadsDoNotShow(int bits, int threads, String isa) throws Exception {
        Map<String, String> wanted;
        try (SimdDevice device = new SimdDevice(2)) {
            wanted = BitHashes.hashes(device);
        }
        assertEquals(wanted, child(bits, threads, isa));
    }

    /// The hashes of a child JVM that has this one's flags.
    private static Map<String, String> child(int bits, int threads, String isa) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-Dlucid.") && !flag.startsWith("-javaagent") && !flag.startsWith("-agentlib") && !flag.startsWith("-Xmx"))
                command.add(flag);
        }
        command.addAll(List.of("-Xmx1g", "-Dlucid.vectorBits=" + bits, "-Dlucid.isa=" + isa, "-cp", System.getProperty("java.class.path"),
                BitHashes.class.getName(), "" + threads));
        Path errors = Files.createTempFile("bit-hashes", ".txt");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> "a JVM with " + bits + "-bit vectors failed; its output: " + output + ", its errors in " + errors);
        Files.delete(errors);
        Map<String, String> hashes = new LinkedHashMap<>();
        output.lines().map(line -> line.split(" ")).forEach(pair -> hashes.put(pair[0], pair[1]));
        return hashes;
    }
}
