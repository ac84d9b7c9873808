package lucid.kernels.reference;

import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// Between storage types. See [Conversion].
public final class ReferenceConversion implements Conversion {
    @Override public void convert(Matrix x, Matrix y) {
        Checks.present("conversion.convert", "x", x);
        Checks.present("conversion.convert", "y", y);
        boolean known = switch (x.dtype()) {
            case F32 -> y.dtype() == DType.BF16 || y.dtype() == DType.F16;
            case BF16, F16, U8, I32 -> y.dtype() == DType.F32;
            case I64 -> false;
        };
        Checks.that(known, "conversion.convert", "from " + x.dtype() + " to " + y.dtype()
                + "; wanted F32 <-> BF16, F32 <-> F16, U8 -> F32 or I32 -> F32");
        Checks.shape("conversion.convert", "y", y, x.rows(), x.cols(), y.dtype());
        Values.write(Values.read(x), y);
    }
}
