package lucid.kernels.reference;

import static lucid.kernels.contract.operand.DType.F32;

import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;
import lucid.kernels.host.HostBuffer;

/// One expression per element. See [Elementwise].
public final class ReferenceElementwise implements Elementwise {
    @Override public void fill(Matrix y, float value) {
        Checks.type("elementwise.fill", "y", y, F32);
        Values.write(map(Values.read(y), _ -> value), y);
    }

    @Override public void copy(Matrix x, Matrix y) {
        ElementwiseArguments.copy(x, y);
        long size = x.dtype().bytes();
        for (int r = 0; r < x.rows(); r++) {
            MemorySegment.copy(HostBuffer.segment(x), (x.offset() + r * x.stride()) * size, HostBuffer.segment(y),
                    (y.offset() + r * y.stride()) * size,
                    x.cols() * size);
        }
    }

    @Override public void copyRows(Matrix x, RowPlaces places, Matrix y) {
        ElementwiseArguments.copyRows(x, places, y);
        int[] to = places.rows();
        for (int r = 0; r < x.rows(); r++) copy(x.rows(r, r + 1), y.rows(to[r], to[r] + 1));
    }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) {
        ElementwiseArguments.binary("elementwise." + op, a, b, y);
        DoubleBinaryOperator f = switch (op) {
            case ADD -> (p, q) -> p + q;
            case SUB -> (p, q) -> p - q;
            case MUL -> (p, q) -> p * q;
            case DIV -> (p, q) -> p / q;
        };
        double[][] left = Values.read(a);
        double[][] right = Values.read(b);
        for (int r = 0; r < a.rows(); r++) {
            for (int c = 0; c < a.cols(); c++) {
                left[r][c] = f.applyAsDouble(left[r][c], right[b.rows() == 1 ? 0 : r][b.cols() == 1 ? 0 : c]);
            }
        }
        Values.write(left, y);
    }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.addScaled", x, y);
        Values.write(map(Values.read(x), v -> alpha * v), Accumulate.ADD, y);
    }

    @Override public void scale(float alpha, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise.scale", x, y);
        Values.write(map(Values.read(x), v -> alpha * v), y);
    }

    @Override public void unary(Unary op, Matrix x, Matrix y) {
        ElementwiseArguments.unary("elementwise." + op, x, y);
        Values.write(map(Values.read(x), v -> Functions.value(op, v)), y);
    }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) {
        ElementwiseArguments.unaryBackward("elementwise." + op + " backward", x, dy, dx);
        double[][] g = Values.read(dy);
        double[][] in = Values.read(x);
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) g[r][c] *= Functions.derivative(op, in[r][c]);
        }
        Values.write(g, mode, dx);
    }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) {
        ElementwiseArguments.swiGlu(gate, up, y);
        double[][] g = Values.read(gate);
        double[][] u = Values.read(up);
        for (int r = 0; r < gate.rows(); r++) {
            for (int c = 0; c < gate.cols(); c++) u[r][c] *= Functions.silu(g[r][c]);
        }
        Values.write(u, y);
    }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) {
        ElementwiseArguments.swiGluBackward(gate, up, dy, dGate, dUp);
        double[][] g = Values.read(gate);
        double[][] u = Values.read(up);
        double[][] d = Values.read(dy);
        double[][] dg = new double[gate.rows()][gate.cols()];
        double[][] du = new double[gate.rows()][gate.cols()];
        for (int r = 0; r < gate.rows(); r++) {
            for (int c = 0; c < gate.cols(); c++) {
                dg[r][c] = d[r][c] * u[r][c] * Functions.siluDerivative(g[r][c]);
                du[r][c] = d[r][c] * Functions.silu(g[r][c]);
            }
        }
        Values.write(dg, mode, dGate);
        Values.write(du, mode, dUp);
    }

    private static double[][] map(double[][] x, DoubleUnaryOperator f) {
        for (double[] row : x) {
            for (int c = 0; c < row.length; c++) row[c] = f.applyAsDouble(row[c]);
        }
        return x;
    }
}
