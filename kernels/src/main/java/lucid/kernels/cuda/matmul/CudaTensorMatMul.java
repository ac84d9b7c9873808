package lucid.kernels.cuda.matmul;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.CudaElementwise;
import lucid.kernels.cuda.launch.Bf16Factor;
import lucid.kernels.cuda.launch.Bf16Factors;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.tensor.form.Swizzle;

/// [MatMul] on tensor cores, by `mma.sync` or by `wgmma`: named choices, because they change bits. Both factors are rounded to bf16 (to nearest even;
/// a bf16 factor stays as it is), the products are exact, the sums f32 in the tensor core's order, 16 products at a time.
///
/// The row law holds within each of the two: the order is the same for every shape and tile, so a row's bits do not depend on how many there are
/// (by `mma.sync`, up to 64 rows times a transposed factor have kernels of their own, which read every weight once). The bits are not the CPU's, and
/// [#multiplyContinue] leaves no trace only where k is cut at multiples of 64.
///
/// Error of an element against exact arithmetic on the rounded factors: at most about `2^-22 · max(4, k)` for factors in [-1, 1]; rounding a factor
/// itself costs up to 2^-9 of it.
public final class CudaTensorMatMul implements MatMul {
    private static final int CONTINUE = 4;
    private static final int ADD = 8;

    private final Kernels kernels;
    private final ComposedProducts composed;
    private final Bf16Factors factors;
    private final boolean hopper;

    /// @param hopper by `wgmma`; otherwise by `mma.sync`
    public CudaTensorMatMul(Kernels kernels, Bf16Factors factors, boolean hopper) {
        int capability = kernels.gpu().computeCapability();
        if (hopper && capability != 90) {
            throw new IllegalArgumentException("precision WGMMA: this GPU has compute capability " + capability / 10 + "." + capability % 10
                    + "; wanted 9.0 (choose TENSOR, which runs from 8.0 on)");
        }
        this.hopper = hopper;
        this.kernels = kernels;
        this.factors = factors;
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
        run(a, false, w, true, bias, CudaMatMul.flag(f), c);
    }

    @Override public void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        ProductArguments.gated(a, gate, up, c);
        if (c.size() == 0) return;
        try (Bf16Factor x = factors.of(a); Bf16Factor first = factors.of(gate); Bf16Factor second = factors.of(up)) {
            // Views whose rows lie differently far apart would cost every thread an address; tensor maps are one for each anyway.
            boolean alike = first.view().rows() <= 1 || first.view().stride() == second.view().stride();
            if (alike || hopper && a.cols() > 0) gated(x.view(), first.view(), second.view(), c);
            else composed.gated(a, gate, up, c);
        }
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductArguments.gradWeight(dy, x, groups, dw);
        if (dy.rows() == 0 || dw.size() == 0) return;
        try (Bf16Factor left = factors.of(dy); Bf16Factor right = factors.of(x)) {
            addGroups(left.view(), right.view(), groups, dw);
        }
    }

    /// By `wgmma`; otherwise by `mma.sync`.
    boolean hopper() { return hopper; }

    /// A factor of the two products below, made once where it is used often.
    Bf16Factor factor(Matrix m) { return factors.of(m); }

    /// `c = a b` of factors, or `c` continued by it.
    void multiplyFactors(Matrix a, Matrix b, boolean resume, Matrix c) {
        if (c.size() > 0) launch(a, false, b, false, null, resume ? CONTINUE : 0, c);
    }

    /// [#gradWeight] of factors. Several groups are one launch by `mma.sync`; by `wgmma` one for each, because a tensor copy ends where its map ends,
    /// and so a group needs a map of its own.
    void addGroups(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        if (dw.size() == 0) return;
        int[] starts = groups.starts();
        if (hopper || starts.length <= 2) {
            groups.forEach((from, to) -> launch(dy.rows(from, to), true, x.rows(from, to), false, null, ADD, dw));
            return;
        }
        kernels.call("matmul_tensor_groups_128x128x32_bf16_sm80").view(dy).view(x).view(dw).u32(dw.rows()).u32(dw.cols())
                .u64(kernels.table("row groups", starts)).u32(starts.length - 1)
                .launch(tiles(dw.rows(), 128) * tiles(dw.cols(), 128), 1, 1, 256, 4 * 16384);
    }

    private void run(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, int flags, Matrix c) {
        if (c.size() == 0) return;
        try (Bf16Factor left = factors.of(a); Bf16Factor right = factors.of(b)) {
            launch(left.view(), transposeA, right.view(), transposeB, bias, flags, c);
        }
    }

    private void launch(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, int flags, Matrix c) {
        String form = (transposeA ? "t" : "n") + (transposeB ? "t" : "n");
        int k = transposeA ? a.rows() : a.cols();
        int m = c.rows();
        // Without a k there is no tensor to map, and nothing that a tensor core would do.
        if (hopper && k > 0) {
            finish(kernels.call("matmul_wgmma_" + form + "_128x256x64_bf16_sm90a").map(map(a, transposeA ? 0 : 128))
                    .map(map(b, transposeB ? 256 : 0)), bias, c, k, flags)
                    .launch(tiles(m, 128) * tiles(c.cols(), 256), 1, 1, 384, 4 * 49152 + 64);
        } else if (form.equals("nt") && m <= 64) {
            int height = m <= 16 ? 16 : 64;
            int width = m <= 16 ? 16 : 32;
            finish(kernels.call("matmul_tensor_rows_" + height + "x" + width + "x64_bf16_sm80").view(a).view(b), bias, c, k, flags)
                    .launch(tiles(c.cols(), width), 1, 1, 128, (m <= 16 ? 16 : 8) * 128 * (height + width));
        } else {
            finish(kernels.call("matmul_tensor_" + form + "_128x128x32_bf16_sm80").view(a).view(b), bias, c, k, flags)
                    .launch(tiles(m, 128) * tiles(c.cols(), 128), 1, 1, 256, 4 * 16384);
        }
    }

    /// The same choices as those of [#launch], for the same reasons; and the same sums, so the bits are those of its products.
    private void gated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        int m = c.rows();
        int n = c.cols();
        int k = a.cols();
        if (hopper && k > 0) {
            finish(kernels.call("matmul_wgmma_gated_128x128x64_bf16_sm90a").map(map(a, 128)).map(map(gate, 128)).map(map(up, 128)), c, k)
                    .launch(tiles(m, 128) * tiles(n, 128), 1, 1, 384, 4 * 49152 + 64);
        } else if (m <= 64) {
            int height = m <= 16 ? 16 : 64;
            finish(kernels.call("matmul_tensor_rows_gated_" + height + "x16x64_bf16_sm80").view(a).address(gate).view(up), c, k)
                    .launch(tiles(n, 16), 1, 1, 128, 8 * 128 * (height + 32));
        } else {
            finish(kernels.call("matmul_tensor_gated_128x64x32_bf16_sm80").view(a).address(gate).view(up), c, k)
                    .launch(tiles(m, 128) * tiles(n, 64), 1, 1, 256, 4 * 16384);
        }
    }

    private static Kernels.Launching finish(Kernels.Launching call, Matrix c, int k) { return call.view(c).u32(c.rows()).u32(c.cols()).u32(k); }

    private static Kernels.Launching finish(Kernels.Launching call, Matrix bias, Matrix c, int k, int flags) {
        return call.u64(bias == null ? 0 : CudaBuffer.address(bias)).view(c).u32(c.rows()).u32(c.cols()).u32(k).u32(flags);
    }

    private static long tiles(int size, int tile) { return ((long) size + tile - 1) / tile; }

    /// Boxes of 64 values along a row (128 bytes, the swizzle's width) and `rows` rows; 0: of 64 x 64, for a factor whose k is the slow index.
    MemorySegment map(Matrix m, int rows) {
        return kernels.gpu().encode(new TensorMap(TensorMap.Type.BF16, CudaBuffer.address(m), new long[] {m.cols(), m.rows()},
                new long[] {Math.max(8, m.stride()) * 2},
                new int[] {64, rows == 0 ? 64 : rows}, Swizzle.BYTES_128, false));
    }
}
