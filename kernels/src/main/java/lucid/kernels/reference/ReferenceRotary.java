package lucid.kernels.reference;

import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;

/// Rotation of the pair (i, i + d/2) by `position · theta^(-2i/d)`. See [Rotary].
public final class ReferenceRotary implements Rotary {
    /// The angle is rounded to f32 on purpose: the published models were trained with angles rounded so.
    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) {
        Arguments.rotaryTable("rotary.table", theta, headDim, cos, sin);
        double[][] c = new double[cos.rows()][headDim / 2];
        double[][] s = new double[cos.rows()][headDim / 2];
        for (int p = 0; p < cos.rows(); p++) {
            for (int i = 0; i < headDim / 2; i++) {
                float frequency = (float) StrictMath.pow(theta, -2.0 * i / headDim);
                float angle = p * frequency;
                c[p][i] = StrictMath.cos(angle);
                s[p][i] = StrictMath.sin(angle);
            }
        }
        Values.write(c, cos);
        Values.write(s, sin);
    }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) {
        String operation = "rotary.rotate";
        Arguments.rotate(operation, x, headDim, positions, cos, sin, y);
        int[] at = Values.readInts(positions);
        for (int r = 0; r < at.length; r++) Checks.index(operation, "positions", r, at[r], cos.rows());
        double[][] rows = Values.read(x);
        double[][] c = Values.read(cos);
        double[][] s = Values.read(sin);
        double sign = inverse ? -1 : 1;
        int half = headDim / 2;
        for (int r = 0; r < x.rows(); r++) {
            for (int head = 0; head < x.cols(); head += headDim) {
                for (int i = 0; i < half; i++) {
                    double first = rows[r][head + i];
                    double second = rows[r][head + half + i];
                    rows[r][head + i] = first * c[at[r]][i] - second * sign * s[at[r]][i];
                    rows[r][head + half + i] = second * c[at[r]][i] + first * sign * s[at[r]][i];
                }
            }
        }
        Values.write(rows, y);
    }
}
