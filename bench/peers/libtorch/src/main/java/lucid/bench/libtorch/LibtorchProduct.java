package lucid.bench.libtorch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import lucid.bench.kernel.ProductPeer;

/// `at::matmul` of f32 tensors. The transposed factor is a view, as in `torch.nn.functional.linear`; the result is a new tensor each time, from libtorch's own caching of blocks.
public final class LibtorchProduct implements ProductPeer {
    private NDManager manager;
    private NDArray a;
    private NDArray bTransposed;
    private NDArray last;

    @Override public void prepare(int threads, float[] left, float[] right, int m, int n, int k) {
        // Everything is on the class path; DJL would look for newer natives on the network, and count its users there.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
        a = manager.create(left, new Shape(m, k));
        bTransposed = manager.create(right, new Shape(n, k)).transpose();
    }

    @Override public void multiply() {
        if (last != null) last.close();
        last = a.matMul(bTransposed);
    }

    @Override public float[] result() { return last.toFloatArray(); }

    @Override public void close() { manager.close(); }
}
