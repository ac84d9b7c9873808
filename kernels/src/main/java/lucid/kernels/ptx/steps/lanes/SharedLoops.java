package lucid.kernels.ptx.steps.lanes;

import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import lucid.kernels.ptx.machine.Step;

/// Loops for functions that carry state, shared by all of them: slower than the copies that [Lanes] makes, for the rarer forms.
public final class SharedLoops {
    private SharedLoops() {}

    public static Step words(int d, int a, IntUnaryOperator f) {
        return (warp, mask) -> {
            int[] r = warp.words;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.applyAsInt(r[a + l]);
            }
            return Step.NEXT;
        };
    }

    public static Step words(int d, int a, int b, IntBinaryOperator f) {
        return (warp, mask) -> {
            int[] r = warp.words;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.applyAsInt(r[a + l], r[b + l]);
            }
            return Step.NEXT;
        };
    }

    public static Step words(int d, int a, int b, int c, Lanes.IntTernary f) {
        return (warp, mask) -> {
            int[] r = warp.words;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.apply(r[a + l], r[b + l], r[c + l]);
            }
            return Step.NEXT;
        };
    }

    public static Step wides(int d, int a, LongUnaryOperator f) {
        return (warp, mask) -> {
            long[] r = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.applyAsLong(r[a + l]);
            }
            return Step.NEXT;
        };
    }

    public static Step wides(int d, int a, int b, LongBinaryOperator f) {
        return (warp, mask) -> {
            long[] r = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.applyAsLong(r[a + l], r[b + l]);
            }
            return Step.NEXT;
        };
    }

    public static Step wides(int d, int a, int b, int c, Lanes.LongTernary f) {
        return (warp, mask) -> {
            long[] r = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                r[d + l] = f.apply(r[a + l], r[b + l], r[c + l]);
            }
            return Step.NEXT;
        };
    }
}
