package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.store;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Elementwise.Unary;

/// `y = f(x)` over n contiguous floats: one loop per function, because a loop that called the function through an interface would box every vector.
/// The rest of a strip runs the same vector code under a mask.
final class UnaryLoops {
    private static final long STEP = LANES * 4L;

    private UnaryLoops() {}

    static void run(Unary op, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
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
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(load(x, xo).neg(), y, yo);
        if (bound < n) store(load(x, xo, n - bound).neg(), y, yo, n - bound);
    }

    private static void abs(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(load(x, xo).abs(), y, yo);
        if (bound < n) store(load(x, xo, n - bound).abs(), y, yo, n - bound);
    }

    private static void square(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(Activations.square(load(x, xo)), y, yo);
        if (bound < n) store(Activations.square(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void sqrt(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(load(x, xo).sqrt(), y, yo);
        if (bound < n) store(load(x, xo, n - bound).sqrt(), y, yo, n - bound);
    }

    private static void rsqrt(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.rsqrt(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.rsqrt(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void exp(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.exp(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.exp(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void log(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.log(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.log(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void tanh(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.tanh(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.tanh(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void sigmoid(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.sigmoid(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.sigmoid(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void relu(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(load(x, xo).max(0f), y, yo);
        if (bound < n) store(load(x, xo, n - bound).max(0f), y, yo, n - bound);
    }

    private static void silu(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(Activations.silu(load(x, xo)), y, yo);
        if (bound < n) store(Activations.silu(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void geluTanh(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(Activations.geluTanh(load(x, xo)), y, yo);
        if (bound < n) store(Activations.geluTanh(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void geluErf(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(Activations.geluErf(load(x, xo)), y, yo);
        if (bound < n) store(Activations.geluErf(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void sin(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.sin(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.sin(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void cos(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.cos(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.cos(load(x, xo, n - bound)), y, yo, n - bound);
    }

    private static void erf(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.erf(load(x, xo)), y, yo);
        if (bound < n) store(VectorMath.erf(load(x, xo, n - bound)), y, yo, n - bound);
    }
}
