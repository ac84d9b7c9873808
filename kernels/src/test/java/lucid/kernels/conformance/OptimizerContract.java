package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.BF16;

import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.Optimizer.AdamW;
import lucid.kernels.contract.Optimizer.Sgd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tolerance 1e-6 on parameters and moments of size 1 (a handful of f32 roundings). The bf16 image is compared with the device's own f32 parameter,
/// exactly.
abstract class OptimizerContract extends DeviceContract {
    OptimizerContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,3,0", "3,0,0", "5,7,2", "1,1000,0", "33,17,1"})
    void adamWOverThreeSteps(int rows, int cols, int layout) {
        gap = layout;
        Twin p = random(rows, cols);
        Twin m = zeros(rows, cols);
        Twin v = zeros(rows, cols);
        Twin narrow = matrix(BF16, rows, cols, new float[rows * cols]);
        for (int step = 1; step <= 3; step++) {
            AdamW settings = new AdamW(0.01f, 0.9f, 0.999f, 1e-8f, 0.1f, step);
            Twin g = random(rows, cols);
            Twin image = step == 2 ? null : narrow;
            both((d, s) -> d.optimizer().adamW(settings, 0.5f, g.on(s), p.on(s), m.on(s), v.on(s), image == null ? null : image.on(s)));
            assertSame("param", p, 1e-6);
            assertSame("m", m, 1e-6);
            assertSame("v", v, 1e-6);
        }
        float[] wide = read(tested, p.tested());
        for (int i = 0; i < wide.length; i++) wide[i] = nearestBf16(wide[i]);
        assertClose("bf16 image", wide, read(tested, narrow.tested()), 0);
    }

    /// By definition, over the two neighbours: the nearer one, the even one of two equally near.
    static float nearestBf16(float x) {
        int low = Float.floatToRawIntBits(x) & 0xFFFF0000;
        float down = Float.intBitsToFloat(low);
        float up = Float.intBitsToFloat(low + 0x10000);
        double toDown = Math.abs((double) x - down);
        double toUp = Math.abs((double) up - x);
        if (toDown != toUp) return toDown < toUp ? down : up;
        return (low >>> 16 & 1) == 0 ? down : up;
    }

    /// First step: m̂ = g, v̂ = g², so the step is lr · sign(g) when eps is 0, after the decay by 1 - lr·wd.
    @Test void adamWByHand() {
        Twin p = values(1, 2, 1, -2);
        Twin m = zeros(1, 2);
        Twin v = zeros(1, 2);
        tested.optimizer().adamW(new AdamW(0.125f, 0.5f, 0.75f, 0, 0.5f, 1), 2, values(1, 2, 3, -0.5).tested(), p.tested(), m.tested(),
                v.tested(), null);
        assertValues("param", p, 1e-7, 0.9375 - 0.125, -1.875 + 0.125);
        assertValues("m", m, 1e-7, 3, -0.5);
        assertValues("v", v, 1e-7, 9, 0.25);
    }

    @ParameterizedTest(name = "momentum {0}, dampening {1}, nesterov {2}")
    @CsvSource({"0,0,false", "0.9,0,false", "0.9,0.1,false", "0.9,0,true"})
    void sgdOverThreeSteps(float momentum, float dampening, boolean nesterov) {
        gap = 1;
        Twin p = random(9, 19);
        Twin b = random(9, 19);
        for (int step = 1; step <= 3; step++) {
            Sgd settings = new Sgd(0.1f, momentum, dampening, 0.01f, nesterov, step);
            Twin g = random(9, 19);
            both((d, s) -> d.optimizer().sgd(settings, 0.5f, g.on(s), p.on(s), b.on(s)));
            assertSame("param", p, 1e-6);
            assertSame("momentum", b, 1e-6);
        }
    }

    @Test void sgdByHand() {
        Twin p = values(1, 1, 4);
        Twin b = values(1, 1, 99);
        tested.optimizer().sgd(new Sgd(0.5f, 0.5f, 0, 0.25f, false, 1), 1, values(1, 1, 2).tested(), p.tested(), b.tested());
        assertValues("first step", p, 0, 2.5);
        assertValues("what was in the buffer is not used", b, 0, 3);
        tested.optimizer().sgd(new Sgd(0.5f, 0.5f, 0, 0, true, 2), 1, values(1, 1, 1).tested(), p.tested(), b.tested());
        assertValues("nesterov: 2.5 - 0.5 (1 + 0.5 · 2.5)", p, 0, 1.375);
    }

    @Test void refuses() {
        var op = tested.optimizer();
        Twin p = random(2, 3);
        AdamW first = new AdamW(0.1f, 0.9f, 0.99f, 1e-8f, 0, 1);
        assertRefused("adamW", () -> op.adamW(first, 1, random(3, 2).tested(), p.tested(), random(2, 3).tested(), random(2, 3).tested(), null));
        assertRefused("adamW", () -> op.adamW(first, 1, random(2, 3).tested(), p.tested(), random(2, 2).tested(), random(2, 3).tested(), null));
        assertRefused("adamW", () -> op.adamW(first, 1, random(2, 3).tested(), p.tested(), random(2, 3).tested(), random(2, 3).tested(),
                random(2, 3).tested()));
        assertRefused("adamW", () -> op.adamW(new AdamW(0.1f, 0.9f, 0.99f, 1e-8f, 0, 0), 1, random(2, 3).tested(), p.tested(), random(2, 3).tested(),
                random(2, 3).tested(), null));
        assertRefused("sgd", () -> op.sgd(new Sgd(0.1f, 0, 0, 0, false, 1), 1, random(2, 2).tested(), p.tested(), random(2, 3).tested()));
        Twin g = random(2, 3);
        Twin m = random(2, 3);
        assertRefused("adamW.*moment .*overlaps moment", () -> op.adamW(first, 1, g.tested(), p.tested(), m.tested(), m.tested(), null));
        assertRefused("adamW.*moment .*overlaps param", () -> op.adamW(first, 1, g.tested(), p.tested(), m.tested(), p.tested(), null));
        assertRefused("adamW.*moment .*overlaps grad", () -> op.adamW(first, 1, g.tested(), p.tested(), g.tested(), m.tested(), null));
        assertRefused("sgd.*param .*overlaps grad", () -> op.sgd(new Sgd(0.1f, 0, 0, 0, false, 1), 1, p.tested(), p.tested(), m.tested()));
    }

    @Test void refusesSettings() {
        float nan = Float.NaN;
        assertRefused("adamW: lr is NaN", () -> new AdamW(nan, 0.9f, 0.99f, 1e-8f, 0, 1));
        assertRefused("adamW: lr is -0.1", () -> new AdamW(-0.1f, 0.9f, 0.99f, 1e-8f, 0, 1));
        assertRefused("adamW: beta1 is 1.0", () -> new AdamW(0.1f, 1, 0.99f, 1e-8f, 0, 1));
        assertRefused("adamW: beta2 is -0.5", () -> new AdamW(0.1f, 0.9f, -0.5f, 1e-8f, 0, 1));
        assertRefused("adamW: eps is NaN", () -> new AdamW(0.1f, 0.9f, 0.99f, nan, 0, 1));
        assertRefused("adamW: weightDecay is Infinity", () -> new AdamW(0.1f, 0.9f, 0.99f, 1e-8f, Float.POSITIVE_INFINITY, 1));
        assertRefused("adamW: step is 0", () -> new AdamW(0.1f, 0.9f, 0.99f, 1e-8f, 0, 0));
        assertRefused("sgd: lr is Infinity", () -> new Sgd(Float.POSITIVE_INFINITY, 0, 0, 0, false, 1));
        assertRefused("sgd: momentum is -1.0", () -> new Sgd(0.1f, -1, 0, 0, false, 1));
        assertRefused("sgd: dampening is NaN", () -> new Sgd(0.1f, 0.9f, nan, 0, false, 1));
        assertRefused("sgd: weightDecay is -1.0", () -> new Sgd(0.1f, 0.9f, 0, -1, false, 1));
        assertRefused("sgd: step is -3", () -> new Sgd(0.1f, 0.9f, 0, 0, false, -3));
        new AdamW(0, 0, 0, 0, 0, 1);
        new Sgd(0, 0, 0, 0, true, 1);
    }
}
