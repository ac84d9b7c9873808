package lucid.kernels.cuda.matmul;

import java.util.Locale;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.CudaElementwise;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [MatMul] on a GPU by f32 arithmetic without tensor cores: one chain for each element, so the bits are the CPU's.
public final class CudaMatMul implements MatMul {
    private static final int TRANSPOSED_A = 1;
    private static final int TRANSPOSED_B = 2;
    private static final int CONTINUE = 4;
    private static final int ADD = 8;
    private static final int GELU_TANH = 16;
    private static final int GELU_ERF = 32;

    private final Kernels kernels;
    private final ComposedProducts composed;

    public CudaMatMul(Kernels kernels) {
        this.kernels = kernels;
        composed = new ComposedProducts(kernels, this, new CudaElementwise(kernels));
    }

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        ProductArguments.multiply(a, transposeA, b, transposeB, bias, mode, c);
        run(a, transposeA, b, transposeB, bias, mode == Accumulate.ADD ? ADD : 0, c);
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        int k = ProductArguments.multiplyContinue(a, transposeA, b, transposeB, c);
        if (k > 0) run(a, transposeA, b, transposeB, null, CONTINUE, c);
    }

    @Override public void multiplyActivated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        ProductArguments.activated(a, w, bias, f, c);
        run(a, false, w, true, bias, flag(f), c);
    }

    @Override public void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        ProductArguments.gated(a, gate, up, c);
        if (c.size() == 0) return;
        // No published model has f16 weights; views whose rows lie differently far apart would cost every thread an address.
        if (gate.dtype() == DType.F16 || gate.rows() > 1 && gate.stride() != up.stride()) {
            composed.gated(a, gate, up, c);
            return;
        }
        boolean few = c.rows() <= 16 && inPieces(a) && inPieces(gate) && inPieces(up);
        int height = tall(c, 64) ? 128 : 64;
        String form = few ? c.rows() <= 8 ? "rows_gated_8x16_" : "rows_gated_16x16_" : "gated_" + height + "x64_";
        Kernels.Launching call = kernels.call("matmul_" + form + type(gate)).view(a).address(gate).view(up).view(c).u32(c.rows()).u32(c.cols())
                .u32(a.cols());
        if (few) call.launch(tiles(c.cols(), 16), 1, 1, 128, ringBytes(4, 2, c.rows(), gate));
        else call.launch((long) tiles(c.rows(), height) * tiles(c.cols(), 64), 256);
    }

    /// A launch for each group that has rows: the groups' chains are added in order because the launches are.
    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductArguments.gradWeight(dy, x, groups, dw);
        groups.forEach((from, to) -> run(dy.rows(from, to), true, x.rows(from, to), false, null, ADD, dw));
    }

    private void run(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, int flags, Matrix c) {
        if (c.size() == 0) return;
        int k = transposeA ? a.rows() : a.cols();
        boolean few = c.rows() <= 16 && !transposeA && transposeB && inPieces(a) && inPieces(b);
        int tile = c.cols() > 64 && tall(c, 128) ? 128 : 64;
        String form = few ? c.rows() <= 8 ? "rows_8x16_" : "rows_16x16_" : tile == 64 ? "tile_64x64_" : "tile_128x128_";
        Kernels.Launching call = kernels.call("matmul_" + form + type(b)).view(a).view(b).u64(bias == null ? 0 : CudaBuffer.address(bias)).view(c)
                .u32(c.rows()).u32(c.cols()).u32(k).u32(flags | (transposeA ? TRANSPOSED_A : 0) | (transposeB ? TRANSPOSED_B : 0));
        if (few) call.launch(tiles(c.cols(), 16), 1, 1, 128, ringBytes(8, 1, c.rows(), b));
        else call.launch((long) tiles(c.rows(), tile) * tiles(c.cols(), tile), 256);
    }

    /// Whether rows can be copied 16 bytes at a time.
    private static boolean inPieces(Matrix m) { return (CudaBuffer.source(m) | m.stride() * m.dtype().bytes()) % 16 == 0; }

    private static String type(Matrix weights) { return weights.dtype().name().toLowerCase(Locale.ROOT) + "_sm80"; }

    /// What tells the kernels of products, these and those of tensor cores, which activation is theirs.
    static int flag(Activation f) {
        return switch (f) {
            case GELU_TANH -> GELU_TANH;
            case GELU_ERF -> GELU_ERF;
        };
    }

    /// Shared memory of `matmul_rows`: stages of 16 rows of every weight and all rows of a, 256 bytes of a weight's row at a time.
    private static int ringBytes(int stages, int weights, int rows, Matrix b) {
        return stages * (weights * 16 * 272 + rows * 4 * (256 / b.dtype().bytes()));
    }

    /// Whether tiles of 128 rows pay: they move fewer bytes for a product; lower ones are for results that would leave multiprocessors idle. The bits
    /// are the same.
    private boolean tall(Matrix c, int columns) {
        return c.rows() > 64 && (long) tiles(c.rows(), 128) * tiles(c.cols(), columns) >= kernels.gpu().multiprocessors();
    }

    private static int tiles(int size, int tile) { return (int) (((long) size + tile - 1) / tile); }
}
