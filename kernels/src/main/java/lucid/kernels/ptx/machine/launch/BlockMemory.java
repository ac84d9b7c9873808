package lucid.kernels.ptx.machine.launch;

import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.unshared.ConstantMemory;
import lucid.kernels.ptx.memory.unshared.ParameterBlock;

/// What the warps of a block can address; local memory is each warp's own.
public record BlockMemory(GlobalMemory global, SharedMemory shared, ConstantMemory constants, ParameterBlock parameters) {}
