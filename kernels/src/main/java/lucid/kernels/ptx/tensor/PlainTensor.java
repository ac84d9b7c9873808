package lucid.kernels.ptx.tensor;

import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;

/// The textbook form of a tensor-core instruction: gather matrices through their [Fragment]s, one dot product per element, scatter. The twin that the
/// vector paths are compared with, bit by bit, and the only path for accumulations other than [Accumulation#EXACT].
final class PlainTensor {
    private PlainTensor() {}

    /// A factor in registers as `[row of A or column of B][k]`. `files[w]` is the register file of warp w.
    static float[] gather(Fragment f, Element type, boolean left, int[][] files, int[] slots) {
        int depth = left ? f.columns() : f.rows();
        float[] matrix = new float[f.rows() * f.columns()];
        for (int thread = 0; thread < f.threads(); thread++) {
            for (int i = 0; i < f.elements(); i++) {
                int word = files[thread >> 5][32 * slots[f.register(i)] + (thread & 31)];
                int outer = left ? f.row(thread, i) : f.column(thread, i);
                int inner = left ? f.column(thread, i) : f.row(thread, i);
                matrix[outer * depth + inner] = type.value(word >>> f.shift(i));
            }
        }
        return matrix;
    }

    /// D = A B + C; `c` null for C = 0.
    static void multiply(Fragment sum, Element type, Accumulation accumulation, boolean saturate, float[] a, float[] b, int k,
            int[][] files, int[] d, int[] c) {
        int[] out = new int[sum.threads() * sum.registers()];
        for (int thread = 0; thread < sum.threads(); thread++) {
            for (int i = 0; i < sum.elements(); i++) {
                double old = c == null ? 0 : accumulator(type, files[thread >> 5][32 * c[sum.register(i)] + (thread & 31)] >>> sum.shift(i));
                double value = type == Element.S32 ? Accumulation.EXACT.dot(old, a, sum.row(thread, i) * k, b, sum.column(thread, i) * k, k)
                        : accumulation.dot(old, a, sum.row(thread, i) * k, b, sum.column(thread, i) * k, k);
                out[thread * sum.registers() + sum.register(i)] |= round(type, value, saturate) << sum.shift(i);
            }
        }
        for (int thread = 0; thread < sum.threads(); thread++) {
            for (int r = 0; r < sum.registers(); r++) files[thread >> 5][32 * d[r] + (thread & 31)] = out[thread * sum.registers() + r];
        }
    }

    /// The value of an accumulator: exact in double for every type.
    static double accumulator(Element type, int code) { return type == Element.S32 ? code : type.value(code); }

    /// A sum in double as an accumulator: integers wrap, or stop at the ends with `saturate`; they are exact in double as long as |sum| < 2^53.
    static int round(Element type, double sum, boolean saturate) {
        return switch (type) {
            case F32 -> sum != sum ? Formats.NAN_F32 : Float.floatToRawIntBits((float) sum);
            case F16 -> Formats.f64ToF16Rn(sum);
            case S32 -> saturate ? (int) sum : (int) (long) sum;
            default -> throw new IllegalStateException("no 32-bit accumulator of ." + type.text());
        };
    }
}
