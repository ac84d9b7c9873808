package lucid.bench.kernel;

import java.util.List;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Causal attention over 640 tokens, 16 heads of 128 on 2 key heads (a 3B model) and 8 heads of 64.
public class AttentionBench extends KernelBench {
    /// A peer's too.
    public static final int TOKENS = 640;

    @State(Scope.Benchmark) public static class Heads {
        @Param({"16x2x128", "8x8x64"}) public String heads;
    }

    /// libtorch has no backward of its own for heads that share keys.
    @State(Scope.Benchmark) public static class LibtorchBackward {
        @Param("8x8x64") public String heads;
    }

    private AttentionPlan plan;
    private float scale;
    private Matrix q;
    private Matrix k;
    private Matrix v;
    private Matrix out;
    private Matrix lse;
    private Matrix dOut;
    private Matrix dq;
    private Matrix dk;
    private Matrix dv;

    @Override void prepare() {
        String[] sizes = parameter("heads").split("x");
        int d = Integer.parseInt(sizes[2]);
        plan = new AttentionPlan(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), d, List.of(AttentionPlan.Span.causal(0, TOKENS)));
        scale = (float) (1 / Math.sqrt(d));
        int width = plan.heads() * d;
        int kvWidth = plan.kvHeads() * d;
        q = random(TOKENS, width);
        k = random(TOKENS, kvWidth);
        v = random(TOKENS, kvWidth);
        out = random(TOKENS, width);
        lse = random(TOKENS, plan.heads());
        dOut = random(TOKENS, width);
        dq = random(TOKENS, width);
        dk = random(TOKENS, kvWidth);
        dv = random(TOKENS, kvWidth);
        device.attention().forward(plan, scale, q, k, v, out, lse);
    }

    /// Per query, head and visible key 2 d operations for each product: forward has two (scores, values), backward five (scores, dOut·v, dv, dk, dq).
    @Override void limit(String kernel, Limit limit) {
        int products = kernel.equals("forward") ? 2 : 5;
        limit.arithmetic(workers, products * 2.0 * plan.headDim() * plan.heads() * TOKENS * (TOKENS + 1) / 2);
    }

    /// Weighted means of values below 1; the gradient is a sum of such, of which dq is looked at.
    @Override Comparison comparison(String kernel) {
        if (kernel.equals("forward")) return new Comparison("attention", () -> forward(null), out, 1e-5, perHead(q), perHead(k), perHead(v));
        return new Comparison("attentionBackward", () -> backward(null), dq, 1e-5, perHead(dOut), perHead(q), perHead(k), perHead(v),
                perHead(out), lse);
    }

    private Matrix perHead(Matrix m) { return Matrix.of(m.buffer(), Math.toIntExact(m.size()) / plan.headDim(), plan.headDim()); }

    @Benchmark public void forward(Heads asked) { device.attention().forward(plan, scale, q, k, v, out, lse); }

    @Benchmark public void forward_libtorch(Heads asked) { peer(); }

    @Benchmark public void backward(Heads asked) { device.attention().backward(plan, scale, q, k, v, out, lse, dOut, dq, dk, dv); }

    @Benchmark public void backward_libtorch(LibtorchBackward asked) { peer(); }
}
