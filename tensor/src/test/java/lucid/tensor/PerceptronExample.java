package lucid.tensor;

import java.util.List;
import lucid.kernels.Device;

/// A two-layer perceptron learns exclusive or: everything a training loop needs, on any device. The README shows the method's body.
final class PerceptronExample {
    private PerceptronExample() {}

    /// Returns the four predictions after training.
    static float[] train(Device device) {
        try (Scope model = Scope.open(device)) {                                            // owns what is made in it
            Tensor x = Tensor.of(model, new float[] {0, 0, 0, 1, 1, 0, 1, 1}, 4, 2);
            Tensor wanted = Tensor.of(model, new float[] {0, 1, 1, 0}, 4, 1);               // exclusive or
            var w1 = new Parameter("hidden.weight", Tensor.normal(model, 1, 0f, 1f, 8, 2));
            var b1 = new Parameter("hidden.bias", Tensor.zeros(model, 8));
            var w2 = new Parameter("out.weight", Tensor.normal(model, 2, 0f, 1f, 1, 8));
            var all = List.of(w1, b1, w2);
            for (int step = 0; ; step++) try (Scope _ = model.child()) {                    // what is computed here is freed here
                Tensor y = x.linear(w1.value(), b1.value()).tanh().linear(w2.value(), null).sigmoid();
                if (step == 300) return y.toFloats();                                       // close to 0, 1, 1, 0
                y.sub(wanted).square().sum().backward();
                for (Parameter p : all) device.elementwise().addScaled(-1f, p.grad().matrix(), p.value().matrix());
                all.forEach(Parameter::zeroGrad);
            }
        }
    }
}
