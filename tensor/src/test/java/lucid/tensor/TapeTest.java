package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapeTest {
    private final Device device = new ReferenceDevice();
    private final Scope scope = Scope.open(device);

    @AfterEach void close() {
        scope.close();
        assertEquals(0, device.liveBytes());
        device.close();
    }

    private Tensor leaf(float... values) { return Tensor.of(scope, values, values.length).requireGrad(); }

    @Test void printsOneLinePerRecord() {
        Tensor w = Tensor.zeros(scope, 4, 3).requireGrad();
        Tensor x = Tensor.zeros(scope, 2, 5, 3);
        x.scale(2f);   // nothing here wants a gradient
        x.linear(w, Tensor.zeros(scope, 4)).silu().mean();
        assertEquals("""
                0 linear [2, 5, 3] [4, 3] [4] -> [2, 5, 4]
                1 silu [2, 5, 4] -> [2, 5, 4]
                2 sum [2, 5, 4] -> []
                3 scale [] -> []
                """, scope.tape().toString());
        assertInstanceOf(MatMulOp.Linear.class, scope.tape().records().getFirst());
    }

    @Test void nothingIsRecordedUnderNoGrad() {
        Tensor x = leaf(1, 2);
        try (var _ = Tape.noGrad()) {
            try (var _ = Tape.noGrad()) {
                assertFalse(x.scale(2f).requiresGrad());
            }
            assertFalse(Tape.gradEnabled());
            Tensor y = x.scale(2f).sum();
            var e = assertThrows(IllegalStateException.class, y::backward);
            assertTrue(e.getMessage().contains("noGrad"), e.getMessage());
        }
        assertTrue(Tape.gradEnabled());
        assertEquals(0, scope.tape().size());
        x.scale(2f).sum().backward();
        assertArrayEquals(new float[] {2, 2}, x.grad().toFloats());
    }

    @Test void gradientsOfSeveralBackwardsAddUp() {
        Tensor x = leaf(1, 2);
        assertNull(x.grad());
        x.square().sum().backward();
        x.square().sum().backward();
        assertArrayEquals(new float[] {4, 8}, x.grad().toFloats());
        x.zeroGrad();
        assertNull(x.grad());
    }

    @Test void anotherLossKeepsItsRecords() {
        Tensor x = leaf(1, 2);
        Tensor a = x.scale(3f).sum();
        Tensor b = x.square().sum();
        a.backward();
        assertEquals(2, scope.tape().size());
        b.backward();
        assertEquals(0, scope.tape().size());
        assertArrayEquals(new float[] {5, 7}, x.grad().toFloats());
    }

    @Test void aSharedPartIsWalkedOnlyOnce() {
        Tensor x = leaf(1, 2);
        Tensor shared = x.scale(3f);
        Tensor a = shared.sum();
        Tensor b = shared.square().sum();
        a.backward();
        assertThrows(IllegalStateException.class, a::backward);
        long live = device.liveBytes();
        var e = assertThrows(IllegalStateException.class, b::backward);
        assertTrue(e.getMessage().contains("earlier backward"), e.getMessage());
        assertEquals(live, device.liveBytes(), "a failed walk leaves no gradient behind");
    }

    /// The walk reached x and the slot of its second use, but not all of what belongs there.
    @Test void aFailedBackwardSpoilsTheGradientsItTouched() {
        Tensor x = leaf(1, 2);
        Tensor apart = leaf(5, 6);
        apart.square().sum().backward();
        x.square().sum().backward();
        Tensor walked = leaf(1, 1).scale(3f);
        walked.sum().backward();
        Tensor loss = walked.mul(x).sum();
        assertThrows(IllegalStateException.class, loss::backward);
        var e = assertThrows(IllegalStateException.class, x::grad);
        assertTrue(e.getMessage().contains("f32[1 x 2] is incomplete since a backward failed; call zeroGrad()"), e.getMessage());
        assertThrows(IllegalStateException.class, () -> x.square().sum().backward(), "adding to it is refused as well");
        assertArrayEquals(new float[] {10, 12}, apart.grad().toFloats());
        x.zeroGrad();
        x.square().sum().backward();
        assertArrayEquals(new float[] {2, 4}, x.grad().toFloats());
    }

    /// So that an optimiser that asks first cannot pass the parameter over.
    @Test void aSpoiledGradientIsStillThereForWhoAsks() {
        Parameter w = new Parameter("w", Tensor.full(scope, 2f, 2));
        Tensor walked = leaf(1, 1).scale(3f);
        walked.sum().backward();
        Tensor loss = walked.mul(w.value()).sum();
        assertThrows(IllegalStateException.class, loss::backward);
        assertTrue(w.hasGrad());
        assertThrows(IllegalStateException.class, w::grad);
        w.zeroGrad();
        assertFalse(w.hasGrad());
    }

    @Test void aFailedBackwardFreesWhatItHeld() {
        Tensor w = leaf(1, 2);
        Tensor loss;
        try (Scope held = Scope.holding(device)) {
            loss = Tensor.full(held, 1f, 3, 2).mul(w).sum();
        }
        long live = device.liveBytes();
        var e = assertThrows(IllegalStateException.class, loss::backward);
        assertTrue(e.getMessage().contains("scope closed"), e.getMessage());
        assertEquals(live, device.liveBytes());
    }

    @Test void backwardWantsASingleNumberOrASeed() {
        Tensor x = leaf(1, 2);
        Tensor y = x.square();
        assertThrows(ShapeException.class, y::backward);
        Tensor seed = Tensor.zeros(scope, 3);
        assertThrows(ShapeException.class, () -> y.backward(seed));
        y.backward(Tensor.of(scope, new float[] {1, -1}, 2));
        assertArrayEquals(new float[] {2, -4}, x.grad().toFloats());
    }

    @Test void frozenParametersGetNoGradient() {
        Parameter w = new Parameter("w", Tensor.full(scope, 2f, 1, 2)).trainable(false);
        Parameter b = new Parameter("b", Tensor.zeros(scope, 1));
        Tensor x = Tensor.full(scope, 1f, 3, 2);
        assertFalse(x.linear(w.value(), null).requiresGrad());
        x.linear(w.value(), b.value()).sum().backward();
        assertFalse(w.hasGrad());
        assertArrayEquals(new float[] {3}, b.grad().toFloats());
    }

    @Test void detachedTensorsAreConstants() {
        Tensor x = leaf(1, 2);
        Tensor y = x.scale(2f);
        y.mul(y.detach()).sum().backward();
        assertArrayEquals(new float[] {4, 8}, x.grad().toFloats());
        assertThrows(IllegalStateException.class, () -> y.grad());
        assertThrows(IllegalStateException.class, () -> y.requireGrad());
    }

    @Test void overwritingWhatTheTapeNeedsIsRefused() {
        Tensor x = leaf(1, 2);
        Tensor y = x.scale(2f);
        assertThrows(IllegalStateException.class, () -> y.copyFrom(Tensor.zeros(scope, 2)));
        assertThrows(IllegalStateException.class, () -> y.detach().copyFrom(Tensor.zeros(scope, 2)));
        assertThrows(IllegalStateException.class, () -> y.reshape(2, 1).detach().rows(0, 1).copyFrom(Tensor.zeros(scope, 1, 1)));
        assertArrayEquals(new float[] {2, 4}, y.toFloats());
        x.copyFrom(Tensor.full(scope, 5f, 2));
        assertArrayEquals(new float[] {5, 5}, x.toFloats());
    }
}
