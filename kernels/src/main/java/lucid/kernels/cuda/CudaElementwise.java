package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;

import java.util.Locale;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Elementwise] on a GPU: one kernel for each function, four columns to a thread.
public final class CudaElementwise implements Elementwise {
    private final Kernels kernels;

    public CudaElementwise(Kernels kernels) { this.kernels = kernels; }

    @Override public void fill(Matrix y, float value) {
        Checks.type("elementwise.fill", "y", y, F32);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_fill_f32_sm80").f32(value).view(v[0]), v[0]), y);
    }

    @Override public void copy(Matrix x, Matrix y) {
        ElementwiseArguments.copy(x, y);
        int words = x.dtype() == DType.I64 ? 2 : 1;
        Maps.over(v -> {
            Matrix from = v[0];
            Matrix to = v[1];
            Kernels.Launching call = kernels.call("elementwise_copy_u" + 8 * from.dtype().bytes() / words + "_sm80").u64(CudaBuffer.address(from))
                    .u64(from.stride() * words)
                    .u64(CudaBuffer.address(to)).u64(to.stride() * words);
            Maps.launch(call, from.rows(), Math.multiplyExact(from.cols(), words));
        }, x, y);
    }

    /// All layers of a model copy to the same places: one table serves them.
    @Override public void copyRows(Matrix x, RowPlaces places, Matrix y) {
        ElementwiseArguments.copyRows(x, places, y);
        if (x.size() == 0) return;
        long table = kernels.table("row places", places.rows());
        Maps.rows(x, (from, to) -> Maps.launch(kernels.call("elementwise_copy_rows_f32_sm80").view(x.rows(from, to)).u64(table + 4L * from).view(y),
                x.rows(from, to)));
    }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) {
        ElementwiseArguments.binary("elementwise." + op, a, b, y);
        if (b.rows() == a.rows() && b.cols() == a.cols()) {
            Maps.over(v -> binary(op, v[0], v[1], v[1].stride(), 1, v[2]), a, b, y);
        } else if (b.size() == 1) {
            Maps.over(v -> binary(op, v[0], b, 0, 0, v[1]), a, y);
        } else {
            boolean oneRow = b.rows() == 1;
            int step = b.cols() == a.cols() ? 1 : 0;
            Maps.rows(a, (from, to) -> binary(op, a.rows(from, to), oneRow ? b : b.rows(from, to), oneRow ? 0 : b.stride(), step, y.rows(from, to)));
        }
    }

    private void binary(Binary op, Matrix a, Matrix b, long bStride, int bStep, Matrix y) {
        Maps.launch(kernels.call("elementwise_binary_" + name(op) + "_f32_sm80").view(a).address(b).u64(bStride).u32(bStep).view(y), a);
    }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.addScaled", x, y);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_add_scaled_f32_sm80").f32(alpha).view(v[0]).view(v[1]), v[0]), x, y);
    }

    @Override public void scale(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.scale", x, y);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_scale_f32_sm80").f32(alpha).view(v[0]).view(v[1]), v[0]), x, y);
    }

    @Override public void unary(Unary op, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise." + op, x, y);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_unary_" + name(op) + "_f32_sm80").view(v[0]).view(v[1]), v[0]), x, y);
    }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) {
        ElementwiseArguments.unaryBackward("elementwise." + op + " backward", x, dy, dx);
        String kernel = "elementwise_unary_backward_" + name(op) + "_f32_sm80";
        Maps.over(v -> Maps.launch(kernels.call(kernel).view(v[0]).view(v[1]).view(v[2]).u32(add(mode)), v[0]), x, dy, dx);
    }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) {
        ElementwiseArguments.swiGlu(gate, up, y);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_swiglu_f32_sm80").view(v[0]).view(v[1]).view(v[2]), v[0]), gate, up, y);
    }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) {
        ElementwiseArguments.swiGluBackward(gate, up, dy, dGate, dUp);
        Maps.over(v -> Maps.launch(kernels.call("elementwise_swiglu_backward_f32_sm80").view(v[0]).view(v[1]).view(v[2]).view(v[3]).view(v[4])
                .u32(add(mode)), v[0]),
                gate, up, dy, dGate, dUp);
    }

    private static String name(Enum<?> op) { return op.name().toLowerCase(Locale.ROOT); }

    private static int add(Accumulate mode) { return mode == Accumulate.ADD ? 1 : 0; }
}
