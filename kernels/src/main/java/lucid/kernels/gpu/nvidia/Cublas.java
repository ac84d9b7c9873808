package lucid.kernels.gpu.nvidia;

import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.driver.CUstream;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/// NVIDIA's cuBLAS on a GPU's stream, through JCublas2: products of bf16 matrices with f32 sums. A peer to measure against, and a choice; not the
/// default, because which algorithm it takes, and so the order of its sums, depends on the shape.
public final class Cublas implements AutoCloseable {
    private static final String ADVICE = "put CUDA 12's libcublas.so.12 and libcublasLt.so.12 on LD_LIBRARY_PATH (a toolkit, or the Python package "
            + "nvidia-cublas-cu12), or use --matmul tensor";

    /// JCublas2's native part was compiled against the older C++ form, which takes a data type here and refuses cuBLAS's own compute types.
    private static final int SUMS_IN_F32 = cudaDataType.CUDA_R_32F;

    private final cublasHandle handle = new cublasHandle();
    private final Pointer one = Pointer.to(new float[] {1});
    private final Pointer zero = Pointer.to(new float[] {0});

    private final Runnable before;

    /// @param before done before a product is queued
    /// @throws GpuUnavailableException naming the library that cannot be loaded
    public Cublas(CUstream stream, Runnable before) {
        this.before = before;
        JCudaNatives.load("cuBLAS", ADVICE, () -> JCublas2.setExceptionsEnabled(false));
        check(JCublas2.cublasCreate(handle), "cublasCreate");
        check(JCublas2.cublasSetStream(handle, new cudaStream_t(stream)), "cublasSetStream");
    }

    private static void check(int status, String doing) {
        if (status != 0) throw new DriverException("cuBLAS status " + status, cublasStatus.stringFor(status), doing);
    }

    /// `c = op(a) · op(b) (+ c)`, all row-major: a and b bf16, c f32; strides in elements. Row-major is the transpose of column-major, so cuBLAS
    /// computes `cᵀ = op(b)ᵀ · op(a)ᵀ`.
    ///
    /// @param add what is in c is added; otherwise it is not read
    public void multiply(int m, int n, int k, long a, long strideA, boolean transposeA, long b, long strideB, boolean transposeB, long c,
            long strideC, boolean add) {
        before.run();
        check(JCublas2.cublasGemmEx(handle, operation(transposeB), operation(transposeA), n, m, k, one, Pointers.device(b), cudaDataType.CUDA_R_16BF,
                Math.toIntExact(strideB),
                Pointers.device(a), cudaDataType.CUDA_R_16BF, Math.toIntExact(strideA), add ? one : zero, Pointers.device(c), cudaDataType.CUDA_R_32F,
                        Math.toIntExact(strideC),
                SUMS_IN_F32, cublasGemmAlgo.CUBLAS_GEMM_DEFAULT), "cublasGemmEx " + m + " x " + n + " x " + k);
    }

    private static int operation(boolean transpose) { return transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N; }

    @Override public void close() { check(JCublas2.cublasDestroy(handle), "cublasDestroy"); }
}
