package lucid.bench.gpu;

import java.util.Locale;
import lucid.kernels.cuda.PatchKernels;
import lucid.kernels.cuda.Precision;

/// One thing to time.
///
/// @param name      `Family.kernel`, as in `lucid bench`
/// @param shape     for people
/// @param precision of the device that it runs on
/// @param flops     of one repetition; 0 for a kernel that is bound by memory
/// @param bytes     that one repetition must move
/// @param work      prepares the data and gives one repetition
/// @param patches   of that device; with [PatchKernels#CUDNN] it is cuDNN that is timed
record GpuCase(String name, String shape, Precision precision, double flops, double bytes, Preparation work, PatchKernels patches) {
    GpuCase(String name, String shape, Precision precision, double flops, double bytes, Preparation work) {
        this(name, shape, precision, flops, bytes, work, PatchKernels.OWN);
    }

    /// The same by cuDNN.
    static GpuCase byCudnn(String name, String shape, double flops, double bytes, Preparation work) {
        return new GpuCase(name, shape, Precision.EXACT, flops, bytes, work, PatchKernels.CUDNN);
    }

    /// Whose kernels: the table's column.
    String label() { return (patches == PatchKernels.CUDNN ? patches : precision).name().toLowerCase(Locale.ROOT); }

    /// Allocates on the device in [GpuData], and gives back what to repeat.
    @FunctionalInterface interface Preparation {
        Runnable prepare(GpuData data);
    }
}
