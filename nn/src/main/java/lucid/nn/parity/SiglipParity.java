package lucid.nn.parity;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.Device;
import lucid.nn.file.WeightFiles;
import lucid.nn.model.SiglipVision;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Kinds `siglip` and `siglip.interpolated`: every state of the tower, pooling head, gradients of two losses.
final class SiglipParity {
    private final GoldenCase golden;
    private final SiglipVision model;
    private final Outputs out;
    private final boolean interpolate;

    private SiglipParity(GoldenCase golden, SiglipVision model) {
        this.golden = golden;
        this.model = model;
        this.out = new Outputs(golden);
        this.interpolate = golden.kind().equals("siglip.interpolated");
    }

    static Outputs run(GoldenCase golden, Device device) {
        try (WeightFiles files = WeightFiles.open(golden.model())) {
            SiglipVision model = SiglipVision.load(device, golden.model(), files, Precision.F32);
            try (var _ = model.parameters()) {
                model.parameters().train(_ -> true);
                SiglipParity p = new SiglipParity(golden, model);
                for (String prefix : new String[] {"", "small.", "same_count."}) {
                    if (golden.hasInput(prefix + "pixel_values")) p.image(prefix);
                }
                return p.out;
            }
        }
    }

    private Tensor input(Scope step, String name) { return Tensor.of(step, golden.input(name).toFloats(), golden.input(name).intShape()); }

    private void image(String prefix) {
        pass(prefix, false);
        if (prefix.isEmpty()) pass(prefix, true);
    }

    /// @param featuresOnly walk back from the first term of the loss alone
    private void pass(String prefix, boolean featuresOnly) {
        try (Scope step = Scope.open(model.parameters().device())) {
            Tensor pixels = input(step, prefix + "pixel_values").requireGrad();
            int n = pixels.shape().dim(0);
            List<Tensor> states = new ArrayList<>();
            Tensor last = model.blocks(model.embed(step, pixels, null, interpolate), n, model.config().layers(), states::add);
            Tensor features = states.get(states.size() - 2);
            Tensor normed = model.postNorm().forward(last);
            Tensor pooled = model.pool(normed, n);
            Tensor lossFeatures = weighted(step, features, prefix + "weight_features");
            Tensor loss = lossFeatures.add(weighted(step, normed, prefix + "weight_last")).add(weighted(step, pooled, prefix + "weight_pool"));
            if (!featuresOnly) {
                states(prefix, states, n);
                int patches = normed.shape().rows() / n;
                out.put(prefix + "last_hidden_state", normed, n, patches, model.config().hiddenSize());
                out.put(prefix + "pooler_output", pooled, n, model.config().hiddenSize());
                out.put(prefix + "loss_features", lossFeatures, 1);
                out.put(prefix + "loss", loss, 1);
                out.put(prefix + "patch_embeds", convolution(pixels));
            }
            if (!prefix.isEmpty()) return;
            (featuresOnly ? lossFeatures : loss).backward();
            String name = featuresOnly ? "grad_features." : "grad.";
            out.gradients(name, model.parameters());
            out.put(name + "pixel_values", pixels.grad(), pixels.shape().dims());
            model.parameters().zeroGrad();
        }
    }

    private Tensor weighted(Scope step, Tensor x, String name) {
        Tensor w = input(step, name);
        return x.weightedSum(w.reshape(x.shape().rows(), x.shape().cols()));
    }

    private void states(String prefix, List<Tensor> states, int n) {
        int patches = states.getFirst().shape().rows() / n;
        for (int i = 0; i < states.size(); i++) out.put(prefix + "hidden_states." + i, states.get(i), n, patches, model.config().hiddenSize());
        out.put(prefix + "features", states.get(states.size() - 2), n, patches, model.config().hiddenSize());
    }

    /// As the original's convolution lays it out: [images, hidden, rows, columns].
    private Values convolution(Tensor pixels) {
        int p = model.config().patchSize();
        int n = pixels.shape().dim(0);
        int rows = pixels.shape().dim(2) / p;
        int cols = pixels.shape().dim(3) / p;
        int h = model.config().hiddenSize();
        float[] in = model.patches(pixels.detach()).toFloats();
        float[] swapped = new float[in.length];
        for (int i = 0; i < in.length; i++) {
            int image = i / (rows * cols * h);
            int patch = i / h % (rows * cols);
            swapped[(image * h + i % h) * rows * cols + patch] = in[i];
        }
        return Values.of(swapped, n, h, rows, cols);
    }
}
