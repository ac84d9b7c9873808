package lucid.kernels.ptx.steps;

import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.lanes.SharedLoops;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.steps.scalar.Binary64;
import lucid.kernels.ptx.text.syntax.PtxType;

/// `min` and `max` of f32 and f64: a NaN operand loses unless `.NaN` is there, -0 is below +0; `.xorsign.abs` compares magnitudes and gives the
/// result the exclusive or of the operands' signs.
final class Extrema {
    private static final int SIGN = 0x80000000;

    private Extrema() {}

    static Step decode(Form form) {
        boolean max = form.at().opcode().equals("max");
        boolean ftz = form.take("ftz");
        boolean nan = form.take("NaN");
        boolean xorsign = form.take("xorsign");
        if (xorsign && !form.take("abs")) {
            throw form.unknown();
        }
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(3);
        if (type == PtxType.F64) {
            if (ftz || nan || xorsign) {
                throw form.unknown();
            }
            return Arithmetic.wides(form, type, max ? Binary64::max : Binary64::min);
        }
        if (!ftz && !nan && !xorsign) {
            return Arithmetic.words(form, type, max ? Vectors.MAX_F32 : Vectors.MIN_F32);
        }
        return SharedLoops.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type),
                (a, b) -> extremum(ftz ? Binary32.flush(a) : a, ftz ? Binary32.flush(b) : b, max, nan, xorsign));
    }

    private static int extremum(int a, int b, boolean max, boolean nan, boolean xorsign) {
        if (nan && (isNan(a) || isNan(b))) {
            return Binary32.NAN;
        }
        if (!xorsign) {
            return max ? Binary32.max(a, b) : Binary32.min(a, b);
        }
        int result = max ? Binary32.max(a & ~SIGN, b & ~SIGN) : Binary32.min(a & ~SIGN, b & ~SIGN);
        return isNan(result) ? result : result | (a ^ b) & SIGN;
    }

    private static boolean isNan(int bits) {
        return (bits & ~SIGN) > 0x7f800000;
    }
}
