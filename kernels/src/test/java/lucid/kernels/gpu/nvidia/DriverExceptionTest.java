package lucid.kernels.gpu.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DriverExceptionTest {
    /// An option has an effect, and is taken, with another one only.
    @ParameterizedTest
    @ValueSource(strings = {"CUDA_ERROR_ILLEGAL_INSTRUCTION", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "CUDA_ERROR_NO_BINARY_FOR_GPU"})
    void adviceCanBeFollowed(String code) {
        String message = new DriverException(code, "text", "launching").getMessage();
        assertEquals("with --matmul TENSOR, try --kernels sm_80", message.substring(message.lastIndexOf("; ") + 2));
    }

    @Test void withoutAHintTheErrorStandsAlone() {
        assertEquals("launching: CUDA_ERROR_UNKNOWN (unknown error)", new DriverException("CUDA_ERROR_UNKNOWN", "unknown error", "launching")
                .getMessage());
    }
}
