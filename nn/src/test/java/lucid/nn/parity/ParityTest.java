package lucid.nn.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.nn.model.Devices;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParityTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    static Stream<Arguments> cases() {
        return Stream.of("qwen2/tiny_tied_f32", "qwen2/tiny_untied_f32", "qwen2/tiny_bf16", "qwen2/lora_r4", "siglip/tiny", "siglip/odd",
                "siglip/interp",
            "tinyllava_video/one_video_16f", "tinyllava_video/batch_padded", "tinyllava_video/one_video_bf16")
                    .flatMap(name -> Stream.of(Devices.values()).map(device -> Arguments.of(name, device)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void golden(String name, Devices which) {
        try (Device device = which.open()) {
            check(name, device);
        }
    }

    /// Forward, loss and every gradient through the GPU's kernels alone, all checks of the emulator on.
    @ParameterizedTest
    @ValueSource(strings = {"qwen2/tiny_untied_f32", "qwen2/tiny_bf16", "qwen2/lora_r4", "siglip/odd", "siglip/interp",
            "tinyllava_video/one_video_16f", "tinyllava_video/batch_padded",
        "tinyllava_video/one_video_bf16"})
    void goldenOnTheEmulatedGpu(String name) {
        try (EmulatedGpu gpu = new EmulatedGpu(); Device device = new CudaDevice(gpu)) {
            check(name, device);
            assertTrue(gpu.launches() > 100, "launches: " + gpu.launches());
        }
    }

    static Stream<Arguments> tables() {
        return Stream.of("adamw", "sgd", "clip", "schedules").flatMap(name -> Stream.of(Devices.values()).map(device -> Arguments.of(name, device)));
    }

    @ParameterizedTest
    @MethodSource("tables")
    void table(String name, Devices which) {
        Path file = GOLDEN.resolve("optim/" + name + ".json");
        assertTrue(Parity.handlesTable(file));
        try (Device device = which.open()) {
            ParityReport report = Parity.runTable(file, device);
            System.out.println(device.name() + " " + report.summary());
            assertTrue(report.ok(), () -> report.summary() + "\n" + report.failures().stream().map(Object::toString)
                    .collect(Collectors.joining("\n")));
            assertEquals(name, report.name());
        }
    }

    private static void check(String name, Device device) {
        ParityReport report = Parity.run(GOLDEN.resolve(name), device);
        System.out.println(device.name() + " " + report.summary());
        assertTrue(report.ok(), () -> report.summary() + "\n" + report.failures().stream().map(Object::toString).collect(Collectors.joining("\n")));
        assertEquals(0, device.liveBytes(), "memory left behind");
    }

    @TempDir Path folder;

    @Test void whatIsNotComputedOrNotWithinToleranceFails() throws IOException {
        copy(GOLDEN.resolve("siglip/odd"), folder);
        Path file = folder.resolve("case.json");
        String json = Files.readString(file);
        try (Device device = new ReferenceDevice()) {
            Files.writeString(file, json.replace("\"features\": {", "\"featurez\": {"));
            ParityReport report = Parity.run(folder, device);
            assertFalse(report.ok());
            assertEquals(2, report.failures().size(), "the unknown name, and the tensor that lost its tolerance: " + report.failures());
            Files.writeString(file, json.replace("\"atol\": 3e-05", "\"atol\": 1e-12").replace("\"rtol\": 1e-05", "\"rtol\": 0"));
            assertFalse(Parity.run(folder, device).ok());
            Files.writeString(file, json.replace("\"kind\": \"siglip\"", "\"kind\": \"siglap\""));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Parity.run(folder, device)).getMessage().contains("siglap"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var all = Files.walk(from)) {
            for (Path p : all.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(p).toString());
                Files.createDirectories(target.getParent());
                Files.copy(p, target);
            }
        }
    }
}
