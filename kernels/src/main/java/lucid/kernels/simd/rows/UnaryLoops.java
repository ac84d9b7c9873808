package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Lanes.NATIVE;
import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Activations;
import lucid.kernels.simd.vector.VectorMath;

/// `y = f(x)` over n contiguous floats, n a multiple of the vector length (see [lucid.kernels.simd.work.Pads]): one loop per function, because a loop
/// that called the function through an interface would box every vector, and no tail beside it, to stay within HotSpot's inlining budget (see
/// [VectorMath]).
public final class UnaryLoops {
    private static final long STEP = LANES * 4L;

    private UnaryLoops() {}

    /// `y = f(x)` over n floats; offsets in bytes.
    public static void run(Unary op, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        switch (op) {
            case NEG -> neg(x, xo, y, yo, n);
            case ABS -> abs(x, xo, y, yo, n);
            case SQUARE -> square(x, xo, y, yo, n);
            case SQRT -> sqrt(x, xo, y, yo, n);
            case RSQRT -> rsqrt(x, xo, y, yo, n);
            case EXP -> exp(x, xo, y, yo, n);
            case LOG -> log(x, xo, y, yo, n);
            case TANH -> tanh(x, xo, y, yo, n);
            case SIGMOID -> sigmoid(x, xo, y, yo, n);
            case RELU -> relu(x, xo, y, yo, n);
            case SILU -> silu(x, xo, y, yo, n);
            case GELU_TANH -> geluTanh(x, xo, y, yo, n);
            case GELU_ERF -> geluErf(x, xo, y, yo, n);
            case SIN -> sin(x, xo, y, yo, n);
            case COS -> cos(x, xo, y, yo, n);
            case ERF -> erf(x, xo, y, yo, n);
        }
    }

    private static void neg(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) load(x, xo).neg().intoMemorySegment(y, yo, NATIVE);
    }

    private static void abs(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) load(x, xo).abs().intoMemorySegment(y, yo, NATIVE);
    }

    private static void square(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) Activations.square(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void sqrt(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) load(x, xo).sqrt().intoMemorySegment(y, yo, NATIVE);
    }

    private static void rsqrt(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.rsqrt(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void exp(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.exp(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void log(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.log(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void tanh(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.tanh(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void sigmoid(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.sigmoid(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void relu(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) load(x, xo).max(0f).intoMemorySegment(y, yo, NATIVE);
    }

    private static void silu(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) Activations.silu(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void geluTanh(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) Activations.geluTanh(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void geluErf(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) Activations.geluErf(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void sin(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(false, x, xo, y, yo);
            else VectorMath.sin(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
        }
    }

    private static void cos(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(true, x, xo, y, yo);
            else VectorMath.cos(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
        }
    }

    private static void erf(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, yo += STEP) VectorMath.erf(load(x, xo)).intoMemorySegment(y, yo, NATIVE);
    }

    private static void largeAngles(boolean cosine, MemorySegment x, long xo, MemorySegment y, long yo) {
        for (int i = 0; i < LANES; i++, xo += 4, yo += 4) {
            float v = x.get(ValueLayout.JAVA_FLOAT, xo);
            y.set(ValueLayout.JAVA_FLOAT, yo, cosine ? ScalarMath.cos(v) : ScalarMath.sin(v));
        }
    }
}
