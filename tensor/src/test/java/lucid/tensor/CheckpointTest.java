package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointTest {
    private enum How { KEPT, CHECKPOINTED, NESTED }

    /// A residual network with a weight that every layer shares, a captured tensor, and a first use outside of all blocks.
    private static List<float[]> gradients(Device device, How how) {
        try (Scope model = Scope.open(device)) {
            List<Parameter> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) all.add(new Parameter("w" + i, Tensor.normal(model, i, 0, 0.3f, 6, 6)));
            Parameter shared = new Parameter("shared", Tensor.normal(model, 9, 0, 0.3f, 6, 6));
            all.add(shared);
            try (Scope _ = model.child()) {
                Tensor x = Tensor.normal(model, 10, 0, 1, 5, 6).withRowGroups(new RowGroups(0, 2, 5)).linear(shared.value(), null);
                Tensor captured = x.tanh();
                UnaryOperator<Tensor> pair = t -> layers(t, all.subList(2, 4), shared, captured, how == How.NESTED ? How.CHECKPOINTED : How.KEPT);
                Tensor h = layers(x, all.subList(0, 2), shared, captured, how);
                h = how == How.NESTED ? Tensor.checkpoint(pair, h) : layers(h, all.subList(2, 4), shared, captured, how);
                List<float[]> out = new ArrayList<>();
                out.add(h.toFloats());
                h.linear(shared.value(), null).square().sum().backward();
                for (Parameter p : all) out.add(p.grad().toFloats());
                return out;
            }
        }
    }

    private static Tensor layers(Tensor x, List<Parameter> weights, Parameter shared, Tensor captured, How how) {
        for (Parameter w : weights) {
            UnaryOperator<Tensor> block = t -> t.add(t.linear(w.value(), null).silu().mul(captured).linear(shared.value(), null));
            x = how == How.KEPT ? block.apply(x) : Tensor.checkpoint(block, x);
        }
        return x;
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void gradientsHaveTheSameBits(Devices which) {
        try (Device device = which.open()) {
            List<float[]> kept = gradients(device, How.KEPT);
            for (How how : List.of(How.CHECKPOINTED, How.NESTED)) {
                List<float[]> again = gradients(device, how);
                for (int i = 0; i < kept.size(); i++)
                    assertArrayEquals(kept.get(i), again.get(i), how + ", " + (i == 0 ? "result" : "gradient " + (i - 1)));
            }
            assertEquals(0, device.liveBytes());
        }
    }

    /// The scope that a first block opens and closes must not end the pass: the shared weight's uses keep their order and their slots.
    @ParameterizedTest @EnumSource(Devices.class)
    void aPassMayBeginWithACheckpoint(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.normal(scope, 1, 0, 0.5f, 6, 6));
            Tensor x = Tensor.normal(scope, 2, 0, 1, 5, 6);
            UnaryOperator<Tensor> block = t -> t.linear(w.value(), null).tanh();
            List<float[]> gradients = new ArrayList<>();
            for (boolean checkpoint : new boolean[] {false, true}) {
                Tensor h = checkpoint ? Tensor.checkpoint(block, x) : block.apply(x);
                block.apply(h).square().sum().backward();
                gradients.add(w.grad().toFloats());
                assertThrows(IllegalStateException.class, () -> block.apply(x).sum().backward(), "two uses were combined");
                w.zeroGrad();
            }
            assertArrayEquals(gradients.getFirst(), gradients.getLast());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void aFailingBlockLeavesNothingBehind(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 1f, 3));
            int[] runs = {0};
            Tensor y = Tensor.checkpoint(t -> {
                if (runs[0]++ > 0) t.scale(2f).linear(w.value(), Tensor.full(scope, 1f, 9));
                return t.mul(w.value());
            }, w.value().scale(2f));
            Tensor loss = y.sum();
            long live = device.liveBytes();
            assertThrows(ShapeException.class, loss::backward);
            assertEquals(live + 36, device.liveBytes(), "only the nine numbers that the block made in the outer scope");
            assertTrue(Tape.gradEnabled());
        }
    }

    /// The records of a second run that fails are forgotten, those of views of outer memory as well.
    @Test void aFailingSecondRunLeavesNoRecord() {
        try (Device device = new ReferenceDevice(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 1f, 2, 3));
            Tensor captured = w.value().scale(3f);
            int[] runs = {0};
            Tensor y = Tensor.checkpoint(t -> {
                Tensor z = captured.rows(0, 1).mul(t);
                if (runs[0]++ > 0) throw new IllegalStateException("second run");
                return z;
            }, w.value().rows(1, 2).scale(2f));
            assertThrows(IllegalStateException.class, () -> y.sum().backward());
            assertEquals("0 scale [2, 3] -> [2, 3]\n1 scale [1, 3] -> [1, 3]\n", scope.tape().toString());
        }
    }

    /// Gradients of parameters of one shape would change places, or go to an earlier use, without a word.
    @Test void aSecondRunThatUsesOtherParametersIsRefused() {
        try (Device device = new ReferenceDevice(); Scope scope = Scope.open(device)) {
            Parameter a = new Parameter("a", Tensor.full(scope, 2f, 3));
            Parameter b = new Parameter("b", Tensor.full(scope, 3f, 3));
            Tensor x = Tensor.full(scope, 1f, 3);
            boolean[] again = {false};
            refused("number 1 that the block used is f32[1 x 3], in its first run it was another", again,
                    Tensor.checkpoint(t -> again[0] ? t.mul(b.value()).mul(a.value()) : t.mul(a.value()).mul(b.value()), x));
            refused("used 1 of the 2", again, Tensor.checkpoint(t -> again[0] ? t.mul(a.value()) : t.mul(a.value()).mul(b.value()), x));
            refused("used more than the 1", again, Tensor.checkpoint(t -> again[0] ? t.mul(a.value()).mul(b.value()) : t.mul(a.value()), x));
            Tensor frozenBetween = Tensor.checkpoint(t -> t.mul(a.value()).mul(b.value()), x);
            a.trainable(false);
            refused("number 1", again, frozenBetween);
        }
    }

    private static void refused(String words, boolean[] again, Tensor y) {
        again[0] = true;
        var e = assertThrows(IllegalStateException.class, () -> y.sum().backward());
        assertTrue(e.getMessage().contains(words) && e.getMessage().contains("the same both times"), e.getMessage());
        again[0] = false;
    }

    /// What a block gives back may be a leaf as it is: its input, or a parameter.
    @Test void aBlockMayComputeNothing() {
        try (Device device = new ReferenceDevice(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 2f, 3));
            Tensor.checkpoint(t -> t, w.value()).square().sum().backward();
            assertArrayEquals(new float[] {4, 4, 4}, w.grad().toFloats());
            w.zeroGrad();
            Tensor.checkpoint(_ -> w.value(), Tensor.full(scope, 1f, 3)).square().sum().backward();
            assertArrayEquals(new float[] {4, 4, 4}, w.grad().toFloats());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void innerResultsAreNotKept(Devices which) {
        long kept = afterForward(which, false);
        long checkpointed = afterForward(which, true);
        assertTrue(checkpointed * 3 < kept, "live bytes after the forward: " + checkpointed + " checkpointed, " + kept + " kept");
    }

    private static long afterForward(Devices which, boolean checkpoint) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 0.01f, 8, 8));
            UnaryOperator<Tensor> block = t -> t.linear(w.value(), null).tanh().exp().silu().scale(0.5f).add(t);
            Tensor x = Tensor.full(scope, 1f, 32, 8);
            for (int i = 0; i < 4; i++) x = checkpoint ? Tensor.checkpoint(block, x) : block.apply(x);
            assertEquals(checkpoint ? 4 : 24, scope.tape().size());
            return device.liveBytes();
        }
    }
}
