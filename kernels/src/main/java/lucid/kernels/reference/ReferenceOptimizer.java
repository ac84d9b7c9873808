package lucid.kernels.reference;

import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Matrix;

/// One update per element. See [Optimizer].
public final class ReferenceOptimizer implements Optimizer {
    @Override public void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        Arguments.adamW("optimizer.adamW", grad, param, m, v, bf16);
        double[][] g = Values.read(grad);
        double[][] p = Values.read(param);
        double[][] first = Values.read(m);
        double[][] second = Values.read(v);
        double beta1 = settings.beta1();
        double beta2 = settings.beta2();
        double correction1 = 1 - StrictMath.pow(beta1, settings.step());
        double correction2 = 1 - StrictMath.pow(beta2, settings.step());
        for (int r = 0; r < param.rows(); r++) {
            for (int c = 0; c < param.cols(); c++) {
                double gradient = g[r][c] * gradScale;
                p[r][c] *= 1 - (double) settings.lr() * settings.weightDecay();
                first[r][c] = beta1 * first[r][c] + (1 - beta1) * gradient;
                second[r][c] = beta2 * second[r][c] + (1 - beta2) * gradient * gradient;
                double denominator = StrictMath.sqrt(second[r][c] / correction2) + settings.eps();
                p[r][c] -= settings.lr() / correction1 * first[r][c] / denominator;
            }
        }
        Values.write(p, param);
        Values.write(first, m);
        Values.write(second, v);
        if (bf16 != null) Values.write(Values.read(param), bf16);
    }

    @Override public void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum) {
        Arguments.update("optimizer.sgd", grad, param, momentum);
        double[][] g = Values.read(grad);
        double[][] p = Values.read(param);
        double[][] b = Values.read(momentum);
        for (int r = 0; r < param.rows(); r++) {
            for (int c = 0; c < param.cols(); c++) {
                double gradient = g[r][c] * gradScale + settings.weightDecay() * p[r][c];
                b[r][c] = settings.step() == 1 ? gradient : settings.momentum() * b[r][c] + (1.0 - settings.dampening()) * gradient;
                p[r][c] -= settings.lr() * (settings.nesterov() ? gradient + settings.momentum() * b[r][c] : b[r][c]);
            }
        }
        Values.write(p, param);
        Values.write(b, momentum);
    }
}
