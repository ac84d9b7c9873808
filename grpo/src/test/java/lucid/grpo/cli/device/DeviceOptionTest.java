package lucid.grpo.cli.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.grpo.console.UsageException;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.gpu.nvidia.GpuUnavailableException;
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
        assertTrue(emulated.bytes() == HostMemory.physicalBytes() && emulated.toString().contains("the host's: an emulated GPU has none of its own"),
                emulated.toString());
        assertEquals(new MemoryLimit(DeviceKind.CUDA, 3L << 30, "of memory (--memory)"), limit("--device", "CUDA", "--memory", "3G"));
    }

    /// A plan that fits is worth nothing where as much again is kept beside it.
    @Test void closedBuffersAreNotKeptBeyondTheLimit() {
        try (Device device = CommandLine.populateCommand(new DeviceOption(), "--memory", "400M").open()) {
            for (long millions = 1; millions <= 40; millions++) device.allocate(DType.F32, millions * 1_000_000).close();
            long held = ((SimdDevice) device).heldBytes();
            assertTrue(held <= 160_000_000 * 9 / 8, held + " bytes, of which the last buffer had 160 million");
        }
    }

    private static void refused(String message, String... words) {
        DeviceOption option = new DeviceOption();
        new CommandLine(option).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(words);
        assertEquals(message, assertThrows(UsageException.class, option::open).getMessage());
    }

    @Test void whatWouldHaveNoEffectIsRefused() {
        refused("--gpu 1 with --device AUTO, which computes on none; wanted --device CUDA, or no --gpu", "--gpu", "1");
        refused("--gpu 0 with --device EMULATED, which computes on none; wanted --device CUDA, or no --gpu", "--gpu", "0", "--device", "emulated");
        refused("--kernels sm_80 with --matmul EXACT, which has no kernels for newer GPUs; wanted --matmul TENSOR, or no --kernels", "--kernels",
                "sm_80", "--device", "emulated");
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
