package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers with an activation: one operation where no gradient is recorded, its parts where one is, and the same bits.
class ActivatedLinearTest {
    static java.util.stream.Stream<Devices> devices() { return Devices.all(); }

    private static Tensor values(Scope scope, int key, int... dims) { return Tensor.normal(scope, key, 0, 1, dims); }

    @ParameterizedTest @MethodSource("devices") void recordedOrNotTheBitsAreTheSame(Devices devices) {
        try (Device device = devices.open(); Scope scope = Scope.open(device)) {
            for (int rows : new int[] {1, 5, 40}) {
                Tensor x = values(scope, 1, rows, 33);
                Tensor w = values(scope, 2, 47, 33).requireGrad();
                Tensor up = values(scope, 3, 47, 33).requireGrad();
                Tensor bias = values(scope, 4, 47).requireGrad();
                for (Activation f : Activation.values()) {
                    Tensor kept = x.linear(w, bias, f);
                    assertTrue(kept.requiresGrad());
                    assertArrayEquals(x.linear(w, bias).unary(f.unary()).toFloats(), kept.toFloats());
                    try (var _ = Tape.noGrad()) {
                        int before = Tape.of(device).size();
                        Tensor free = x.linear(w, bias, f);
                        assertFalse(free.requiresGrad());
                        assertEquals(before, Tape.of(device).size());
                        assertArrayEquals(kept.toFloats(), free.toFloats(), f + " of " + rows + " rows");
                    }
                }
                Tensor kept = x.gatedLinear(w, up);
                assertTrue(kept.requiresGrad());
                assertArrayEquals(x.linear(w, null).swiGlu(x.linear(up, null)).toFloats(), kept.toFloats());
                Tensor other = values(scope, 5, 9, 33);
                Tensor[] each = x.linears(new Tensor[] {w, other}, new Tensor[] {bias, null});
                assertTrue(each[0].requiresGrad());
                assertFalse(each[1].requiresGrad());
                try (var _ = Tape.noGrad()) {
                    assertArrayEquals(kept.toFloats(), x.gatedLinear(w, up).toFloats(), "gated, " + rows + " rows");
                    Tensor grouped = x.withRowGroups(new RowGroups(0, rows / 2, rows));
                    Tensor[] free = grouped.linears(new Tensor[] {w, other}, new Tensor[] {bias, null});
                    assertFalse(free[0].requiresGrad());
                    for (int i = 0; i < 2; i++) {
                        assertArrayEquals(each[i].toFloats(), free[i].toFloats(), "layer " + i + ", " + rows + " rows");
                        assertEquals(grouped.rowGroups(), free[i].rowGroups());
                    }
                }
            }
        }
    }

    /// Frozen weights need no noGrad(); one trainable input is enough to record.
    @ParameterizedTest @MethodSource("devices") void whatIsRecordedDependsOnTheInputs(Devices devices) {
        try (Device device = devices.open(); Scope scope = Scope.open(device)) {
            Tensor x = values(scope, 1, 3, 8);
            Tensor w = values(scope, 2, 6, 8);
            Tensor up = values(scope, 3, 6, 8);
            x.linear(w, null, Activation.GELU_ERF);
            x.gatedLinear(w, up);
            assertEquals(List.of(), Tape.of(device).records());
            up.requireGrad();
            Tensor y = x.gatedLinear(w, up);
            assertEquals(List.of("linear", "swiGlu"), Tape.of(device).records().stream().map(Op::name).toList());
            y.sum().backward();
            assertEquals(6, up.grad().shape().rows());
        }
    }

    /// A block that runs twice counts its uses of the weights alike in both runs.
    @ParameterizedTest @MethodSource("devices") void checkpointedGradientsAreTheSame(Devices devices) {
        float[][] found = new float[2][];
        for (int run = 0; run < 2; run++) {
            try (Device device = devices.open(); Scope scope = Scope.open(device)) {
                Tensor x = values(scope, 1, 7, 8).requireGrad();
                Tensor w = values(scope, 2, 8, 8).requireGrad();
                Tensor y = run == 0 ? Tensor.checkpoint(t -> t.gatedLinear(w, w).linear(w, null, Activation.GELU_TANH), x) : x.gatedLinear(w, w)
                        .linear(w, null, Activation.GELU_TANH);
                y.square().sum().backward();
                found[run] = w.grad().toFloats();
            }
        }
        assertArrayEquals(found[1], found[0]);
    }

    @ParameterizedTest @MethodSource("devices") void refuses(Devices devices) {
        try (Device device = devices.open(); Scope scope = Scope.open(device)) {
            Tensor x = values(scope, 1, 3, 8);
            assertTrue(assertThrows(ShapeException.class, () -> x.linear(values(scope, 2, 6, 7), null, Activation.GELU_TANH)).getMessage()
                    .contains("[out, 8]"));
            assertTrue(assertThrows(ShapeException.class, () -> x.linears(new Tensor[] {values(scope, 2, 6, 8), values(scope, 2, 6, 7)},
                    new Tensor[2])).getMessage().contains("[out, 8]"));
            assertTrue(assertThrows(ShapeException.class, () -> x.linears(new Tensor[] {values(scope, 2, 6, 8)}, new Tensor[2])).getMessage()
                    .contains("found 1 weights and 2 biases"));
            assertTrue(assertThrows(ShapeException.class, () -> x.gatedLinear(values(scope, 2, 6, 8), values(scope, 3, 5, 8))).getMessage()
                    .contains("same type and shape"));
        }
    }
}
