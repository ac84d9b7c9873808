package lucid.kernels.contract;

/// Sums and maxima. Order over a row: 16 virtual lanes (element i goes to lane i mod 16, ascending), then the fixed tree
/// `lane[j] op= lane[j + 8]`, then 4, 2, 1; the same whatever the real vector width. All matrices are f32.
public interface Reduce {
    /// `y[r] = Σ_c x[r, c]`; y is [rows, 1].
    void rowSum(Matrix x, Matrix y);

    /// `y[r] = max_c x[r, c]`; y is [rows, 1]; -infinity for no columns.
    void rowMax(Matrix x, Matrix y);

    /// `y[r] = Σ_c a[r, c] · b[r, c]` (fma in the lanes); y is [rows, 1].
    void rowDot(Matrix a, Matrix b, Matrix y);

    /// Bias gradient: for each group in order `y = y + chain_g`, where chain_g[c] adds the group's rows ascending from 0; y is [1, cols].
    void columnSums(Matrix x, RowGroups groups, Matrix y);

    /// `y[0] = y[0] + Σ x²`. Each row is summed in 16 lanes (fma) and the tree; rows are cut at 4096 columns, the pieces and rows are added in order,
    /// in f32. For the global gradient norm; y is [1, 1].
    void addSumOfSquares(Matrix x, Matrix y);

    /// Numerically stable softmax of every row: `exp(x - max) / Σ exp(x - max)`.
    void softmax(Matrix x, Matrix y);

    /// `dx (+)= y · (dy - Σ_c dy·y)`.
    void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx);
}
