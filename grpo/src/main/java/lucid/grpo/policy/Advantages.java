package lucid.grpo.policy;

import java.util.Arrays;
import lucid.kernels.math.Philox;

/// Group-relative advantages (GRPO, arXiv 2402.03300) with the Gaussian noise of TinyLLaVA-Video-R1 (arXiv 2504.09641).
///
/// `A_i = (r_i - mean) / (std + eps) + noise · n_i`, std with divisor n - 1, `n_i ~ N(0, 1)` independent.
/// The noise is added to every completion, also in a group without spread, where it alone gives a direction.
///
/// @param eps         1e-4 in the published code
/// @param noise       0.02 in the paper; 0: none
/// @param divideByStd false: centred only. That is one half of Dr. GRPO (arXiv 2503.20783); the other, a sum over tokens divided by a constant
/// instead of by
///                    the completion's length, is no [Aggregation] here
public record Advantages(double eps, double noise, boolean divideByStd) {
    private static final int PURPOSE = 0x4E4F4953;

    public Advantages {
        if (!(eps >= 0) || !(noise >= 0)) throw new IllegalArgumentException("advantages: eps " + eps + ", noise " + noise + "; wanted both >= 0");
    }

    /// @param rewards of one group
    /// @param normals as many standard normal numbers
    /// @throws IllegalArgumentException rewards so far apart that an advantage is no finite float, which is what the kernel gets
    public double[] of(double[] rewards, double[] normals) {
        if (rewards.length != normals.length) {
            throw new IllegalArgumentException("advantages: " + rewards.length + " rewards but " + normals.length + " noise numbers");
        }
        double mean = mean(rewards);
        double scale = divideByStd ? std(rewards) + eps : 1;
        double[] a = new double[rewards.length];
        // A group of one has no spread: it is centred to 0, and 0 / eps stays 0.
        for (int i = 0; i < a.length; i++) a[i] = (scale == 0 ? 0 : (rewards[i] - mean) / scale) + noise * normals[i];
        if (!Double.isFinite(scale) || !Arrays.stream(a).allMatch(v -> Float.isFinite((float) v))) {
            throw new IllegalArgumentException("advantages: rewards " + Arrays.toString(rewards) + " with noise " + noise
                    + (divideByStd ? ", divided by " + scale : "") + " give " + Arrays.toString(a) + "; wanted finite numbers, as floats too");
        }
        return a;
    }

    /// With the noise of [#normals].
    public double[] of(double[] rewards, long seed, int step, int prompt) {
        return of(rewards, noise == 0 ? new double[rewards.length] : normals(rewards.length, seed, step, prompt));
    }

    /// The `n_i` of a group: they come from (run seed, step, prompt, completion) alone.
    ///
    /// @param step of the stage, from 0
    public static double[] normals(int completions, long seed, int step, int prompt) {
        double[] normals = new double[completions];
        for (int i = 0; i < completions; i++) normals[i] = normal(Philox.key(seed, PURPOSE), step, prompt, i);
        return normals;
    }

    /// Standard deviation with divisor n - 1; 0 for fewer than two numbers.
    public static double std(double[] x) {
        if (x.length < 2) return 0;
        double mean = mean(x);
        double sum = 0;
        for (double v : x) sum += (v - mean) * (v - mean);
        return Math.sqrt(sum / (x.length - 1));
    }

    // Of equal numbers themselves: their average may round to a neighbour, and a group without spread would seem to have some.
    private static double mean(double[] x) {
        return Arrays.stream(x).allMatch(v -> v == x[0]) ? x.length == 0 ? 0 : x[0] : Arrays.stream(x).average().orElseThrow();
    }

    // Box-Muller; StrictMath so that the number is the same on every machine.
    private static double normal(long key, int step, int prompt, int completion) {
        int[] w = new int[4];
        Philox.words(key, step, prompt, completion, 0, w);
        double u = ((w[0] & 0xFFFFFFFFL) + 0.5) * 0x1p-32;
        double angle = 2 * Math.PI * ((w[1] & 0xFFFFFFFFL) + 0.5) * 0x1p-32;
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(angle);
    }
}
