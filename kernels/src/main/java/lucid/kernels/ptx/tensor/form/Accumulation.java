package lucid.kernels.ptx.tensor.form;

import lucid.kernels.ptx.number.Formats;

/// How a tensor core adds up `c + Σ a_k b_k`. NVIDIA publishes only that products are kept at full precision and that the sum is "at least single
/// precision"; order, rounding and subnormals are unspecified. Whatever is chosen here is therefore an assumption about hardware.
public sealed interface Accumulation {
    /// The default: in double, `c` first, then the products (each exact) in ascending k, and one rounding to the accumulator's type at the end.
    /// More exact than hardware: compare a GPU with it to a tolerance of about `√K 2^-22`, never bit by bit.
    Accumulation EXACT = new Exact();

    /// H100 as the literature models it (16-bit factors): see [Aligned]. Recollected from Fasi et al. 2021 and Khattak & Mikaitis (arXiv 2512.07004),
    /// not measured here.
    Accumulation HOPPER = new Aligned(16, 2);

    /// A100 as the literature models it: see [Aligned].
    Accumulation AMPERE = new Aligned(8, 1);

    /// The accumulator's new value before the rounding to its type; factors are f32 values, `k` of them from `at` on.
    double dot(double c, float[] a, int aAt, float[] b, int bAt, int k);

    /// See [Accumulation#EXACT].
    record Exact() implements Accumulation {
        @Override public double dot(double c, float[] a, int aAt, float[] b, int bAt, int k) {
            double sum = c;
            for (int i = 0; i < k; i++) sum += (double) a[aAt + i] * b[bAt + i];
            return sum;
        }
    }

    /// Products are taken `block` at a time; with the accumulator they are shifted to the largest exponent among them, cut off `extraBits` below the
    /// last place of an f32 of that exponent, added as integers, and the sum is cut to f32 toward zero. Infinities and NaN go the way of [Exact].
    ///
    /// @param block products per addition, at least 1
    /// @param extraBits bits kept below the last place, 0 .. 8
    record Aligned(int block, int extraBits) implements Accumulation {
        /// @throws IllegalArgumentException if a parameter is out of range
        public Aligned {
            if (block < 1 || extraBits < 0 || extraBits > 8) {
                throw new IllegalArgumentException("accumulation: found block " + block + ", extraBits " + extraBits
                        + ", wanted block >= 1, extraBits 0 .. 8");
            }
        }

        @Override public double dot(double c, float[] a, int aAt, float[] b, int bAt, int k) {
            double sum = c;
            for (int i = 0; i < k; i += block) sum = add(sum, a, aAt + i, b, bAt + i, Math.min(block, k - i));
            return sum;
        }

        private double add(double c, float[] a, int aAt, float[] b, int bAt, int n) {
            double plain = EXACT.dot(c, a, aAt, b, bAt, n);
            if (Double.isNaN(plain) || Double.isInfinite(plain)) return plain;
            int top = c == 0 ? Integer.MIN_VALUE : Math.getExponent(c);
            for (int i = 0; i < n; i++) {
                // The exponents are added, the product is not normalised: its significand lies in [1, 4).
                if (a[aAt + i] != 0 && b[bAt + i] != 0) top = Math.max(top, exponent(a[aAt + i]) + exponent(b[bAt + i]));
            }
            if (top == Integer.MIN_VALUE) return plain;
            int unit = top - 23 - extraBits;
            long sum = (long) Math.scalb(c, -unit);
            for (int i = 0; i < n; i++) sum += (long) Math.scalb((double) a[aAt + i] * b[bAt + i], -unit);
            return Formats.f64ToF32Rz(Math.scalb((double) sum, unit));
        }

        private static int exponent(float x) { return Math.getExponent((double) x); }
    }
}
