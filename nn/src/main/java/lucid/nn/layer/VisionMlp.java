package lucid.nn.layer;

import lucid.kernels.contract.Activation;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.tensor.Tensor;

/// `fc2(gelu_tanh(fc1 x))`, of the tower's blocks and of its pooling head.
public record VisionMlp(Linear fc1, Linear fc2) {
    /// Declares `PREFIX.fc1` [intermediate, hidden] and `PREFIX.fc2` [hidden, intermediate], with biases.
    public static VisionMlp of(ParameterSet p, String prefix, SiglipVisionConfig c) {
        return new VisionMlp(Linear.withBias(p, prefix + ".fc1", Role.LINEAR, c.hiddenSize(), c.intermediateSize()),
                Linear.withBias(p, prefix + ".fc2", Role.VISION_RESIDUAL, c.intermediateSize(), c.hiddenSize()));
    }

    /// [rows, hidden] -> [rows, hidden].
    public Tensor forward(Tensor x) { return fc2.forward(fc1.forward(x, Activation.GELU_TANH)); }
}
