package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.put;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Elementwise.Unary;

/// `dx (+)= f'(x) · dy` over n contiguous floats: one loop per function, see [UnaryLoops].
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
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.neg(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.neg(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void abs(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.abs(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.abs(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void square(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.square(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.square(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void sqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.sqrt(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.sqrt(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void rsqrt(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.rsqrt(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.rsqrt(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void exp(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.exp(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.exp(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void log(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.log(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.log(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void tanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.tanh(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.tanh(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void sigmoid(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.sigmoid(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.sigmoid(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void relu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.relu(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.relu(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void silu(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.silu(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.silu(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void geluTanh(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.geluTanh(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.geluTanh(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void geluErf(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.geluErf(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.geluErf(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void sin(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.sin(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.sin(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void cos(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.cos(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.cos(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }

    private static void erf(MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, go += STEP, o += STEP) put(Derivatives.erf(load(x, xo)).mul(load(dy, go)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(Derivatives.erf(load(x, xo, rest)).mul(load(dy, go, rest)), dx, o, rest, add);
    }
}
