package lucid.grpo.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.math.Philox;

/// Group-relative advantages (GRPO, arXiv 2402.03300) with the Gaussian noise of TinyLLaVA-Video-R1 (arXiv 2504.09641).
///
/// `A_i = (r_i - mean) / (std + eps) + noise · n_i`, std with divisor n - 1, `n_i ~ N(0, 1)` independent.
/// The noise is added to every completion, also in a group without spread, where it alone gives a direction.
///
/// @param eps         1e-4 in the published code
/// @param noise       0.02 in the paper; 0: none
/// @param divideByStd false: centred only. That is one half of Dr. GRPO (arXiv 2503.20783); the other is [Aggregation#FIXED_LENGTH_MEAN]
/// @param batchStd    the standard deviation is that of all rewards of the step and not of the group's (arXiv 2508.08221; TRL's
///                    `scale_rewards="batch"`): a group that nearly agrees is not blown up. The mean is the group's always
public record Advantages(double eps, double noise, boolean divideByStd, boolean batchStd) {
    private static final int PURPOSE = 0x4E4F4953;

    public Advantages {
        if (!(eps >= 0) || !(noise >= 0)) throw new IllegalArgumentException("advantages: eps " + eps + ", noise " + noise + "; wanted both >= 0");
    }

    /// With the group's own standard deviation.
    public Advantages(double eps, double noise, boolean divideByStd) { this(eps, noise, divideByStd, false); }

    /// Those of a step, with the noise of [#normals].
    ///
    /// @param groups rewards of each, in the order of their prompts
    public List<double[]> ofStep(List<double[]> groups, long seed, int step) {
        double batch = batchStd ? std(groups.stream().flatMapToDouble(Arrays::stream).toArray()) : Double.NaN;
        List<double[]> all = new ArrayList<>();
        for (double[] rewards : groups) {
            double[] normals = noise == 0 ? new double[rewards.length] : normals(rewards.length, seed, step, all.size());
            all.add(of(rewards, normals, batchStd ? batch : std(rewards)));
        }
        return all;
    }

    /// Those of a group that is all of its step.
    ///
    /// @param normals as many standard normal numbers as rewards
    /// @throws IllegalArgumentException rewards so far apart that an advantage is no finite float, which is what the kernel gets
    public double[] of(double[] rewards, double[] normals) { return of(rewards, normals, std(rewards)); }

    private double[] of(double[] rewards, double[] normals, double std) {
        if (rewards.length != normals.length) {
            throw new IllegalArgumentException("advantages: " + rewards.length + " rewards but " + normals.length + " noise numbers");
        }
        double mean = mean(rewards);
        double scale = divideByStd ? std + eps : 1;
        double[] a = new double[rewards.length];
        // A group of one has no spread: it is centred to 0, and 0 / eps stays 0.
        for (int i = 0; i < a.length; i++) a[i] = (scale == 0 ? 0 : (rewards[i] - mean) / scale) + noise * normals[i];
        if (!Double.isFinite(scale) || !Arrays.stream(a).allMatch(v -> Float.isFinite((float) v))) {
            throw new IllegalArgumentException("advantages: rewards " + Arrays.toString(rewards) + " with noise " + noise
                    + (divideByStd ? ", divided by " + scale : "") + " give " + Arrays.toString(a) + "; wanted finite numbers, as floats too");
        }
        return a;
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
