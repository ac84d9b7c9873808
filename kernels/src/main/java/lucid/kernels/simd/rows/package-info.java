/// The inner loops of the row and elementwise families: one run of numbers in, one run or one number out.
/// It checks no arguments and, but for the sums of columns, divides no work: the families of `lucid.kernels.simd` do.
/// Start with [BinaryLoops], the simplest, then [NormLoops] and [SoftmaxRows].
package lucid.kernels.simd.rows;
