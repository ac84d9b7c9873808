package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Lanes.NATIVE;
import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Derivatives;
import lucid.kernels.simd.vector.VectorMath;
import lucid.kernels.simd.work.Pads;

/// `dx = f'(x) · dy` over n contiguous floats, n a multiple of the vector length: one loop per function, see [UnaryLoops].
public final class UnaryBackwardLoops {
    private static final long STEP = LANES * 4L;
    /// The slot of the pad in which one loop leaves numbers for the next; its callers use those before it.
    private static final int WAITING = 3;

    private UnaryBackwardLoops() {}

    /// `dx = dy f'(x)` over n floats; offsets in bytes.
    ///
    /// @param pad the thread's, see [Pads]
    public static void run(Unary op, MemorySegment pad, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        switch (op) {
            case NEG -> neg(x, xo, dy, go, dx, o, n);
            case ABS -> abs(x, xo, dy, go, dx, o, n);
            case SQUARE -> square(x, xo, dy, go, dx, o, n);
            case SQRT -> sqrt(x, xo, dy, go, dx, o, n);
            case RSQRT -> rsqrt(x, xo, dy, go, dx, o, n);
            case EXP -> exp(x, xo, dy, go, dx, o, n);
            case LOG -> log(x, xo, dy, go, dx, o, n);
            case TANH -> tanh(x, xo, dy, go, dx, o, n);
            case SIGMOID -> sigmoid(x, xo, dy, go, dx, o, n);
            case RELU -> relu(x, xo, dy, go, dx, o, n);
            case SILU -> silu(x, xo, dy, go, dx, o, n);
            case GELU_TANH -> geluTanh(x, xo, dy, go, dx, o, n);
            case GELU_ERF -> geluErf(pad, x, xo, dy, go, dx, o, n);
            case SIN -> sin(x, xo, dy, go, dx, o, n);
            case COS -> cos(x, xo, dy, go, dx, o, n);
            case ERF -> erf(x, xo, dy, go, dx, o, n);
        }
    }

    private static void neg(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.neg(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void abs(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.abs(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void square(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.square(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void sqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.sqrt(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void rsqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.rsqrt(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void exp(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.exp(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void log(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.log(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void tanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.tanh(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void sigmoid(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.sigmoid(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void relu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.relu(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void silu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.silu(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void geluTanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.geluTanh(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    /// In two loops, because of the two exponentials; dx may be x or dy, so the distribution waits in the pad.
    private static void geluErf(MemorySegment pad, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += Pads.LENGTH) {
            int piece = Math.min(Pads.LENGTH, n - i);
            long at = 4L * i;
            normalCdf(x, xo + at, pad, Pads.slot(WAITING), piece);
            geluErf(x, xo + at, pad, Pads.slot(WAITING), dy, go + at, dx, o + at, piece);
        }
    }

    private static void normalCdf(MemorySegment x, long xo, MemorySegment cdf, long co, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, co += STEP) Derivatives.normalCdf(load(x, xo)).intoMemorySegment(cdf, co, NATIVE);
    }

    private static void geluErf(MemorySegment x, long xo, MemorySegment cdf, long co, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, co += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.geluErf(load(x, xo), load(cdf, co))).intoMemorySegment(dx, o, NATIVE);
    }

    private static void sin(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(true, x, xo, dy, go, dx, o);
            else load(dy, go).mul(Derivatives.sin(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
        }
    }

    private static void cos(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP) {
            if (VectorMath.beyondTrig(load(x, xo))) largeAngles(false, x, xo, dy, go, dx, o);
            else load(dy, go).mul(Derivatives.cos(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
        }
    }

    private static void erf(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, xo += STEP, go += STEP, o += STEP)
            load(dy, go).mul(Derivatives.erf(load(x, xo))).intoMemorySegment(dx, o, NATIVE);
    }

    /// Cosine is the derivative of sine, minus sine that of cosine.
    private static void largeAngles(boolean ofSine, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o) {
        for (int i = 0; i < LANES; i++, xo += 4, go += 4, o += 4) {
            float v = x.get(ValueLayout.JAVA_FLOAT, xo);
            float d = (ofSine ? ScalarMath.cos(v) : -ScalarMath.sin(v)) * dy.get(ValueLayout.JAVA_FLOAT, go);
            dx.set(ValueLayout.JAVA_FLOAT, o, d);
        }
    }
}
