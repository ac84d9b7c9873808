package lucid.kernels.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Normally distributed numbers out of [Philox] words in f32: number i is a function of (key, i), so any stretch can be made alone.
/// Box & Muller 1958: `√(-2 ln(1 - u)) cos 2πw` and `… sin 2πw`; words 0 and 1 of a counter give numbers 0 and 1 of four, words 2 and 3 the others.
public final class NormalNumbers {
    private static final float TWO_PI = 6.2831853071795864769f;

    private NormalNumbers() {}

    /// Writes `mean + std · z` for numbers `first` to `first + n`.
    ///
    /// @param y  native memory for f32
    /// @param yo byte offset of the first of them in it
    public static void fill(long key, float mean, float std, long first, MemorySegment y, long yo, int n) {
        int[] words = new int[4];
        float radius = 0;
        float angle = 0;
        for (long i = first; i < first + n; i++, yo += 4) {
            if (i == first || (i & 3) == 0) Philox.words(key, (int) (i >>> 2), (int) (i >>> 34), 0, 0, words);
            if (i == first || (i & 1) == 0) {
                int pair = (int) i & 2;
                radius = (float) Math.sqrt(-2f * ScalarMath.log(1f - Philox.uniform(words[pair])));
                angle = TWO_PI * Philox.uniform(words[pair + 1]);
            }
            float z = radius * ((i & 1) == 0 ? ScalarMath.cos(angle) : ScalarMath.sin(angle));
            y.set(ValueLayout.JAVA_FLOAT, yo, mean + std * z);
        }
    }
}
