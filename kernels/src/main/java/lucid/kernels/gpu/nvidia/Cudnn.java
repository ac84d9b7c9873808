package lucid.kernels.gpu.nvidia;

import static jcuda.jcudnn.cudnnConvolutionMode.CUDNN_CROSS_CORRELATION;
import static jcuda.jcudnn.cudnnDataType.CUDNN_DATA_FLOAT;
import static jcuda.jcudnn.cudnnTensorFormat.CUDNN_TENSOR_NHWC;

import java.util.function.LongUnaryOperator;
import java.util.function.ToIntFunction;
import jcuda.Pointer;
import jcuda.driver.CUstream;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnSoftmaxAlgorithm;
import jcuda.jcudnn.cudnnSoftmaxMode;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.runtime.cudaStream_t;

/// NVIDIA's cuDNN on a GPU's stream, through JCudnn: convolution and softmax in f32 (the convolution's factors rounded to TF32, as is cuDNN's
/// default). A peer to measure against, and a choice for patch embedding; which algorithm it takes depends on the shape, so the row law does not
/// hold.
public final class Cudnn implements AutoCloseable {
    private static final String ADVICE = "put cuDNN 9's libcudnn.so.9 and its companions libcudnn_*.so.9 on LD_LIBRARY_PATH (NVIDIA's download, or "
            + "the Python package nvidia-cudnn-cu12), "
            + "or leave --patch-embedding out";
    private static final int ALGORITHMS = 8;

    private final cudnnHandle handle = new cudnnHandle();
    private final Runnable before;
    private final Pointer one = Pointer.to(new float[] {1});
    private final Pointer zero = Pointer.to(new float[] {0});

    /// Images [n, height, width, channels] times filters [filters, side, side, channels], side by side and edge to edge: [n, height / side, width /
    /// side, filters]; all dense.
    public record Patches(int n, int height, int width, int channels, int side, int filters) {}

    /// @throws GpuUnavailableException naming the library that cannot be loaded
    ///
    /// @param before run before every call: queues what the GPU holds back
    public Cudnn(CUstream stream, Runnable before) {
        this.before = before;
        JCudaNatives.load("cuDNN", ADVICE, () -> JCudnn.setExceptionsEnabled(false));
        check(JCudnn.cudnnCreate(handle), "cudnnCreate");
        check(JCudnn.cudnnSetStream(handle, new cudaStream_t(stream)), "cudnnSetStream");
    }

    /// cuDNN 9 numbers its states otherwise than JCudnn's table, which is cuDNN 8's, so the library itself is asked for the words.
    private static void check(int status, String doing) {
        if (status != 0) throw new DriverException("cuDNN status " + status, JCudnn.cudnnGetErrorString(status), doing);
    }

    /// The convolution of images with filters that lie edge to edge. The filters come as published, [filters, channels, side, side], and are turned
    /// round in `turned`, of the same size.
    ///
    /// @param workspace gives so many bytes of device memory, until this call returns
    public void patches(Patches p, long images, long filters, long turned, long out, LongUnaryOperator workspace) {
        before.run();
        String what = "cudnnConvolutionForward of " + p;
        int rows = p.height / p.side;
        int columns = p.width / p.side;
        try (Tensor x = Tensor.nhwc(p.n, p.channels, p.height, p.width); Tensor y = Tensor.nhwc(p.n, p.filters, rows, columns);
             Tensor published = Tensor.nchw(p.filters, p.channels, p.side, p.side);
             Tensor wanted = Tensor.nhwc(p.filters, p.channels, p.side, p.side);
             Filter w = new Filter(p); Convolution convolution = new Convolution(p.side)) {
            check(JCudnn.cudnnTransformTensor(handle, one, published.handle, Pointers.device(filters), zero, wanted.handle, Pointers.device(turned)),
                    "cudnnTransformTensor of the filters of " + p);
            int algorithm = algorithm(x, w, convolution, y, what);
            long[] bytes = new long[1];
            check(JCudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, x.handle, w.handle, convolution.handle, y.handle, algorithm, bytes),
                    "workspace for " + what);
            check(JCudnn.cudnnConvolutionForward(handle, one, x.handle, Pointers.device(images), w.handle, Pointers.device(turned),
                    convolution.handle, algorithm,
                    Pointers.device(bytes[0] == 0 ? 0 : workspace.applyAsLong(bytes[0])), bytes[0], zero, y.handle, Pointers.device(out)), what);
        }
    }

    /// What cuDNN takes for the fastest.
    private int algorithm(Tensor x, Filter w, Convolution convolution, Tensor y, String what) {
        cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[ALGORITHMS];
        for (int i = 0; i < ALGORITHMS; i++) found[i] = new cudnnConvolutionFwdAlgoPerf();
        int[] count = new int[1];
        check(JCudnn.cudnnGetConvolutionForwardAlgorithm_v7(handle, x.handle, w.handle, convolution.handle, y.handle, ALGORITHMS, count, found),
                "choice of an algorithm for " + what);
        for (int i = 0; i < count[0]; i++) {
            if (found[i].status == 0) return found[i].algo;
        }
        throw new DriverException("cuDNN", "none of its " + count[0] + " algorithms takes this shape", what);
    }

    /// [channels planes] -> [channels innermost]: f32 images, dense.
    public void interleave(int n, int channels, int height, int width, long planar, long interleaved) {
        before.run();
        try (Tensor from = Tensor.nchw(n, channels, height, width); Tensor to = Tensor.nhwc(n, channels, height, width)) {
            check(JCudnn.cudnnTransformTensor(handle, one, from.handle, Pointers.device(planar), zero, to.handle, Pointers.device(interleaved)),
                    "cudnnTransformTensor of " + n + " x " + channels + " x " + height + " x " + width);
        }
    }

    /// Softmax of every row of a dense f32 matrix.
    public void softmax(int rows, int cols, long x, long y) {
        before.run();
        try (Tensor shape = Tensor.nchw(rows, cols, 1, 1)) {
            check(JCudnn.cudnnSoftmaxForward(handle, cudnnSoftmaxAlgorithm.CUDNN_SOFTMAX_ACCURATE, cudnnSoftmaxMode.CUDNN_SOFTMAX_MODE_INSTANCE, one,
                    shape.handle, Pointers.device(x), zero, shape.handle,
                    Pointers.device(y)), "cudnnSoftmaxForward of " + rows + " x " + cols);
        }
    }

    @Override public void close() { check(JCudnn.cudnnDestroy(handle), "cudnnDestroy"); }

    /// Makes and sets a descriptor; one that cannot be set is not left behind.
    private static void set(int status, String doing, Runnable destroy) {
        if (status == 0) return;
        destroy.run();
        check(status, doing);
    }

    private static <T> T created(T descriptor, ToIntFunction<T> create, String doing) {
        check(create.applyAsInt(descriptor), doing);
        return descriptor;
    }

    private static final class Tensor implements AutoCloseable {
        private final cudnnTensorDescriptor handle = created(new cudnnTensorDescriptor(), JCudnn::cudnnCreateTensorDescriptor,
                "cudnnCreateTensorDescriptor");

        private Tensor(int n, int c, int h, int w, int ofN, int ofC, int ofH, int ofW) {
            set(JCudnn.cudnnSetTensor4dDescriptorEx(handle, CUDNN_DATA_FLOAT, n, c, h, w, ofN, ofC, ofH, ofW), "cudnnSetTensor4dDescriptorEx of " + n
                    + " x " + c + " x " + h + " x " + w, this::close);
        }

        static Tensor nchw(int n, int c, int h, int w) {
            int image = Math.multiplyExact(Math.multiplyExact(c, h), w);
            return new Tensor(n, c, h, w, image, h * w, w, 1);
        }

        static Tensor nhwc(int n, int c, int h, int w) {
            int image = Math.multiplyExact(Math.multiplyExact(c, h), w);
            return new Tensor(n, c, h, w, image, 1, w * c, c);
        }

        @Override public void close() { check(JCudnn.cudnnDestroyTensorDescriptor(handle), "cudnnDestroyTensorDescriptor"); }
    }

    private static final class Filter implements AutoCloseable {
        private final cudnnFilterDescriptor handle = created(new cudnnFilterDescriptor(), JCudnn::cudnnCreateFilterDescriptor,
                "cudnnCreateFilterDescriptor");

        Filter(Patches p) {
            set(JCudnn.cudnnSetFilter4dDescriptor(handle, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, p.filters, p.channels, p.side, p.side),
                    "cudnnSetFilter4dDescriptor of " + p, this::close);
        }

        @Override public void close() { check(JCudnn.cudnnDestroyFilterDescriptor(handle), "cudnnDestroyFilterDescriptor"); }
    }

    private static final class Convolution implements AutoCloseable {
        private final cudnnConvolutionDescriptor handle = created(new cudnnConvolutionDescriptor(), JCudnn::cudnnCreateConvolutionDescriptor,
                "cudnnCreateConvolutionDescriptor");

        Convolution(int side) {
            set(JCudnn.cudnnSetConvolution2dDescriptor(handle, 0, 0, side, side, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                    "cudnnSetConvolution2dDescriptor of stride " + side, this::close);
        }

        @Override public void close() { check(JCudnn.cudnnDestroyConvolutionDescriptor(handle), "cudnnDestroyConvolutionDescriptor"); }
    }
}
