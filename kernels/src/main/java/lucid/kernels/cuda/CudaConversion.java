package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I64;

import java.util.Locale;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// [Conversion] on a GPU.
public final class CudaConversion implements Conversion {
    private final Kernels kernels;

    public CudaConversion(Kernels kernels) { this.kernels = kernels; }

    @Override public void convert(Matrix x, Matrix y) {
        String operation = "conversion.convert";
        Checks.present(operation, "x", x);
        Checks.present(operation, "y", y);
        boolean known = x.dtype() == F32 ? y.dtype() == BF16 || y.dtype() == F16 : y.dtype() == F32 && x.dtype() != I64;
        Checks.that(known, operation, "from " + x.dtype() + " to " + y.dtype() + "; wanted F32 <-> BF16, F32 <-> F16, U8 -> F32 or I32 -> F32");
        Checks.shape(operation, "y", y, x.rows(), x.cols(), y.dtype());
        String kernel = "conversion_" + name(x.dtype()) + "_to_" + name(y.dtype()) + "_sm80";
        Maps.over(v -> Maps.launch(kernels.call(kernel).view(v[0]).view(v[1]), v[0]), x, y);
    }

    private static String name(DType type) { return type.name().toLowerCase(Locale.ROOT); }
}
