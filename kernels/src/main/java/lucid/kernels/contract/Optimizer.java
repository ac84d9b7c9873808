package lucid.kernels.contract;

import lucid.kernels.contract.operand.Matrix;

/// Updates of parameters. f32 master weights and moments; an optional bf16 image of the weight is rounded to nearest even. Gradient, parameter and
/// moments lie apart.
public interface Optimizer {
    /// AdamW's constants. `step` counts from 1. Loshchilov & Hutter 2019, as in torch.
    record AdamW(float lr, float beta1, float beta2, float eps, float weightDecay, int step) {
        public AdamW {
            String operation = "optimizer.adamW";
            notNegative(operation, "lr", lr);
            decay(operation, "beta1", beta1);
            decay(operation, "beta2", beta2);
            notNegative(operation, "eps", eps);
            notNegative(operation, "weightDecay", weightDecay);
            counted(operation, step);
        }

        private static void decay(String operation, String name, float value) {
            if (!(value >= 0 && value < 1))
                throw new IllegalArgumentException(operation + ": " + name + " is " + value + "; wanted 0 or more and less than 1");
        }
    }

    /// `g' = g · gradScale`; `p = p·(1 - lr·wd)`; `m = β1·m + (1-β1)·g'`; `v = β2·v + (1-β2)·g'²`;
    /// `p = p - lr/(1-β1^t) · m / (√v/√(1-β2^t) + eps)`. Bias corrections in double, rounded once. All f32, same shape.
    ///
    /// @param gradScale the clip coefficient (1: none)
    /// @param bf16      the weight's bf16 image to refresh, or null
    void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16);

    /// Momentum SGD with L2 weight decay: `g' = g·gradScale + wd·p`; first step `b = g'`, later `b = momentum·b + (1 - dampening)·g'`; `p = p -
    /// lr·(nesterov ? g' + momentum·b : b)`.
    record Sgd(float lr, float momentum, float dampening, float weightDecay, boolean nesterov, int step) {
        public Sgd {
            String operation = "optimizer.sgd";
            notNegative(operation, "lr", lr);
            notNegative(operation, "momentum", momentum);
            if (!Float.isFinite(dampening))
                throw new IllegalArgumentException(operation + ": dampening is " + dampening + "; wanted a finite number");
            notNegative(operation, "weightDecay", weightDecay);
            counted(operation, step);
        }
    }

    private static void notNegative(String operation, String name, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY))
            throw new IllegalArgumentException(operation + ": " + name + " is " + value + "; wanted a finite number >= 0");
    }

    private static void counted(String operation, int step) {
        if (step < 1) throw new IllegalArgumentException(operation + ": step is " + step + "; wanted 1 or more (steps count from 1)");
    }

    /// See [Sgd]. All f32, same shape.
    ///
    /// @param gradScale the clip coefficient (1: none)
    /// @param momentum  b, which the first step does not read
    void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum);
}
