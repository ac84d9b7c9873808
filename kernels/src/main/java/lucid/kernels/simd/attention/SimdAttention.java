package lucid.kernels.simd.attention;

import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.check.AttentionArguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.simd.work.Workers;

/// See [Attention]. Checks, looks the plan's schedule up and hands its units to the threads.
public final class SimdAttention implements Attention {
    private final Workers workers;
    private final AttentionScratch[] scratch;
    /// The latest first. Layers of a model call with the same plan, one after the other, but the last of a training step with one of its own.
    private final AttentionSchedule[] recent = new AttentionSchedule[2];

    public SimdAttention(Workers workers) {
        this.workers = workers;
        scratch = new AttentionScratch[workers.threads()];
        for (int i = 0; i < scratch.length; i++) scratch[i] = new AttentionScratch(workers);
    }

    @Override public void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        String name = "attention forward";
        AttentionSchedule schedule = check(name, plan, q, k, v, out, lse);
        AttentionArguments.results(name, q, k, v, out, lse);
        AttentionRows queries = AttentionRows.of(q), keys = AttentionRows.of(k), results = AttentionRows.of(out), sums = AttentionRows.of(lse);
        AttentionForward pass = new AttentionForward(new AttentionTall(plan, scale, queries, keys, results, sums),
                new AttentionFlat(plan, scale, queries, keys, results, sums), AttentionRows.of(v), plan.headDim(), plan.heads() / plan.kvHeads());
        List<AttentionSchedule.ForwardUnit> units = schedule.forward();
        workers.parallel(units.size(), 1, (from, to, thread) -> {
            for (int i = from; i < to; i++) pass.run(units.get(i), scratch[thread]);
        });
    }

    @Override public void backward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut,
                                   Matrix dq, Matrix dk, Matrix dv) {
        String name = "attention backward";
        AttentionSchedule schedule = check(name, plan, q, k, v, out, lse);
        AttentionArguments.gradients(name, q, k, v, out, lse, dOut, dq, dk, dv);
        AttentionBackward pass = new AttentionBackward(plan, scale, AttentionRows.of(q), AttentionRows.of(k), AttentionRows.of(v),
                AttentionRows.of(out),
                AttentionRows.of(lse), AttentionRows.of(dOut), AttentionRows.of(dq), AttentionRows.of(dk), AttentionRows.of(dv));
        List<AttentionUnits.BackwardUnit> units = schedule.backward();
        workers.parallel(units.size(), 1, (from, to, thread) -> {
            for (int i = from; i < to; i++) pass.run(units.get(i), scratch[thread]);
        });
    }

    private AttentionSchedule check(String name, AttentionPlan plan, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionArguments.shapes(name, plan, q, k, v, out, lse);
        AttentionSchedule schedule = schedule(plan);
        schedule.extent().within(name, q, k);
        return schedule;
    }

    private AttentionSchedule schedule(AttentionPlan plan) {
        if (recent[0] != null && recent[0].plan() == plan) return recent[0];
        AttentionSchedule before = recent[1];
        recent[1] = recent[0];
        recent[0] = before != null && before.plan() == plan ? before : new AttentionSchedule(plan, workers.threads());
        return recent[0];
    }
}
