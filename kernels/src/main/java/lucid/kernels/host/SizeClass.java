package lucid.kernels.host;

/// Sizes in which pools hand out memory: eight per power of two, so that a training step finds the blocks of the step before and at most an eighth is
/// lost.
public final class SizeClass {
    private SizeClass() {}

    /// The smallest class that holds so many bytes; at least `alignment`, and a multiple of it.
    public static long of(long bytes, long alignment) {
        long size = Math.max(alignment, bytes);
        long step = Math.max(alignment, Long.highestOneBit(size) >>> 3);
        return (size + step - 1) / step * step;
    }
}
