package lucid.grpo.cli.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.gpu.GpuUnavailableException;
import lucid.kernels.host.HostMemory;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryLimit;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DeviceOptionTest {
    private static MemoryLimit limit(String... words) { return CommandLine.populateCommand(new DeviceOption(), words).memory(); }

    @Test void theLimitIsOfTheMemoryThatTheDeviceHas() {
        assertEquals(MemoryLimit.host(HostMemory.physicalBytes()), limit());
        MemoryLimit emulated = limit("--device", "EMULATED");
        assertEquals(DeviceKind.CUDA, emulated.device());
        assertTrue(emulated.bytes() == HostMemory.physicalBytes() && emulated.toString().contains("the host's: an emulated GPU has none of its own"), emulated.toString());
        assertEquals(new MemoryLimit(DeviceKind.CUDA, 3L << 30, "of memory (--memory)"), limit("--device", "CUDA", "--memory", "3G"));
    }

    /// Without a GPU it says so; the host's memory is no answer.
    @Test void ofAGpuItIsWhatIsFree() {
        try {
            MemoryLimit gpu = limit("--device", "CUDA");
            assertTrue(gpu.bytes() > 0 && gpu.toString().endsWith(" free on GPU 0"), gpu.toString());
        } catch (GpuUnavailableException e) {
            assertTrue(e.getMessage().startsWith("no GPU: "), e.getMessage());
        }
    }
}
