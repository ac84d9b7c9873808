package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tolerance 2e-6 (about 30 units of f32) on normalised rows of size 1; gradients of parameters are chains over rows, as in [MatMulContract].
abstract class NormalizationContract extends DeviceContract {
    private static final double TOLERANCE = 2e-6;
    private static final float EPS = 1e-6f;

    NormalizationContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"1,1,0", "0,4,0", "3,15,2", "5,16,0", "7,17,1", "3,1000,5", "40,33,0"})
    void rmsNormAndItsBackward(int rows, int cols, int layout) {
        gap = layout;
        Twin x = random(rows, cols, -3, 3);
        Twin w = random(1, cols, 0.5, 1.5);
        Twin y = zeros(rows, cols);
        Twin rstd = zeros(rows, 1);
        both((d, s) -> d.normalization().rmsNorm(x.on(s), w.on(s), EPS, y.on(s), rstd.on(s)));
        assertSame("y", y, TOLERANCE);
        assertSame("rstd", rstd, TOLERANCE);
        Twin dy = random(rows, cols);
        RowGroups groups = new RowGroups(0, rows / 3, rows);
        for (Accumulate mode : Accumulate.values()) {
            Twin dx = random(rows, cols);
            Twin dw = random(1, cols);
            both((d, s) -> d.normalization().rmsNormBackward(x.on(s), w.on(s), rstd.on(s), dy.on(s), groups, mode, dx.on(s), dw.on(s)));
            // A row of one element has rstd up to 1/√eps, and its gradient is a difference of equal numbers of that size.
            assertSame("dx " + mode, dx, cols == 1 ? 1e-4 : 2 * TOLERANCE);
            assertSame("dWeight", dw, MatMulContract.tolerance(2 * rows));
            both((d, s) -> d.normalization().rmsNormBackward(x.on(s), w.on(s), rstd.on(s), dy.on(s), groups, mode, dx.on(s), null));
            assertSame("dx alone", dx, cols == 1 ? 1e-4 : 4 * TOLERANCE);
        }
    }

    @ParameterizedTest(name = "{0} x {1}, gap {2}")
    @CsvSource({"0,4,0", "2,2,0", "3,15,2", "5,16,0", "7,17,1", "3,1000,5", "40,33,0"})
    void layerNormAndItsBackward(int rows, int cols, int layout) {
        gap = layout;
        Twin x = random(rows, cols, -2, 4);
        Twin w = random(1, cols, 0.5, 1.5);
        Twin b = random(1, cols);
        Twin y = zeros(rows, cols);
        Twin mean = zeros(rows, 1);
        Twin rstd = zeros(rows, 1);
        both((d, s) -> d.normalization().layerNorm(x.on(s), w.on(s), b.on(s), EPS, y.on(s), mean.on(s), rstd.on(s)));
        assertSame("y", y, 2 * TOLERANCE);
        assertSame("mean", mean, TOLERANCE);
        assertSame("rstd", rstd, TOLERANCE);
        Twin dy = random(rows, cols);
        RowGroups groups = new RowGroups(0, rows / 3, rows);
        for (Accumulate mode : Accumulate.values()) {
            Twin dx = random(rows, cols);
            Twin dw = random(1, cols);
            Twin db = random(1, cols);
            both((d, s) -> d.normalization().layerNormBackward(x.on(s), w.on(s), mean.on(s), rstd.on(s), dy.on(s), groups, mode, dx.on(s),
                    dw.on(s), db.on(s)));
            assertSame("dx " + mode, dx, 4 * TOLERANCE);
            assertSame("dWeight", dw, MatMulContract.tolerance(3 * rows));
            assertSame("dBias", db, MatMulContract.tolerance(rows));
            both((d, s) -> d.normalization().layerNormBackward(x.on(s), w.on(s), mean.on(s), rstd.on(s), dy.on(s), groups, mode, dx.on(s),
                    null, null));
            assertSame("dx alone", dx, 8 * TOLERANCE);
        }
    }

    @Test void byHand() {
        Twin x = values(1, 2, 1, 7);
        Twin y = zeros(1, 2);
        Twin rstd = zeros(1, 1);
        tested.normalization().rmsNorm(x.tested(), values(1, 2, 1, 2).tested(), 0, y.tested(), rstd.tested());
        assertValues("rstd", rstd, 1e-7, 0.2);
        assertValues("rmsNorm", y, 3e-7, 0.2, 2.8);
        Twin mean = zeros(1, 1);
        tested.normalization().layerNorm(x.tested(), values(1, 2, 1, 2).tested(), values(1, 2, 10, 20).tested(), 16f, y.tested(), mean.tested(),
                rstd.tested());
        assertValues("mean", mean, 0, 4);
        assertValues("rstd", rstd, 1e-7, 0.2);
        assertValues("layerNorm", y, 3e-7, 9.4, 21.2);
    }

    @Test void rmsNormDerivative() {
        Twin x = random(2, 5, -2, 2);
        Twin w = random(1, 5, 0.5, 1.5);
        Twin y = zeros(2, 5);
        Twin rstd = zeros(2, 1);
        float[] weight = uniform(10, -1, 1);
        Twin dx = zeros(2, 5);
        Twin dw = zeros(1, 5);
        tested.normalization().rmsNorm(x.tested(), w.tested(), EPS, y.tested(), rstd.tested());
        tested.normalization().rmsNormBackward(x.tested(), w.tested(), rstd.tested(), matrix(F32, 2, 5, weight).tested(), RowGroups.single(2),
                Accumulate.SET,
                dx.tested(), dw.tested());
        DoubleSupplier loss = () -> {
            oracle.normalization().rmsNorm(x.oracle(), w.oracle(), EPS, y.oracle(), rstd.oracle());
            return weighted(y.oracle(), weight);
        };
        assertGradient("dx", x, loss, dx);
        assertGradient("dWeight", w, loss, dw);
    }

    @Test void layerNormDerivative() {
        Twin x = random(2, 5, -2, 2);
        Twin w = random(1, 5, 0.5, 1.5);
        Twin b = random(1, 5);
        Twin y = zeros(2, 5);
        Twin mean = zeros(2, 1);
        Twin rstd = zeros(2, 1);
        float[] weight = uniform(10, -1, 1);
        Twin dx = zeros(2, 5);
        Twin dw = zeros(1, 5);
        Twin db = zeros(1, 5);
        tested.normalization().layerNorm(x.tested(), w.tested(), b.tested(), EPS, y.tested(), mean.tested(), rstd.tested());
        tested.normalization().layerNormBackward(x.tested(), w.tested(), mean.tested(), rstd.tested(), matrix(F32, 2, 5, weight).tested(),
                RowGroups.single(2),
                Accumulate.SET, dx.tested(), dw.tested(), db.tested());
        DoubleSupplier loss = () -> {
            oracle.normalization().layerNorm(x.oracle(), w.oracle(), b.oracle(), EPS, y.oracle(), mean.oracle(), rstd.oracle());
            return weighted(y.oracle(), weight);
        };
        assertGradient("dx", x, loss, dx);
        assertGradient("dWeight", w, loss, dw);
        assertGradient("dBias", b, loss, db);
    }

    @Test void refuses() {
        var op = tested.normalization();
        Twin x = random(3, 4);
        Twin w = random(1, 4);
        Twin column = random(3, 1);
        assertRefused("rmsNorm", () -> op.rmsNorm(x.tested(), random(1, 3).tested(), EPS, random(3, 4).tested(), column.tested()));
        assertRefused("rmsNorm", () -> op.rmsNorm(x.tested(), w.tested(), EPS, random(3, 4).tested(), random(4, 1).tested()));
        assertRefused("rmsNorm", () -> op.rmsNorm(x.tested(), w.tested(), EPS, random(3, 4).tested(), x.tested().cols(0, 1)));
        assertRefused("rmsNorm", () -> op.rmsNormBackward(x.tested(), w.tested(), column.tested(), random(3, 4).tested(), RowGroups.single(2),
                Accumulate.SET,
                random(3, 4).tested(), null));
        assertRefused("layerNorm", () -> op.layerNorm(x.tested(), w.tested(), random(1, 5).tested(), EPS, random(3, 4).tested(), column.tested(),
                random(3, 1).tested()));
        assertRefused("layerNorm", () -> op.layerNorm(x.tested(), w.tested(), random(1, 4).tested(), EPS, x.tested(), x.tested().cols(0, 1),
                column.tested()));
        assertRefused("layerNorm", () -> op.layerNormBackward(x.tested(), w.tested(), column.tested(), column.tested(), random(3, 3).tested(),
                RowGroups.single(3),
                Accumulate.SET, random(3, 4).tested(), null, null));
    }

    @Test void refusesWhatLiesTogether() {
        var op = tested.normalization();
        Matrix x = random(3, 4).tested();
        Matrix w = random(1, 4).tested();
        Matrix b = random(1, 4).tested();
        Matrix y = random(3, 4).tested();
        Matrix column = random(3, 1).tested();
        Matrix other = random(3, 1).tested();
        Matrix four = random(4, 1).tested();
        Matrix asRow = Matrix.of(four.buffer(), 1, 4);
        assertRefused("rmsNorm.*y .*overlaps weight", () -> op.rmsNorm(x, y.rows(1, 2), EPS, y, column));
        assertRefused("rmsNorm.*rstd .*overlaps weight", () -> op.rmsNorm(x, asRow, EPS, y, four.rows(0, 3)));
        assertRefused("layerNorm.*mean .*overlaps rstd", () -> op.layerNorm(x, w, b, EPS, y, column, column));
        assertRefused("layerNorm.*y .*overlaps bias", () -> op.layerNorm(x, w, y.rows(2, 3), EPS, y, column, other));
        assertRefused("layerNorm.*mean .*overlaps weight", () -> op.layerNorm(x, asRow, b, EPS, y, four.rows(1, 4), other));
        assertRefused("layerNorm.*mean .*overlaps bias", () -> op.layerNorm(x, w, asRow, EPS, y, four.rows(1, 4), other));
        assertRefused("layerNorm.*rstd .*overlaps bias", () -> op.layerNorm(x, w, asRow, EPS, y, other, four.rows(1, 4)));
        Matrix dy = random(3, 4).tested();
        Matrix dx = random(3, 4).tested();
        Matrix dw = random(1, 4).tested();
        RowGroups all = RowGroups.single(3);
        assertRefused("rmsNorm.*dx .*overlaps rstd", () -> op.rmsNormBackward(x, w, dx.cols(0, 1), dy, all, Accumulate.SET, dx, null));
        assertRefused("rmsNorm.*dx .*overlaps weight", () -> op.rmsNormBackward(x, dx.rows(0, 1), column, dy, all, Accumulate.SET, dx, null));
        assertRefused("rmsNorm.*dWeight .*overlaps dx", () -> op.rmsNormBackward(x, w, column, dy, all, Accumulate.SET, dx, dx.rows(0, 1)));
        assertRefused("rmsNorm.*dWeight .*overlaps x", () -> op.rmsNormBackward(x, w, column, dy, all, Accumulate.SET, dx, x.rows(0, 1)));
        assertRefused("rmsNorm.*dWeight .*overlaps weight", () -> op.rmsNormBackward(x, w, column, dy, all, Accumulate.SET, dx, w));
        assertRefused("rmsNorm.*dWeight .*overlaps rstd", () -> op.rmsNormBackward(x, w, four.rows(0, 3), dy, all, Accumulate.SET, dx, asRow));
        assertRefused("rmsNorm.*dWeight .*overlaps dy", () -> op.rmsNormBackward(x, w, column, dy, all, Accumulate.SET, dx, dy.rows(2, 3)));
        assertRefused("layerNorm.*dx .*overlaps mean", () -> op.layerNormBackward(x, w, dx.cols(1, 2), column, dy, all, Accumulate.SET, dx,
                null, null));
        assertRefused("layerNorm.*dWeight .*overlaps mean", () -> op.layerNormBackward(x, w, four.rows(0, 3), column, dy, all, Accumulate.SET, dx,
                asRow, null));
        assertRefused("layerNorm.*dBias .*overlaps mean", () -> op.layerNormBackward(x, w, four.rows(0, 3), column, dy, all, Accumulate.SET, dx,
                null, asRow));
        assertRefused("layerNorm.*dBias .*overlaps dWeight", () -> op.layerNormBackward(x, w, other, column, dy, all, Accumulate.SET, dx, dw, dw));
        assertRefused("layerNorm.*mean .*wanted", () -> op.layerNormBackward(x, w, random(2, 1).tested(), column, dy, all, Accumulate.SET, dx,
                null, null));
    }
}
