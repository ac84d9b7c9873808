package lucid.kernels.cuda;

import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.Kernels;

/// [Optimizer] on a GPU: one pass over parameter, gradient, moments and image. Bias corrections are computed here, in double.
public final class CudaOptimizer implements Optimizer {
    private final Kernels kernels;

    public CudaOptimizer(Kernels kernels) { this.kernels = kernels; }

    @Override public void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        Arguments.adamW("optimizer.adamW", grad, param, m, v, bf16);
        float decay = (float) (1 - (double) settings.lr() * settings.weightDecay());
        float size = (float) (settings.lr() / (1 - StrictMath.pow(settings.beta1(), settings.step())));
        float root = (float) StrictMath.sqrt(1 - StrictMath.pow(settings.beta2(), settings.step()));
        Matrix[] views = bf16 == null ? new Matrix[] {grad, param, m, v} : new Matrix[] {grad, param, m, v, bf16};
        Maps.over(p -> Maps.launch(kernels.call("optimizer_adamw_f32_sm80").view(p[0]).view(p[1]).view(p[2]).view(p[3])
                .viewOrNull(p.length > 4 ? p[4] : null)
                .f32(gradScale).f32(decay).f32(size).f32(root).f32(settings.eps())
                .f32(settings.beta1()).f32(1 - settings.beta1()).f32(settings.beta2()).f32(1 - settings.beta2()), p[0]), views);
    }

    @Override public void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum) {
        Arguments.update("optimizer.sgd", grad, param, momentum);
        Maps.over(p -> Maps.launch(kernels.call("optimizer_sgd_f32_sm80").view(p[0]).view(p[1]).view(p[2]).f32(gradScale).f32(settings.lr())
                .f32(settings.weightDecay())
                .f32(settings.momentum()).f32(1 - settings.dampening()).u32(settings.step() == 1 ? 1 : 0).u32(settings.nesterov() ? 1 : 0), p[0]),
                        grad, param, momentum);
    }
}
