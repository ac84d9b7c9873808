package lucid.kernels.gpu.nvidia;

import java.util.Map;

/// The driver refused a call: CUDA's name for the error, what was being done, and a hint.
public final class DriverException extends IllegalStateException {
    private static final Map<String, String> HINTS = Map.of(
            "CUDA_ERROR_ILLEGAL_ADDRESS", "a kernel read or wrote outside its buffers; run the same with --device emulated, which names the "
                    + "instruction",
            "CUDA_ERROR_MISALIGNED_ADDRESS", "a kernel used a misaligned address; run the same with --device emulated, which names the instruction",
            "CUDA_ERROR_ILLEGAL_INSTRUCTION", "the kernel was made for another architecture; with --matmul TENSOR, try --kernels sm_80",
            "CUDA_ERROR_LAUNCH_TIMEOUT", "the display watchdog stopped a kernel; use a GPU without a display",
            "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "the block needs more registers or shared memory than the GPU has; with --matmul TENSOR, try "
                    + "--kernels sm_80",
            "CUDA_ERROR_NO_BINARY_FOR_GPU", "the kernel was made for another architecture; with --matmul TENSOR, try --kernels sm_80",
            "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the driver is older than CUDA 12.0; update it",
            "CUDA_ERROR_NOT_PERMITTED", "a call that a graph cannot hold was made while one is recorded",
            "CUDA_ERROR_ECC_UNCORRECTABLE", "the card's memory is faulty");

    private final boolean outOfMemory;

    public DriverException(String code, String text, String doing) {
        super(doing + ": " + code + " (" + text + ")" + (HINTS.containsKey(code) ? "; " + HINTS.get(code) : ""));
        outOfMemory = code.equals("CUDA_ERROR_OUT_OF_MEMORY");
    }

    public boolean outOfMemory() { return outOfMemory; }
}
