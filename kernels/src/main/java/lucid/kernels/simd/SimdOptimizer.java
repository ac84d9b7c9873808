package lucid.kernels.simd;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.work.Pads;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// One pass over parameter, gradient and moments: bound by memory, so everything is done while the numbers are in registers. See [Optimizer].
public final class SimdOptimizer implements Optimizer {
    private static final long STEP = LANES * 4L;

    private final Workers workers;
    private final Pads pads;
    private final SimdConversion conversion;

    public SimdOptimizer(Workers workers) {
        this.workers = workers;
        pads = new Pads(workers);
        conversion = new SimdConversion(workers);
    }

    @Override public void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        Arguments.adamW("optimizer.adamW", grad, param, m, v, bf16);
        float decay = (float) (1 - (double) settings.lr() * settings.weightDecay());
        float size = (float) (settings.lr() / (1 - StrictMath.pow(settings.beta1(), settings.step())));
        float root = (float) StrictMath.sqrt(1 - StrictMath.pow(settings.beta2(), settings.step()));
        MemorySegment gs = HostBuffer.segment(grad), ps = HostBuffer.segment(param), ms = HostBuffer.segment(m), vs = HostBuffer.segment(v);
        run(param, grad, m, v, (row, col, n, thread) -> {
            int whole = F.loopBound(n), rest = n - whole;
            adamW(settings, gradScale, decay, size, root, gs, at(grad, row, col), ps, at(param, row, col), ms, at(m, row, col), vs,
                    at(v, row, col), whole);
            if (rest == 0) return;
            MemorySegment pad = pads.of(thread);
            Pads.in(pad, 0, gs, at(grad, row, col + whole), rest);
            Pads.in(pad, 1, ps, at(param, row, col + whole), rest);
            Pads.in(pad, 2, ms, at(m, row, col + whole), rest);
            Pads.in(pad, 3, vs, at(v, row, col + whole), rest);
            adamW(settings, gradScale, decay, size, root, pad, Pads.slot(0), pad, Pads.slot(1), pad, Pads.slot(2), pad, Pads.slot(3), LANES);
            Pads.out(pad, 1, ps, at(param, row, col + whole), rest);
            Pads.out(pad, 2, ms, at(m, row, col + whole), rest);
            Pads.out(pad, 3, vs, at(v, row, col + whole), rest);
        });
        if (bf16 != null) conversion.convert(param, bf16);
    }

    private void run(Matrix param, Matrix grad, Matrix first, Matrix second, Strips.Body body) {
        Strips.run(workers, param.rows(), param.cols(), param.isDense() && grad.isDense() && first.isDense() && second.isDense(), body);
    }

    // n is a multiple of the vector length.
    private static void adamW(AdamW s, float gradScale, float decay, float size, float root, MemorySegment grad, long go, MemorySegment param,
            long po, MemorySegment m, long mo,
                              MemorySegment v, long vo, int n) {
        float keep1 = 1 - s.beta1();
        float keep2 = 1 - s.beta2();
        for (int i = 0; i < n; i += LANES, go += STEP, po += STEP, mo += STEP, vo += STEP) {
            FloatVector g = load(grad, go).mul(gradScale);
            FloatVector first = load(m, mo).mul(s.beta1()).add(g.mul(keep1));
            FloatVector second = load(v, vo).mul(s.beta2()).add(g.mul(g).mul(keep2));
            store(load(param, po).mul(decay).sub(first.mul(size).div(second.sqrt().div(root).add(s.eps()))), param, po);
            store(first, m, mo);
            store(second, v, vo);
        }
    }

    @Override public void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum) {
        Arguments.update("optimizer.sgd", grad, param, momentum);
        MemorySegment gs = HostBuffer.segment(grad), ps = HostBuffer.segment(param), bs = HostBuffer.segment(momentum);
        run(param, grad, momentum, momentum, (row, col, n, thread) -> {
            int whole = F.loopBound(n), rest = n - whole;
            sgd(settings, gradScale, gs, at(grad, row, col), ps, at(param, row, col), bs, at(momentum, row, col), whole);
            if (rest == 0) return;
            MemorySegment pad = pads.of(thread);
            Pads.in(pad, 0, gs, at(grad, row, col + whole), rest);
            Pads.in(pad, 1, ps, at(param, row, col + whole), rest);
            Pads.in(pad, 2, bs, at(momentum, row, col + whole), rest);
            sgd(settings, gradScale, pad, Pads.slot(0), pad, Pads.slot(1), pad, Pads.slot(2), LANES);
            Pads.out(pad, 1, ps, at(param, row, col + whole), rest);
            Pads.out(pad, 2, bs, at(momentum, row, col + whole), rest);
        });
    }

    // n is a multiple of the vector length.
    private static void sgd(Sgd s, float gradScale, MemorySegment grad, long go, MemorySegment param, long po, MemorySegment momentum,
            long bo, int n) {
        float keep = 1 - s.dampening();
        for (int i = 0; i < n; i += LANES, go += STEP, po += STEP, bo += STEP) {
            FloatVector p = load(param, po);
            FloatVector g = load(grad, go).mul(gradScale).add(p.mul(s.weightDecay()));
            FloatVector b = s.step() == 1 ? g : load(momentum, bo).mul(s.momentum()).add(g.mul(keep));
            FloatVector step = s.nesterov() ? g.add(b.mul(s.momentum())) : b;
            store(b, momentum, bo);
            store(p.sub(step.mul(s.lr())), param, po);
        }
    }
}
