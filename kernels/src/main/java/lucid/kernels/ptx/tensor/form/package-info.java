/// How tensor cores name their operands: types of elements, which lane holds which element of a fragment, the forms of `mma` and `wgmma`, descriptors
/// and swizzles of shared memory. Nothing is multiplied here; that is in [lucid.kernels.ptx.tensor].
/// Start with [Element] and [Fragment], then [MatrixDescriptor].
package lucid.kernels.ptx.tensor.form;
