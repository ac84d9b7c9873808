package lucid.kernels.simd.matmul;

import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.simd.work.Workers;

/// See [MatMul].
public final class SimdMatMul implements MatMul {
    private final Gemm gemm;
    private final Gemv gemv;
    private final PanelOrder order;
    private final Packing packing;

    public SimdMatMul(Workers workers) {
        gemv = new Gemv(workers);
        order = new PanelOrder(workers);
        gemm = new Gemm(workers, order);
        packing = new Packing(order);
    }

    /// See [lucid.kernels.Device#prepack].
    public void prepack(Matrix w) { PackedWeight.promise(w, order); }

    /// See [lucid.kernels.Device#packedOrder].
    public PackedOrder packedOrder() { return order; }

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        int k = ProductArguments.multiply(a, transposeA, b, transposeB, bias, mode, c);
        run(product(a, transposeA, b, transposeB, new int[] {0, k}, false, Epilogue.of(c, bias, mode == Accumulate.ADD)));
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        int k = ProductArguments.multiplyContinue(a, transposeA, b, transposeB, c);
        if (k > 0) run(product(a, transposeA, b, transposeB, new int[] {0, k}, true, Epilogue.of(c, null, false)));
    }

    @Override public void multiplyActivated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        int k = ProductArguments.activated(a, w, bias, f, c);
        run(product(a, false, w, true, new int[] {0, k}, false, Epilogue.activated(c, bias, f)));
    }

    @Override public void multiplyEach(Matrix a, Layer... layers) {
        Gemm.Product[][] each = new Gemm.Product[layers.length][];
        for (int i = 0; i < each.length; i++) {
            Layer l = layers[i];
            int k = ProductArguments.multiply(a, false, l.w(), true, l.bias(), Accumulate.SET, l.c());
            each[i] = new Gemm.Product[] {product(a, false, l.w(), true, new int[] {0, k}, false, Epilogue.of(l.c(), l.bias(), false))};
        }
        run(each);
    }

    /// The gates wait in c for the second product, which multiplies by silu of them, tile by tile.
    @Override public void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        int k = ProductArguments.gated(a, gate, up, c);
        int[] cuts = {0, k};
        run(new Gemm.Product[] {product(a, false, gate, true, cuts, false, Epilogue.of(c, null, false)),
                product(a, false, up, true, cuts, false, Epilogue.gated(c))});
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductArguments.gradWeight(dy, x, groups, dw);
        if (dy.rows() > 0) run(product(dy, true, x, false, groups.offsets(), false, Epilogue.of(dw, null, true)));
    }

    private Gemm.Product product(Matrix a, boolean transposeA, Matrix b, boolean transposeB, int[] cuts, boolean resume, Epilogue out) {
        Operand left = transposeA ? Operand.lanesAcross(a) : Operand.lanesDown(a);
        Operand right = transposeB ? packing.right(b, out.rows()) : Operand.lanesAcross(b);
        return new Gemm.Product(left, right, cuts, resume, out);
    }

    private void run(Gemm.Product product) { run(new Gemm.Product[] {product}); }

    /// See [Gemv#run]; one after the other where they are not all of that kind.
    private void run(Gemm.Product[]... rounds) {
        if (Gemv.fit(rounds)) {
            gemv.run(rounds);
            return;
        }
        for (Gemm.Product[] round : rounds) {
            for (Gemm.Product each : round) alone(each);
        }
    }

    private void alone(Gemm.Product product) {
        Epilogue out = product.out();
        if (out.rows() == 0 || out.cols() == 0) return;
        if (product.k() == 0) out.writeZeros();
        else if (Gemv.fits(product)) gemv.run(new Gemm.Product[] {product});
        else gemm.run(product);
    }
}
