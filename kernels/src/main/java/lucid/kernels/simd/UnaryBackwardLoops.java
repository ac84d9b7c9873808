package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.put;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.math.ScalarMath;

/// `dx (+)= f'(x) · dy` over n contiguous floats, n a multiple of the vector length: one loop per function, see [UnaryLoops].
final class UnaryBackwardLoops {
    private static final long STEP = LANES * 4L;

    private UnaryBackwardLoops() {}

    static void run(Unary op, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        switch (op) {
            case NEG -> neg(x, xo, dy, go, dx, o, n, add);
            case ABS -> abs(x, xo, dy, go, dx, o, n, add);
            case SQUARE -> square(x, xo, dy, go, dx, o, n, add);
            case SQRT -> sqrt(x, xo, dy, go, dx, o, n, add);
            case RSQRT -> rsqrt(x, xo, dy, go, dx, o, n, add);
            case EXP -> exp(x, xo, dy, go, dx, o, n, add);
            case LOG -> log(x, xo, dy, go, dx, o, n, add);
            case TANH -> tanh(x, xo, dy, go, dx, o, n, add);
            case SIGMOID -> sigmoid(x, xo, dy, go, dx, o, n, add);
            case RELU -> relu(x, xo, dy, go, dx, o, n, add);
            case SILU -> silu(x, xo, dy, go, dx, o, n, add);
            case GELU_TANH -> geluTanh(x, xo, dy, go, dx, o, n, add);
            case GELU_ERF -> geluErf(x, xo, dy, go, dx, o, n, add);
            case SIN -> sin(x, xo, dy, go, dx, o, n, add);
            case COS -> cos(x, xo, dy, go, dx, o, n, add);
            case ERF -> erf(x, xo, dy, go, dx, o, n, add);
        }
    }

    private static void neg(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.neg(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void abs(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.abs(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void square(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.square(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void sqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.sqrt(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void rsqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.rsqrt(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void exp(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.exp(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void log(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.log(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void tanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.tanh(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void sigmoid(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.sigmoid(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void relu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.relu(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void silu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.silu(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void geluTanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.geluTanh(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void geluErf(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.geluErf(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    private static void sin(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(true, x, xo, dy, go, dx, o, add);
            else put(Derivatives.sin(load(x, xo)).mul(load(dy, go)), dx, o, add);
        }
    }

    private static void cos(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(false, x, xo, dy, go, dx, o, add);
            else put(Derivatives.cos(load(x, xo)).mul(load(dy, go)), dx, o, add);
        }
    }

    private static void erf(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.erf(load(x, xo)).mul(load(dy, go)), dx, o, add);
    }

    /// Cosine is the derivative of sine, minus sine that of cosine.
    private static void largeAngles(boolean ofSine, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, boolean add) {
        for (int i = 0; i < LANES; i++, xo += 4, go += 4, o += 4) {
            float v = x.get(ValueLayout.JAVA_FLOAT, xo);
            float d = (ofSine ? ScalarMath.cos(v) : -ScalarMath.sin(v)) * dy.get(ValueLayout.JAVA_FLOAT, go);
            dx.set(ValueLayout.JAVA_FLOAT, o, add ? dx.get(ValueLayout.JAVA_FLOAT, o) + d : d);
        }
    }
}
