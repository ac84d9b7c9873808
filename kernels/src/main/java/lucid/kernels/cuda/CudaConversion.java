package lucid.kernels.cuda;

import java.util.Locale;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.Kernels;

/// [Conversion] on a GPU.
public final class CudaConversion implements Conversion {
    private final Kernels kernels;

    public CudaConversion(Kernels kernels) { this.kernels = kernels; }

    @Override public void convert(Matrix x, Matrix y) {
        ElementwiseArguments.convert(x, y);
        String kernel = "conversion_" + name(x.dtype()) + "_to_" + name(y.dtype()) + "_sm80";
        Maps.over(v -> Maps.launch(kernels.call(kernel).view(v[0]).view(v[1]), v[0]), x, y);
    }

    private static String name(DType type) { return type.name().toLowerCase(Locale.ROOT); }
}
