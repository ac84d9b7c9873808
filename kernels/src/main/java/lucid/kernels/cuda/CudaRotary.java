package lucid.kernels.cuda;

import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Rotary] on a GPU. Positions stay on the device: the kernel checks them and takes a wrong one as 0, which [lucid.kernels.cuda.launch.Complaints]
/// says later.
public final class CudaRotary implements Rotary {
    private static final int THREADS = 256;
    private static final long MOST_THREADS = (1L << 31) - THREADS;

    private final Kernels kernels;

    public CudaRotary(Kernels kernels) { this.kernels = kernels; }

    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) {
        Arguments.rotaryTable("rotary.table", theta, headDim, cos, sin);
        if (cos.rows() == 0) return;
        int[] frequency = new int[headDim / 2];
        for (int i = 0; i < frequency.length; i++) frequency[i] = Float.floatToRawIntBits((float) StrictMath.pow(theta, -2.0 * i / headDim));
        try (CudaBuffer f = kernels.table(frequency)) {
            kernels.call("rotary_table_f32_sm80").buffer(f).view(cos).view(sin).u32(cos.rows()).u32(frequency.length)
                    .launch((frequency.length + 63) / 64, Math.min((cos.rows() + 3L) / 4, 65535), 1, THREADS, 0);
        }
    }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) {
        String operation = "rotary.rotate";
        Arguments.rotate(operation, x, headDim, positions, cos, sin, y);
        if (x.size() == 0) return;
        int heads = x.cols() / headDim;
        long quads = heads * ((headDim / 2 + 3L) / 4);
        Checks.that(x.rows() * quads <= MOST_THREADS, operation, "x is " + x.describe() + "; wanted at most 2^34 elements in one call");
        if (cos.rows() == 0) {
            kernels.complaints().lookAt(kernels, operation, "positions", positions, 0, null);
            kernels.complaints().check();
        }
        kernels.call("rotary_rotate_f32_sm80").view(x).view(cos).view(sin).buffer(positions).u32(cos.rows()).u32(inverse ? 1 : 0).view(y)
                .u32(x.rows()).u32(heads).u32(headDim).u64(kernels.complaints().index(operation, "positions", cos.rows()))
                        .launch((x.rows() * quads + THREADS - 1) / THREADS, THREADS);
    }
}
