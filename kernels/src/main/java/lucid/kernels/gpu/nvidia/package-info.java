/// NVIDIA's shared libraries as JCuda opens them: which are there, their pointers and error codes, cuBLAS and cuDNN handles on one stream.
/// It knows no memory pool, no kernel and no launch: those are in [lucid.kernels.gpu].
/// Start with [DriverLibrary], then [Cublas].
package lucid.kernels.gpu.nvidia;
