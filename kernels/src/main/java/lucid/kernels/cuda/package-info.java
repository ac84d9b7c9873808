/// The contract's families on a GPU: each class checks its arguments, picks a kernel from the `.ptx` files of this package's resources, and launches
/// it. It holds no arithmetic (that is in the kernels) and knows no driver (that is `lucid.kernels.gpu`); products with the log-probabilities that
/// end in one, and attention, have packages of their own. Start with [CudaElementwise], then [lucid.kernels.cuda.matmul.CudaMatMul] and
/// [lucid.kernels.cuda.attention.CudaAttention].
package lucid.kernels.cuda;
