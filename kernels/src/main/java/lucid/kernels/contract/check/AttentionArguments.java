package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.F32;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Matrix;

/// What every device demands of the arguments of [Attention]: shapes first, then that the plan stays inside them, then that no output touches an
/// input.
public final class AttentionArguments {
    private AttentionArguments() {}

    /// How far a plan reaches, which a device may keep beside the plan: looking at every span again for every layer would be waste.
    ///
    /// @param queryEnd one past the last query row that the plan names, `keyEnd` likewise for key rows
    public record Extent(int queryEnd, int keyEnd) {
        /// Refuses a plan that names a query row in two spans, or a key row twice in one.
        public static Extent of(AttentionPlan plan) {
            int queryEnd = 0, keyEnd = 0;
            for (Span s : plan.spans()) {
                if (s.queries() > 0) queryEnd = Math.max(queryEnd, Math.addExact(s.queryRow(), s.queries()));
                if (s.prefixKeys() > 0) keyEnd = Math.max(keyEnd, Math.addExact(s.prefixRow(), s.prefixKeys()));
                if (s.ownKeys() > 0) keyEnd = Math.max(keyEnd, Math.addExact(s.ownRow(), s.ownKeys()));
            }
            spans(plan);
            return new Extent(queryEnd, keyEnd);
        }

        private static void spans(AttentionPlan plan) {
            List<Span> byRow = new ArrayList<>();
            for (int i = 0; i < plan.spans().size(); i++) {
                Span s = plan.spans().get(i);
                if (s.queries() > 0) byRow.add(s);
                boolean apart = s.prefixKeys() == 0 || s.ownKeys() == 0 || s.prefixRow() + s.prefixKeys() <= s.ownRow() || s.ownRow()
                        + s.ownKeys() <= s.prefixRow();
                Checks.that(apart, "attention", "span " + i + " has prefix rows " + s.prefixRow() + " .. " + (s.prefixRow() + s.prefixKeys() - 1)
                        + " and own rows "
                        + s.ownRow() + " .. " + (s.ownRow() + s.ownKeys() - 1) + "; wanted every key row once in a span");
            }
            byRow.sort(Comparator.comparingInt(Span::queryRow));
            for (int i = 1; i < byRow.size(); i++) {
                Span a = byRow.get(i - 1), b = byRow.get(i);
                Checks.that(a.queryRow() + a.queries() <= b.queryRow(), "attention", "two spans have query row " + b.queryRow()
                        + "; wanted every query row in one span, or its result would be written twice");
            }
        }

        /// Refuses matrices that have fewer rows than the plan names.
        public void within(String operation, Matrix q, Matrix k) {
            Checks.that(queryEnd <= q.rows(), operation, "the plan names query rows up to " + (queryEnd - 1) + " but q is " + q.describe()
                    + "; wanted a plan over these rows");
            Checks.that(keyEnd <= k.rows(), operation, "the plan names key rows up to " + (keyEnd - 1) + " but k is " + k.describe()
                    + "; wanted a plan over these rows");
        }
    }

    /// Shapes and types of what forward and backward have in common.
    public static void shapes(String operation, AttentionPlan plan, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        Checks.present(operation, "plan", plan);
        Checks.type(operation, "q", q, F32);
        Checks.type(operation, "k", k, F32);
        Checks.shape(operation, "q", q, q.rows(), plan.heads() * plan.headDim(), F32);
        Checks.shape(operation, "k", k, k.rows(), plan.kvHeads() * plan.headDim(), F32);
        Checks.like(operation, "v", v, "k", k);
        Checks.like(operation, "out", out, "q", q);
        Checks.shape(operation, "lse", lse, q.rows(), plan.heads(), F32);
    }

    /// Of the results of [Attention#forward].
    public static void results(String operation, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        for (Matrix input : List.of(q, k, v)) {
            Checks.apart(operation, "out", out, "an input", input);
            Checks.apart(operation, "lse", lse, "an input", input);
        }
        Checks.apart(operation, "out", out, "lse", lse);
    }

    /// Of the gradients of [Attention#backward].
    public static void gradients(String operation, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut, Matrix dq, Matrix dk,
            Matrix dv) {
        Checks.like(operation, "dOut", dOut, "out", out);
        Checks.like(operation, "dq", dq, "q", q);
        Checks.like(operation, "dk", dk, "k", k);
        Checks.like(operation, "dv", dv, "v", v);
        for (Matrix input : List.of(q, k, v, out, lse, dOut)) {
            Checks.apart(operation, "dq", dq, "an input", input);
            Checks.apart(operation, "dk", dk, "an input", input);
            Checks.apart(operation, "dv", dv, "an input", input);
        }
        Checks.apart(operation, "dq", dq, "dk", dk);
        Checks.apart(operation, "dq", dq, "dv", dv);
        Checks.apart(operation, "dk", dk, "dv", dv);
    }
}
