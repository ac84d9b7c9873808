package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.kernels.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PerceptronExampleTest {
    @ParameterizedTest @EnumSource(Devices.class)
    void learnsExclusiveOr(Devices which) {
        try (Device device = which.open()) {
            float[] y = PerceptronExample.train(device);
            float[] wanted = {0, 1, 1, 0};
            for (int i = 0; i < 4; i++) assertEquals(wanted[i], y[i], 0.1f, "prediction " + i);
            assertEquals(0, device.liveBytes());
        }
    }

    /// What is shown is what was run above.
    @Test void theReadmeShowsTheBody() throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        String shown = readme.substring(readme.indexOf("## The tensor library alone")).split("```(java)?\n", 3)[1];
        assertEquals(15, shown.lines().count());
        String source = Files.readString(Path.of("src/test/java/lucid/tensor/PerceptronExample.java"));
        assertEquals(shown, source.substring(source.indexOf("train(Device device) {\n") + "train(Device device) {\n".length(),
                source.lastIndexOf("    }\n}")).indent(-8));
    }

    /// The example of the package's documentation.
    @ParameterizedTest @EnumSource(Devices.class)
    void leastSquares(Devices which) {
        try (var device = which.open(); var model = Scope.open(device)) {
            var w = new Parameter("w", Tensor.normal(model, 1, 0f, 0.5f, 1, 3));
            var x = Tensor.of(model, new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1}, 4, 3);
            var wanted = Tensor.of(model, new float[] {2, -1, 3, 4}, 4, 1);
            for (int i = 0; i < 100; i++) {
                try (var _ = model.child()) {
                    Tensor loss = x.linear(w.value(), null).sub(wanted).square().mean();
                    loss.backward();
                    device.elementwise().addScaled(-0.5f, w.grad().matrix(), w.value().matrix());
                    w.zeroGrad();
                }
            }
            assertArrayEquals(new float[] {2, -1, 3}, w.value().toFloats(), 1e-3f);
        }
    }
}
