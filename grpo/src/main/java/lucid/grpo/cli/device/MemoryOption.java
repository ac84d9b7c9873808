package lucid.grpo.cli.device;

import lucid.kernels.host.HostMemory;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryLimit;
import picocli.CommandLine.Option;

/// `--memory`, the same on every command that plans before it begins.
public final class MemoryOption {
    @Option(names = "--memory", paramLabel = "SIZE", converter = MemorySize.class,
            description = "Most memory to use, 20G say (default: the machine's; with --device CUDA what is free on the GPU). What is known to need "
            + "more is refused before it begins, with a table of what needs what.")
    private Long memory;

    /// Whether the command line says it.
    public boolean given() { return memory != null; }

    /// What the command line allows; null: it says nothing.
    MemoryLimit of(DeviceKind device) { return memory == null ? null : new MemoryLimit(device, memory, "of memory (--memory)"); }

    /// The memory that work on the CPU may take.
    public MemoryLimit host() { return given() ? of(DeviceKind.CPU) : MemoryLimit.host(HostMemory.physicalBytes()); }
}
