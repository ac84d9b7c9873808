package lucid.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The feed-forwards of decoder and tower, recorded for a backward and not: other operations, the same bits. That is what makes a rollout's
/// log-probabilities those of the training forward.
class UnrecordedLayersTest {
    enum On {
        REFERENCE, SIMD, EMULATED_EXACT, EMULATED_TENSOR, EMULATED_WGMMA;

        Device open() {
            return switch (this) {
                case REFERENCE -> new ReferenceDevice();
                case SIMD -> new SimdDevice(2);
                case EMULATED_EXACT -> new CudaDevice(new EmulatedGpu(), Precision.EXACT);
                case EMULATED_TENSOR -> new CudaDevice(new EmulatedGpu(), Precision.TENSOR);
                case EMULATED_WGMMA -> new CudaDevice(new EmulatedGpu(), Precision.WGMMA);
            };
        }
    }

    private static final int WIDTH = 40;
    private static final int INNER = 150;

    private static Linear layer(Scope scope, int key, int in, int out, boolean biased) {
        return new Linear(Tensor.normal(scope, key, 0, 0.3f, out, in).requireGrad(), biased ? Tensor.normal(scope, key + 1, 0, 1, out)
                .requireGrad() : null);
    }

    @ParameterizedTest @EnumSource(On.class) void feedForwards(On on) {
        try (Device device = on.open(); Scope scope = Scope.open(device)) {
            Linear gate = layer(scope, 1, WIDTH, INNER, false), up = layer(scope, 3, WIDTH, INNER, false),
                    down = layer(scope, 5, INNER, WIDTH, false);
            Linear biased = layer(scope, 13, WIDTH, 9, true);
            VisionMlp tower = new VisionMlp(layer(scope, 7, WIDTH, INNER, true), layer(scope, 9, INNER, WIDTH, true));
            for (int rows : new int[] {1, 12, 70}) {
                Tensor x = Tensor.normal(scope, 11, 0, 1, rows, WIDTH);
                check("decoder, " + rows + " rows", t -> down.forward(Linear.gated(t, gate, up)), x);
                check("layers of one input, " + rows + " rows", t -> Tensor.concatCols(List.of(Linear.each(t, gate, biased, up))), x);
                check("tower, " + rows + " rows", tower::forward, x);
            }
        }
    }

    private static void check(String what, UnaryOperator<Tensor> layers, Tensor x) {
        Tape tape = Tape.of(x.device());
        int before = tape.size();
        Tensor recorded = layers.apply(x);
        assertTrue(tape.size() > before + 2, what);
        float[] wanted = recorded.toFloats();
        int size = tape.size();
        try (var _ = Tape.noGrad()) {
            Tensor free = layers.apply(x);
            assertFalse(free.requiresGrad());
            assertArrayEquals(wanted, free.toFloats(), what);
        }
        assertEquals(size, tape.size());
    }
}
