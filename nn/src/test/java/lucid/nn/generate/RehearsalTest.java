package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    @TempDir Path folder;

    /// Sizes of the published model, but for a smaller picture.
    private static TinyLlavaConfig config(int visionHidden, int positions) {
        Qwen2Config text = new Qwen2Config(151936, 2048, 11008, 36, 16, 2, 128, 1e-6f, 1e6, positions, true, 0.02, 151643);
        SiglipVisionConfig vision = new SiglipVisionConfig(visionHidden, 4304, 27, 16, 56, 14, 1e-6f);
        return new TinyLlavaConfig(text, vision, new ResamplerConfig(visionHidden, 2048, 2, 32, 3, 8, 64, 4), 3072, -200, -100, -2, true,
                TinyLlavaConfig.PaddingSide.RIGHT, 151643);
    }

    private Rehearsal start(Device device, TinyLlavaConfig config) {
        config.write(folder);
        return Rehearsal.start(device, folder);
    }

    @Test
    void aSmallModelHasTheHeadsOfTheLargeOne() {
        TinyLlavaConfig small = Rehearsal.small(config(1152, 32768));
        assertEquals(72, small.vision().headDim());
        assertEquals(128, small.text().headDim());
        assertEquals(8, small.text().heads() / small.text().kvHeads());
        assertEquals(56, small.vision().imageSize());
    }

    @Test
    void playsToItsEnd() {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            try (Device device = new SimdDevice(1); Rehearsal rehearsal = start(device, config(1152, 32768))) {
                assertTrue(rehearsal.playing());
                rehearsal.awaitSeeing();
                assertEquals(Rehearsal.PASSES, rehearsal.passes());
                while (rehearsal.playing()) Thread.sleep(1);
                assertEquals(Rehearsal.TURNS, rehearsal.turns());
                assertNull(rehearsal.failure());
            }
        });
    }

    @Test
    void endsSoonWhenNobodyWantsIt() {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            try (Device device = new SimdDevice(1)) {
                Rehearsal rehearsal = start(device, config(1152, 32768));
                rehearsal.close();
                rehearsal.awaitSeeing();
                while (rehearsal.playing()) Thread.sleep(1);
                assertEquals(0, rehearsal.turns());
            }
        });
    }

    @Test
    void isNotForSmallModelsNorForOtherDevicesNorForWhatIsNoModel() throws Exception {
        try (Device simd = new SimdDevice(1); Device reference = new ReferenceDevice()) {
            for (Rehearsal none : new Rehearsal[] {start(simd, config(192, 32768)), start(reference, config(1152, 32768))}) {
                assertFalse(none.playing());
                none.awaitSeeing();
            }
            Files.writeString(folder.resolve("config.json"), "{");
            assertFalse(Rehearsal.start(simd, folder).playing());
            assertFalse(Rehearsal.start(simd, folder.resolve("nowhere")).playing());
        }
    }

    @Test
    void aFailureIsSilent() {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, e) -> thrown.set(e));
        // Fewer positions than the clip's rows need.
        try (Device device = new SimdDevice(1); Rehearsal rehearsal = start(device, config(1152, 8))) {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
                rehearsal.awaitSeeing();
                while (rehearsal.playing()) Thread.sleep(1);
                assertTrue(rehearsal.failure().getMessage().contains("max_position_embeddings 8"), rehearsal.failure().getMessage());
                assertEquals(Rehearsal.PASSES, rehearsal.passes());
            });
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertNull(thrown.get());
    }
}
