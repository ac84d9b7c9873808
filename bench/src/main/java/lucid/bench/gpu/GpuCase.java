package lucid.bench.gpu;

import lucid.kernels.cuda.Precision;

/// One thing to time.
///
/// @param name      `Family.kernel`, as in `lucid bench`
/// @param shape     for people
/// @param precision of the device that it runs on
/// @param flops     of one repetition; 0 for a kernel that is bound by memory
/// @param bytes     that one repetition must move
/// @param work      prepares the data and gives one repetition
record GpuCase(String name, String shape, Precision precision, double flops, double bytes, Preparation work) {
    /// Allocates on the device in [GpuData], and gives back what to repeat.
    @FunctionalInterface interface Preparation {
        Runnable prepare(GpuData data);
    }
}
