package lucid.kernels.simd;

import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// See [Attention]. Checks, looks the plan's schedule up (layers of a model call with the same plan, one after the other) and hands its units to the threads.
public final class SimdAttention implements Attention {
    private final Workers workers;
    private final AttentionScratch[] scratch;
    private AttentionSchedule last;

    public SimdAttention(Workers workers) {
        this.workers = workers;
        scratch = new AttentionScratch[workers.threads()];
        for (int i = 0; i < scratch.length; i++) scratch[i] = new AttentionScratch();
    }

    @Override public void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        String name = "attention forward";
        AttentionSchedule schedule = check(name, plan, q, k, v, out, lse);
        for (Matrix input : List.of(q, k, v)) {
            Checks.apart(name, "out", out, "an input", input);
            Checks.apart(name, "lse", lse, "an input", input);
        }
        Checks.apart(name, "out", out, "lse", lse);
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
        Checks.like(name, "dOut", dOut, "out", out);
        Checks.like(name, "dq", dq, "q", q);
        Checks.like(name, "dk", dk, "k", k);
        Checks.like(name, "dv", dv, "v", v);
        for (Matrix input : List.of(q, k, v, out, lse, dOut)) {
            Checks.apart(name, "dq", dq, "an input", input);
            Checks.apart(name, "dk", dk, "an input", input);
            Checks.apart(name, "dv", dv, "an input", input);
        }
        Checks.apart(name, "dq", dq, "dk", dk);
        Checks.apart(name, "dq", dq, "dv", dv);
        Checks.apart(name, "dk", dk, "dv", dv);
        AttentionBackward pass = new AttentionBackward(plan, scale, AttentionRows.of(q), AttentionRows.of(k), AttentionRows.of(v), AttentionRows.of(out),
                AttentionRows.of(lse), AttentionRows.of(dOut), AttentionRows.of(dq), AttentionRows.of(dk), AttentionRows.of(dv));
        List<AttentionUnits.BackwardUnit> units = schedule.backward();
        workers.parallel(units.size(), 1, (from, to, thread) -> {
            for (int i = from; i < to; i++) pass.run(units.get(i), scratch[thread]);
        });
    }

    private AttentionSchedule check(String name, AttentionPlan plan, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        Checks.present(name, "plan", plan);
        Checks.type(name, "q", q, DType.F32);
        Checks.type(name, "k", k, DType.F32);
        Checks.shape(name, "q", q, q.rows(), plan.heads() * plan.headDim(), DType.F32);
        Checks.shape(name, "k", k, k.rows(), plan.kvHeads() * plan.headDim(), DType.F32);
        Checks.like(name, "v", v, "k", k);
        Checks.like(name, "out", out, "q", q);
        Checks.shape(name, "lse", lse, q.rows(), plan.heads(), DType.F32);
        AttentionSchedule schedule = schedule(plan);
        Checks.that(schedule.queryEnd() <= q.rows(), name, "the plan names query rows up to " + (schedule.queryEnd() - 1) + " but q is " + q.describe()
                + "; wanted a plan over these rows");
        Checks.that(schedule.keyEnd() <= k.rows(), name, "the plan names key rows up to " + (schedule.keyEnd() - 1) + " but k is " + k.describe()
                + "; wanted a plan over these rows");
        return schedule;
    }

    private AttentionSchedule schedule(AttentionPlan plan) {
        if (last == null || last.plan() != plan) last = AttentionSchedule.of(plan, workers.threads());
        return last;
    }
}
