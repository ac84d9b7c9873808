/// Matrix products on a GPU: exact ones, ones on tensor cores, cuBLAS as a peer, and log-probabilities, whose kernels are the ends of a product.
/// It holds no arithmetic, and which of them a device takes is not decided here ([lucid.kernels.cuda.Precision]).
/// Start with [CudaMatMul], then [CudaTensorMatMul]; [CudaLogProb] goes chunk by chunk over the vocabulary.
package lucid.kernels.cuda.matmul;
