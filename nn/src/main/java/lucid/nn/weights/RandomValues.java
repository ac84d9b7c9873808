package lucid.nn.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.math.NormalNumbers;

/// The numbers that [WeightSource#random] gives a parameter, any stretch of them alone: for models that are larger than memory.
/// The same bits whatever the order, the pieces and the threads.
///
/// @param constant what all numbers are where `std` is 0
public record RandomValues(long key, float std, float constant) {
    /// The values of one parameter.
    public static RandomValues of(long seed, Initialization init, Declaration d) {
        float std = init.std(d.role(), d.shape());
        return new RandomValues(WeightSource.Random.key(seed, d.name()), std, d.role() == Role.NORM_WEIGHT ? 1 : 0);
    }

    /// Numbers `first` to `first + n`.
    ///
    /// @param into native memory for at least n f32
    public void fill(long first, int n, MemorySegment into) {
        if (std > 0) {
            NormalNumbers.fill(key, 0, std, first, into, 0, n);
            return;
        }
        for (int i = 0; i < n; i++) into.setAtIndex(ValueLayout.JAVA_FLOAT, i, constant);
    }
}
