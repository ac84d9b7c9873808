package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScopeTest {
    @Test void aTensorDiesWithItsScopeAndSaysSo() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Tensor t;
            try (Scope step = model.child()) {
                t = Tensor.zeros(step, 2, 3);
                assertEquals(24, step.liveBytes());
            }
            assertEquals(0, device.liveBytes());
            var e = assertThrows(IllegalStateException.class, t::toFloats);
            assertTrue(e.getMessage().contains("f32[2, 3] was used after its scope closed"), e.getMessage());
            assertThrows(IllegalStateException.class, () -> t.scale(2f));
        }
    }

    @Test void keptTensorsMoveToTheScopeAround() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Tensor kept;
            Tensor cached;
            try (Scope cache = Scope.holding(device)) {
                try (Scope step = model.child()) {
                    Tensor x = Tensor.of(step, new float[] {1, 2}, 2);
                    kept = step.keep(x.scale(3f));
                    cached = cache.adopt(x.scale(2f));
                    assertSame(model, kept.scope());
                    assertEquals(8, cache.liveBytes());
                }
                assertArrayEquals(new float[] {3, 6}, kept.toFloats());
                assertArrayEquals(new float[] {2, 4}, cached.toFloats());
                assertSame(model, kept.scale(1f).scope(), "a holding scope receives no results");
            }
            assertThrows(IllegalStateException.class, cached::toFloats);
            assertThrows(IllegalStateException.class, () -> model.keep(kept));
        }
    }

    /// Also by a step that hands back what it was given.
    @Test void keepingNeverShortensALife() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Tensor x = Tensor.full(model, 3f, 2);
            try (Scope epoch = model.child()) {
                try (Scope step = epoch.child()) {
                    assertSame(x, step.keep(x));
                }
            }
            assertSame(model, x.scope());
            assertArrayEquals(new float[] {3, 3}, x.toFloats());
        }
    }

    /// The gradient goes where its leaf goes, and one that was left behind (the leaf went through another handle) is let go.
    @ParameterizedTest @ValueSource(booleans = {false, true})
    void aKeptLeafHasItsGradient(boolean otherHandle) {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Tensor w;
            try (Scope inner = model.child()) {
                w = Tensor.full(inner, 3f, 2).requireGrad();
                w.square().sum().backward();
                inner.keep(otherHandle ? w.detach() : w);
            }
            if (otherHandle) assertThrows(IllegalStateException.class, w::grad);
            else assertArrayEquals(new float[] {6, 6}, w.grad().toFloats());
            w.zeroGrad();
            w.square().sum().backward();
            assertArrayEquals(new float[] {6, 6}, w.grad().toFloats());
            assertSame(model, w.grad().scope());
        }
    }

    @Test void aScopeIsClosedThoughABufferOfItWas() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Scope step = model.child();
            Tensor first = Tensor.zeros(step, 2);
            Tensor.zeros(step, 3).buffer().close();
            Tensor last = Tensor.zeros(step, 2);
            var e = assertThrows(IllegalStateException.class, step::close);
            assertTrue(e.getMessage().contains("F32[3] was used after it was closed"), e.getMessage());
            assertEquals(0, device.liveBytes());
            assertSame(model, model.tape().current());
            assertThrows(IllegalStateException.class, first::toFloats);
            assertThrows(IllegalStateException.class, last::toFloats);
        }
    }

    @Test void aTensorWithHistoryIsNotKept() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.zeros(model, 2));
            try (Scope step = model.child()) {
                Tensor y = w.value().scale(2f);
                var e = assertThrows(IllegalStateException.class, () -> step.keep(y));
                assertTrue(e.getMessage().contains("noGrad"), e.getMessage());
            }
            assertEquals(0, model.tape().size(), "the record died with its scope");
        }
    }

    /// A detached handle has no history, but the memory is the record's.
    @Test void memoryOfAResultOnTheTapeIsNotKeptThroughAnotherHandle() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(model, 3f, 2));
            try (Scope step = model.child()) {
                Tensor y = w.value().scale(2f);
                assertThrows(IllegalStateException.class, () -> step.keep(y.detach()));
                y.sum().backward();
                assertArrayEquals(new float[] {6, 6}, step.keep(y.detach()).toFloats(), "walked: no record needs it any more");
            }
            assertEquals(0, model.tape().size());
        }
    }

    /// A view made in an inner scope of memory from outside lives on; what was recorded before it in that scope does not.
    @Test void recordsDieWithTheirScopeInAnyOrder() {
        try (Device device = new ReferenceDevice(); Scope model = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(model, 3f, 2, 2));
            Tensor outer = w.value().scale(2f);
            Tensor view;
            try (Scope _ = model.child()) {
                w.value().scale(5f);
                view = outer.rows(0, 1);
                view.scale(7f);
            }
            assertEquals("0 scale [2, 2] -> [2, 2]\n1 rows [2, 2] -> [1, 2]\n", model.tape().toString());
            view.sum().backward();
            assertArrayEquals(new float[] {2, 2, 0, 0}, w.grad().toFloats());
            assertEquals(0, model.tape().size());
        }
    }

    @Test void operationsNeedAnOpenScope() {
        try (Device device = new ReferenceDevice(); Scope held = Scope.holding(device)) {
            Tensor x = Tensor.zeros(held, 2);
            var e = assertThrows(IllegalStateException.class, () -> x.scale(2f));
            assertTrue(e.getMessage().contains("no scope is open on device reference"), e.getMessage());
        }
        try (Device device = new ReferenceDevice()) {
            assertThrows(IllegalStateException.class, () -> Tape.of(device), "asking registers nothing");
            Scope scope = Scope.open(device);
            assertSame(scope.tape(), Tape.of(device));
            scope.close();
            assertThrows(IllegalStateException.class, () -> Tape.of(device));
            assertThrows(IllegalStateException.class, scope::close);
            assertThrows(IllegalStateException.class, () -> Tensor.zeros(scope, 1));
        }
    }

    @Test void tensorsOfTwoDevicesDoNotMix() {
        try (Device a = new ReferenceDevice(); Device b = new ReferenceDevice(); Scope sa = Scope.open(a); Scope sb = Scope.open(b)) {
            Tensor x = Tensor.zeros(sa, 2);
            Tensor y = Tensor.zeros(sb, 2);
            var e = assertThrows(IllegalArgumentException.class, () -> x.add(y));
            assertTrue(e.getMessage().contains("one device"), e.getMessage());
            assertThrows(IllegalArgumentException.class, () -> sa.adopt(y));
            assertSame(sb, y.scale(1f).scope());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void liveBytesAreFlatOverAThousandSteps(Devices which) {
        try (Device device = which.open(); Scope model = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.normal(model, 1, 0, 0.3f, 4, 4));
            Parameter g = new Parameter("g", Tensor.full(model, 1f, 4));
            Tensor x = Tensor.normal(model, 2, 0, 1, 3, 4);
            long start = device.liveBytes();
            long peak = 0;
            for (int i = 0; i < 1000; i++) {
                try (Scope step = model.child()) {
                    Tensor h = Tensor.checkpoint(t -> t.rmsNorm(g.value(), 1e-6f).linear(w.value(), null).silu().add(t), x);
                    if (i % 7 == 0) assertThrows(ShapeException.class, () -> h.linear(h, Tensor.zeros(step, 9)));
                    Tensor loss = Tensor.crossEntropy(h.linear(w.value(), null), Tensor.ints(step, new int[] {0, 3, 1}, 3)).mean();
                    loss.backward();
                    device.elementwise().addScaled(-0.01f, w.grad().matrix(), w.value().matrix());
                    w.zeroGrad();
                    g.zeroGrad();
                }
                assertEquals(start, device.liveBytes(), "after step " + i);
                if (i == 10) peak = device.peakBytes();
            }
            assertEquals(peak, device.peakBytes());
            assertEquals(0, model.tape().size());
        }
    }
}
