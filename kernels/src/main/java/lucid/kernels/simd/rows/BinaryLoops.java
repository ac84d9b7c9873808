package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.simd.vector.Species;

/// `y = a op b` over n contiguous floats, b a run of floats or one number.
public final class BinaryLoops {
    private static final long STEP = LANES * 4L;

    private BinaryLoops() {}

    /// `y = a op b`, b a run; offsets in bytes.
    public static void run(Binary op, MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        switch (op) {
            case ADD -> add(a, ao, b, bo, y, yo, n);
            case SUB -> sub(a, ao, b, bo, y, yo, n);
            case MUL -> mul(a, ao, b, bo, y, yo, n);
            case DIV -> div(a, ao, b, bo, y, yo, n);
        }
    }

    /// `y = a op b`, b a number.
    public static void run(Binary op, MemorySegment a, long ao, float b, MemorySegment y, long yo, int n) {
        switch (op) {
            case ADD -> add(a, ao, b, y, yo, n);
            case SUB -> sub(a, ao, b, y, yo, n);
            case MUL -> mul(a, ao, b, y, yo, n);
            case DIV -> div(a, ao, b, y, yo, n);
        }
    }

    /// `y = fma(x, alpha, y)`.
    public static void addScaled(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        FloatVector s = FloatVector.broadcast(Species.F, alpha);
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(load(x, xo).fma(s, load(y, yo)), y, yo);
        if (bound < n) store(load(x, xo, n - bound).fma(s, load(y, yo, n - bound)), y, yo, n - bound);
    }

    private static void add(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, bo += STEP, yo += STEP) store(load(a, ao).add(load(b, bo)), y, yo);
        if (bound < n) store(load(a, ao, n - bound).add(load(b, bo, n - bound)), y, yo, n - bound);
    }

    private static void add(MemorySegment a, long ao, float b, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, yo += STEP) store(load(a, ao).add(b), y, yo);
        if (bound < n) store(load(a, ao, n - bound).add(b), y, yo, n - bound);
    }

    private static void sub(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, bo += STEP, yo += STEP) store(load(a, ao).sub(load(b, bo)), y, yo);
        if (bound < n) store(load(a, ao, n - bound).sub(load(b, bo, n - bound)), y, yo, n - bound);
    }

    private static void sub(MemorySegment a, long ao, float b, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, yo += STEP) store(load(a, ao).sub(b), y, yo);
        if (bound < n) store(load(a, ao, n - bound).sub(b), y, yo, n - bound);
    }

    private static void mul(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, bo += STEP, yo += STEP) store(load(a, ao).mul(load(b, bo)), y, yo);
        if (bound < n) store(load(a, ao, n - bound).mul(load(b, bo, n - bound)), y, yo, n - bound);
    }

    private static void mul(MemorySegment a, long ao, float b, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, yo += STEP) store(load(a, ao).mul(b), y, yo);
        if (bound < n) store(load(a, ao, n - bound).mul(b), y, yo, n - bound);
    }

    private static void div(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, bo += STEP, yo += STEP) store(load(a, ao).div(load(b, bo)), y, yo);
        if (bound < n) store(load(a, ao, n - bound).div(load(b, bo, n - bound)), y, yo, n - bound);
    }

    /// `y = a / b`.
    public static void div(MemorySegment a, long ao, float b, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, ao += STEP, yo += STEP) store(load(a, ao).div(b), y, yo);
        if (bound < n) store(load(a, ao, n - bound).div(b), y, yo, n - bound);
    }
}
