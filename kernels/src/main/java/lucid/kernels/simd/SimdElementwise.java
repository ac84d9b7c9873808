package lucid.kernels.simd;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.rows.BinaryLoops;
import lucid.kernels.simd.rows.UnaryBackwardLoops;
import lucid.kernels.simd.rows.UnaryLoops;
import lucid.kernels.simd.vector.Activations;
import lucid.kernels.simd.vector.Derivatives;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;
import lucid.kernels.simd.work.Pads;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// Strips of elements through vector loops, dealt to the workers. See [Elementwise]; the loops are in [UnaryLoops], [UnaryBackwardLoops] and
/// [BinaryLoops].
public final class SimdElementwise implements Elementwise {
    private static final long STEP = LANES * 4L;

    private final Workers workers;
    private final Pads pads;

    public SimdElementwise(Workers workers) {
        this.workers = workers;
        pads = new Pads(workers);
    }

    @Override public void fill(Matrix y, float value) {
        Checks.type("elementwise.fill", "y", y, F32);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, y.rows(), y.cols(), y.isDense(), (r, c, n, _) -> fill(value, ys, at(y, r, c), n));
    }

    @Override public void copy(Matrix x, Matrix y) {
        ElementwiseArguments.copy(x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        long size = x.dtype().bytes();
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && y.isDense(),
                (r, c, n, _) -> MemorySegment.copy(xs, at(x, r, c), ys, at(y, r, c), n * size));
    }

    @Override public void copyRows(Matrix x, RowPlaces places, Matrix y) {
        ElementwiseArguments.copyRows(x, places, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        int[] to = places.rows();
        Strips.run(workers, x.rows(), x.cols(), false, (r, c, n, _) -> MemorySegment.copy(xs, at(x, r, c), ys, at(y, to[(int) r], c),
                n * (long) Float.BYTES));
    }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) {
        ElementwiseArguments.binary("elementwise." + op, a, b, y);
        MemorySegment as = HostBuffer.segment(a);
        MemorySegment bs = HostBuffer.segment(b);
        MemorySegment ys = HostBuffer.segment(y);
        boolean oneRow = b.rows() == 1 && a.rows() != 1;
        boolean oneCol = b.cols() == 1 && a.cols() != 1;
        boolean dense = a.isDense() && y.isDense();
        if (oneCol) {
            Strips.run(workers, a.rows(), a.cols(), dense && b.rows() == 1, (r, c, n, _) ->
                    BinaryLoops.run(op, as, at(a, r, c), bs.get(ValueLayout.JAVA_FLOAT, at(b, oneRow ? 0 : r, 0)), ys, at(y, r, c), n));
        } else {
            Strips.run(workers, a.rows(), a.cols(), dense && b.isDense() && !oneRow, (r, c, n, _) ->
                    BinaryLoops.run(op, as, at(a, r, c), bs, at(b, oneRow ? 0 : r, c), ys, at(y, r, c), n));
        }
    }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.addScaled", x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && y.isDense(),
                (r, c, n, _) -> BinaryLoops.addScaled(alpha, xs, at(x, r, c), ys, at(y, r, c), n));
    }

    @Override public void scale(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.scale", x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && y.isDense(),
                (r, c, n, _) -> BinaryLoops.run(Binary.MUL, xs, at(x, r, c), alpha, ys, at(y, r, c), n));
    }

    @Override public void unary(Unary op, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise." + op, x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && y.isDense(),
                (r, c, n, t) -> unary(op, pads.of(t), xs, at(x, r, c), ys, at(y, r, c), n));
    }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) {
        ElementwiseArguments.unaryBackward("elementwise." + op + " backward", x, dy, dx);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment gs = HostBuffer.segment(dy);
        MemorySegment ds = HostBuffer.segment(dx);
        boolean add = mode == Accumulate.ADD;
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && dy.isDense() && dx.isDense(), (r, c, n, t) ->
                unaryBackward(op, pads.of(t), xs, at(x, r, c), gs, at(dy, r, c), ds, at(dx, r, c), n, add));
    }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) {
        ElementwiseArguments.swiGlu(gate, up, y);
        MemorySegment gs = HostBuffer.segment(gate);
        MemorySegment us = HostBuffer.segment(up);
        MemorySegment ys = HostBuffer.segment(y);
        Strips.run(workers, y.rows(), y.cols(), gate.isDense() && up.isDense() && y.isDense(), (r, c, n, t) ->
                swiGlu(pads.of(t), gs, at(gate, r, c), us, at(up, r, c), ys, at(y, r, c), n));
    }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) {
        ElementwiseArguments.swiGluBackward(gate, up, dy, dGate, dUp);
        MemorySegment gs = HostBuffer.segment(gate);
        MemorySegment us = HostBuffer.segment(up);
        MemorySegment ys = HostBuffer.segment(dy);
        MemorySegment dgs = HostBuffer.segment(dGate);
        MemorySegment dus = HostBuffer.segment(dUp);
        boolean add = mode == Accumulate.ADD;
        boolean dense = gate.isDense() && up.isDense() && dy.isDense() && dGate.isDense() && dUp.isDense();
        Strips.run(workers, gate.rows(), gate.cols(), dense, (r, c, n, t) ->
                swiGluBackward(pads.of(t), gs, at(gate, r, c), us, at(up, r, c), ys, at(dy, r, c), dgs, at(dGate, r, c), dus, at(dUp, r, c), n, add));
    }

    private static void fill(float value, MemorySegment y, long yo, int n) {
        FloatVector v = FloatVector.broadcast(Species.F, value);
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, yo += STEP) store(v, y, yo);
        if (bound < n) store(v, y, yo, n - bound);
    }

    private static void unary(Unary op, MemorySegment pad, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int whole = Species.F.loopBound(n);
        UnaryLoops.run(op, x, xo, y, yo, whole);
        int rest = n - whole;
        if (rest == 0) return;
        Pads.in(pad, 0, x, xo + 4L * whole, rest);
        UnaryLoops.run(op, pad, Pads.slot(0), pad, Pads.slot(1), LANES);
        Pads.out(pad, 1, y, yo + 4L * whole, rest);
    }

    private static void unaryBackward(Unary op, MemorySegment pad, MemorySegment x, long xo, MemorySegment dy, long go, MemorySegment dx,
            long o, int n,
                                      boolean add) {
        int whole = add ? 0 : Species.F.loopBound(n);
        UnaryBackwardLoops.run(op, pad, x, xo, dy, go, dx, o, whole);
        for (int i = whole; i < n; i += Pads.LENGTH) {
            int piece = Math.min(Pads.LENGTH, n - i);
            long at = 4L * i;
            Pads.in(pad, 0, x, xo + at, piece);
            Pads.in(pad, 1, dy, go + at, piece);
            UnaryBackwardLoops.run(op, pad, pad, Pads.slot(0), pad, Pads.slot(1), pad, Pads.slot(2), roundUp(piece));
            deliver(pad, 2, dx, o + at, piece, add);
        }
    }

    /// Adds a slot to the output, or copies it there.
    private static void deliver(MemorySegment pad, int slot, MemorySegment y, long yo, int n, boolean add) {
        if (add) BinaryLoops.run(Binary.ADD, y, yo, pad, Pads.slot(slot), y, yo, n);
        else Pads.out(pad, slot, y, yo, n);
    }

    private static int roundUp(int n) { return Species.F.loopBound(n + LANES - 1); }

    private static void swiGlu(MemorySegment pad, MemorySegment g, long go, MemorySegment u, long uo, MemorySegment y, long yo, int n) {
        int whole = Species.F.loopBound(n);
        swiGlu(g, go, u, uo, y, yo, whole);
        int rest = n - whole;
        if (rest == 0) return;
        long done = 4L * whole;
        Pads.in(pad, 0, g, go + done, rest);
        Pads.in(pad, 1, u, uo + done, rest);
        swiGlu(pad, Pads.slot(0), pad, Pads.slot(1), pad, Pads.slot(2), LANES);
        Pads.out(pad, 2, y, yo + done, rest);
    }

    private static void swiGlu(MemorySegment g, long go, MemorySegment u, long uo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES, go += STEP, uo += STEP, yo += STEP)
            load(u, uo).mul(Activations.silu(load(g, go))).intoMemorySegment(y, yo, Lanes.NATIVE);
    }

    private static void swiGluBackward(MemorySegment pad, MemorySegment g, long go, MemorySegment u, long uo, MemorySegment y, long yo,
            MemorySegment dg,
                                       long dgo, MemorySegment du, long duo, int n, boolean add) {
        int whole = add ? 0 : Species.F.loopBound(n);
        swiGluBackward(g, go, u, uo, y, yo, dg, dgo, du, duo, whole);
        for (int i = whole; i < n; i += Pads.LENGTH) {
            int piece = Math.min(Pads.LENGTH, n - i);
            long at = 4L * i;
            Pads.in(pad, 0, g, go + at, piece);
            Pads.in(pad, 1, u, uo + at, piece);
            Pads.in(pad, 2, y, yo + at, piece);
            swiGluBackward(pad, Pads.slot(0), pad, Pads.slot(1), pad, Pads.slot(2), pad, Pads.slot(3), pad, Pads.slot(4), roundUp(piece));
            deliver(pad, 3, dg, dgo + at, piece, add);
            deliver(pad, 4, du, duo + at, piece, add);
        }
    }

    /// All three inputs are read before an output is written, because an output may be one of them.
    private static void swiGluBackward(MemorySegment g, long go, MemorySegment u, long uo, MemorySegment y, long yo, MemorySegment dg, long dgo,
                                       MemorySegment du, long duo, int n) {
        for (int i = 0; i < n; i += LANES, go += STEP, uo += STEP, yo += STEP, dgo += STEP, duo += STEP) {
            FloatVector x = load(g, go);
            FloatVector d = load(y, yo);
            FloatVector forGate = d.mul(load(u, uo));
            FloatVector s = VectorMath.sigmoid(x);
            forGate.mul(Derivatives.silu(x, s)).intoMemorySegment(dg, dgo, Lanes.NATIVE);
            d.mul(x.mul(s)).intoMemorySegment(du, duo, Lanes.NATIVE);
        }
    }
}
