package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DevicesCommandTest extends CommandTest {
    @Test void listsEveryDeviceAndChecksTheHotKernels() {
        String out = lucid("devices").ok().out();
        for (String part : new String[] {"* simd: Vector API", "hot kernels are ", "  reference", "emulated GPU", "  cuda: "})
            assertTrue(out.contains(part), "wanted '" + part + "' in: " + out);
    }
}
