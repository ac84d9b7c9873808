package lucid.nn.parity;

import java.util.function.LongToDoubleFunction;
import lucid.kernels.Device;
import lucid.nn.batch.PackedBatch;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Kind `qwen2.lora`: logits without adapter, with it beside the weights and with it merged into them; loss, and the gradients of its matrices as
/// training computes them.
final class LoraParity {
    private LoraParity() {}

    static Outputs run(GoldenCase golden, Device device) {
        Outputs out = new Outputs(golden);
        LoraFile file = LoraFile.read(golden.folder().resolve("adapter"));
        try (WeightFiles files = WeightFiles.open(golden.model()); LoraAdapter adapter = LoraAdapter.of(device, file)) {
            Qwen2 model = Qwen2.load(device, golden.model(), files, Precision.F32);
            try (var parameters = model.parameters()) {
                int[][] ids = golden.ids("input_ids");
                PackedBatch batch = Qwen2Parity.plain(ids, golden.ids("labels"));
                out.put("base_logits", logits(model, batch, ids));
                Qwen2 adapted = model.adapted(adapter);
                out.put("logits", logits(adapted, batch, ids));
                gradients(adapted, adapter, batch, out);
                for (Parameter p : parameters.all()) merge(file, files.tensor(p.name()), p, out);
                out.put("merged_logits", logits(model, batch, ids));
            }
        }
        return out;
    }

    private static void merge(LoraFile file, StoredTensor stored, Parameter p, Outputs out) {
        LoraFile.Module m = file.of(p.name());
        if (m == null) return;
        float[] merged = new float[Math.toIntExact(stored.elements())];
        LongToDoubleFunction elements = file.merged(m, stored::value, 1);
        for (int i = 0; i < merged.length; i++) merged[i] = (float) elements.applyAsDouble(i);
        p.value().device().write(p.value().buffer(), 0, merged);
        out.put("merged." + p.name(), p.value(), p.shape().dims());
    }

    private static Values logits(Qwen2 model, PackedBatch batch, int[][] ids) {
        try (var _ = Tape.noGrad(); Scope step = Scope.open(model.parameters().device())) {
            Tensor x = model.forward(model.embed(step, batch, null), model.context(step, batch));
            return Values.of(model.logits(model.norm().forward(x)).toFloats(), ids.length, ids[0].length, model.config().vocabSize());
        }
    }

    private static void gradients(Qwen2 model, LoraAdapter adapter, PackedBatch batch, Outputs out) {
        adapter.parameters().train(_ -> true);
        try (Scope step = Scope.open(model.parameters().device())) {
            Tensor loss = model.logProbs(step, batch, null, 1f, false).logProb().sum().scale(-1f / batch.scored());
            out.put("loss", loss, 1);
            loss.backward();
            out.gradients("grad.base_model.model.", adapter.parameters());
            adapter.parameters().zeroGrad();
        }
    }
}
