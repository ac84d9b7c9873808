package lucid.bench.libtorch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDManager;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.Stream;
import lucid.bench.kernel.AttentionBench;
import lucid.bench.kernel.ElementwiseBench;
import lucid.bench.kernel.KernelPeer;
import lucid.bench.kernel.NormalizationBench;
import lucid.bench.kernel.PatchEmbeddingBench;
import lucid.kernels.contract.operand.DType;

/// What is one operation of libtorch, by DJL's method or, where it has none, by [Script], on tensors as a program without gradients has them. The
/// result is a new tensor each time, as of any such call, and the one before is freed first, so that it comes from libtorch's own cache of blocks.
/// Transposed factors are views, as in `torch.nn.functional.linear`; what updates a tensor in Lucid does so here.
public final class LibtorchKernel implements KernelPeer {
    private static final int[] ROWS = {0};
    private static final int[] COLUMNS = {1};

    private PtNDManager manager;
    private Script script;
    private Supplier<NDArray> call;
    private NDArray last;
    private int next;

    @Override public String library() { return "libtorch"; }

    @Override public void prepare(int threads, String operation, Stream<Operand> operands) {
        // Everything is on the class path; DJL would look for newer natives on the network, and count its users there.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        manager = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
        script = new Script(manager);
        call = call(operation, operands.map(this::tensor).toArray(NDArray[]::new));
    }

    /// One row is a vector, as biases and ids are in libtorch, and whole numbers are of 64 bits.
    private NDArray tensor(Operand o) {
        Shape shape = o.rows() == 1 ? new Shape(o.cols()) : new Shape(o.rows(), o.cols());
        return switch (o.values()) {
            case float[] f -> manager.create(f, shape);
            case int[] i -> manager.create(Arrays.stream(i).asLongStream().toArray(), shape);
            case short[] s when o.type() == DType.F16 -> manager.create(ShortBuffer.wrap(s), shape, DataType.FLOAT16);
            case short[] s when o.type() == DType.BF16 -> bf16(s, shape);
            default -> throw new IllegalArgumentException("operand of " + o.type() + ": libtorch's peer takes none");
        };
    }

    /// Through f32, for DJL's native part ends the process where it is asked for bf16 by name.
    private NDArray bf16(short[] values, Shape shape) {
        float[] wide = new float[values.length];
        for (int i = 0; i < wide.length; i++) wide[i] = Float.intBitsToFloat(values[i] << 16);
        try (NDArray f32 = manager.create(wide, shape)) {
            return script.call("bf16", f32).get();
        }
    }

    private Supplier<NDArray> call(String operation, NDArray[] x) {
        NDArray a = x[0];
        NDArray b = x.length > 1 ? x[1] : null;
        return switch (operation) {
            case "product" -> {
                NDArray[] weights = Arrays.stream(x).skip(1).map(NDArray::transpose).toArray(NDArray[]::new);
                NDArray rows = a.reshape(-1, weights[0].getShape().get(0));
                yield () -> rows.matMul(weights[next++ % weights.length]);
            }
            case "gradInput" -> () -> a.matMul(b);
            case "gradWeight" -> {
                NDArray transposed = a.transpose();
                yield () -> transposed.matMul(b);
            }
            case "fill" -> () -> manager.ones(a.getShape());
            case "copy" -> a::duplicate;
            case "scale" -> {
                NDArray factor = manager.create(ElementwiseBench.FACTOR);
                yield () -> a.mul(factor);
            }
            case "add" -> () -> a.add(b);
            case "divide" -> () -> a.div(b);
            case "NEG" -> a::neg;
            case "ABS" -> a::abs;
            case "SQUARE" -> a::square;
            case "SQRT" -> a::sqrt;
            case "EXP" -> a::exp;
            case "LOG" -> a::log;
            case "TANH" -> a::tanh;
            case "SIGMOID" -> a.getNDArrayInternal()::sigmoid;
            case "RELU" -> a.getNDArrayInternal()::relu;
            case "GELU_ERF" -> a.getNDArrayInternal()::gelu;
            case "SIN" -> a::sin;
            case "COS" -> a::cos;
            case "ERF" -> a::erf;
            case "rowSum" -> () -> a.sum(COLUMNS, true);
            case "columnSums" -> () -> a.sum(ROWS, true);
            case "softmax" -> () -> a.softmax(1);
            case "layerNorm" -> {
                NDArray bias = x[2];
                yield () -> a.getNDArrayInternal().layerNorm(a, b.getShape(), b, bias, NormalizationBench.EPS).head();
            }
            case "gather" -> () -> a.getNDArrayInternal().embedding(a, b, SparseFormat.DENSE).head();
            case "greedy" -> () -> a.argMax(1);
            case "f16" -> () -> a.toType(DataType.FLOAT16, true);
            case "f32" -> () -> a.toType(DataType.FLOAT32, true);
            case "forwardPixels" -> patches(a, b, x[2], x[3]);
            case "attention" -> script.call(operation, heads(a), heads(b), heads(x[2]));
            case "attentionBackward" -> script.call(operation, heads(a), heads(b), heads(x[2]), heads(x[3]), heads(x[4]),
                    x[5].transpose().expandDims(0));
            default -> script.call(operation, x);
        };
    }

    /// Rows of tokens and heads `[tokens · heads, d]`, as a view `[1, heads, tokens, d]`.
    private static NDArray heads(NDArray x) { return x.reshape(1, AttentionBench.TOKENS, -1, x.getShape().get(1)).transpose(0, 2, 1, 3); }

    /// Three calls, of which the convolution is the work: its channels become a row's columns, and the positions are added, as in the published
    /// vision tower.
    private static Supplier<NDArray> patches(NDArray pixels, NDArray weight, NDArray bias, NDArray positions) {
        NDArray frames = pixels.reshape(-1, 3, PatchEmbeddingBench.SIZE, PatchEmbeddingBench.SIZE);
        NDArray kernel = weight.reshape(-1, 3, PatchEmbeddingBench.PATCH, PatchEmbeddingBench.PATCH);
        Shape stride = new Shape(PatchEmbeddingBench.PATCH, PatchEmbeddingBench.PATCH);
        Shape none = new Shape(0, 0);
        Shape every = new Shape(1, 1);
        return () -> {
            try (NDArray grid = frames.getNDArrayInternal().convolution(frames, kernel, bias, stride, none, every, 1).head();
                    NDArray channels = grid.reshape(grid.getShape().get(0), grid.getShape().get(1), -1);
                    NDArray rows = channels.transpose(0, 2, 1)) {
                return rows.add(positions);
            }
        };
    }

    @Override public void run() {
        if (last != null) last.close();
        last = call.get();
    }

    @Override public float[] result() {
        try (NDArray wide = last.toType(DataType.FLOAT32, true)) {
            return wide.toFloatArray();
        }
    }

    @Override public void close() {
        if (script != null) script.close();
        if (manager != null) manager.close();
    }
}
