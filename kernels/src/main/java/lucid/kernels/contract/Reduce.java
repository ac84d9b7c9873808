package lucid.kernels.contract;

import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Sums and maxima. Order over a row: 16 virtual lanes (element i goes to lane i mod 16, ascending), then the fixed tree
/// `lane[j] op= lane[j + 8]`, then 4, 2, 1; the same whatever the real vector width. All matrices are f32.
public interface Reduce {
    /// `y[r] = Σ_c x[r, c]`; y is [rows, 1].
    void rowSum(Matrix x, Matrix y);

    /// `y[r] = max_c x[r, c]`; y is [rows, 1]; -infinity for no columns.
    void rowMax(Matrix x, Matrix y);

    /// `y[r] = Σ_c a[r, c] · b[r, c]` (fma in the lanes); y is [rows, 1].
    void rowDot(Matrix a, Matrix b, Matrix y);

    /// Bias gradient: for each group in order `y = y + chain_g`, where `chain_g[c]` adds the group's rows ascending from 0; y is [1, cols].
    void columnSums(Matrix x, RowGroups groups, Matrix y);

    /// `y[0] = y[0] + Σ x²`. Each row is summed in 16 lanes (fma) and the tree; rows are cut at 4096 columns, the pieces and rows are added in order,
    /// in f32. For the global gradient norm; y is [1, 1].
    void addSumOfSquares(Matrix x, Matrix y);

    /// Fingerprint of the bits: adds two sums, modulo 2^32 each, to y, which is i32 [1, 2]. For element i = r·cols + c with the 32 bits b:
    ///
    /// ```
    /// y[0] += fold(fold(b + i·0x9E3779B9, 16)·0x85EBCA6B, 13)        fold(h, s) = h xor (h >>> s)
    /// y[1] += fold(fold(b xor i·0x85EBCA77, 15)·0x2C1B3C6D, 12)·0x297A2D39
    /// ```
    ///
    /// For each i both terms are one to one in b, so a change of one element is always seen, and any other with all but one chance in 2^64. Integer
    /// sums have no order: every device, number of threads and grid gives the same. It is no cryptographic hash. The constants are those of
    /// well-known 32-bit mixers.
    void addFingerprint(Matrix x, Matrix y);

    /// Numerically stable softmax of every row: `exp(x - max) / Σ exp(x - max)`; -infinity gets 0. NaN all along a row with NaN or +infinity, and one
    /// of nothing but -infinity.
    void softmax(Matrix x, Matrix y);

    /// `dx (+)= y · (dy - Σ_c dy·y)`.
    void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx);
}
