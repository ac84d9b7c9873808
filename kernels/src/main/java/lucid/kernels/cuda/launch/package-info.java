/// What every family on a GPU works with: kernels by name, device memory and its buffers, factors rounded to bf16 once, and what kernels found wrong.
/// It knows no family and no `.ptx` file by name.
/// Start with [Kernels], then [CudaBuffer] and [Complaints].
package lucid.kernels.cuda.launch;
