/// The contract's families on a GPU: each class checks its arguments, picks a kernel from the `.ptx` files of this package's resources, and launches it.
/// It holds no arithmetic (that is in the kernels) and knows no driver (that is `lucid.kernels.gpu`).
/// Start with [Kernels], then [CudaElementwise].
package lucid.kernels.cuda;
