package lucid.kernels.simd.rows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;

/// The gradient of `x[target] - lse` with respect to a piece of a row's logits: `c · (onehot - softmax)`, element by element.
public final class SoftmaxGradient {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private SoftmaxGradient() {}

    /// `out[j] (+)= c · ([j = target] - e^(x[j] / temperature - lse))` for n logits; `out` may be the logits themselves.
    ///
    /// @param target index within the piece; outside 0 .. n when the target lies elsewhere
    public static void row(MemorySegment logits, long from, int n, int target, float temperature, float lse, float c, MemorySegment out, long to,
            boolean add) {
        boolean here = target >= 0 && target < n;
        float x = here ? logits.get(FLOAT, from + 4L * target) : 0;
        float before = here && add ? out.get(FLOAT, to + 4L * target) : 0;
        int width = Species.LANES;
        int j = 0;
        for (; j + width <= n; j += width) {
            FloatVector p = VectorMath.exp(Lanes.load(logits, from + 4L * j).div(temperature).sub(lse));
            FloatVector d = p.neg().mul(c);
            if (add) d = Lanes.load(out, to + 4L * j).add(d);
            Lanes.store(d, out, to + 4L * j);
        }
        for (; j < n; j++) {
            float d = -ScalarMath.exp(logits.get(FLOAT, from + 4L * j) / temperature - lse) * c;
            out.set(FLOAT, to + 4L * j, add ? out.get(FLOAT, to + 4L * j) + d : d);
        }
        if (!here) return;
        float d = (1 - ScalarMath.exp(x / temperature - lse)) * c;
        out.set(FLOAT, to + 4L * target, add ? before + d : d);
    }
}
