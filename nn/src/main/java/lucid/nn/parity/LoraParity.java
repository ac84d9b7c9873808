package lucid.nn.parity;

import java.util.Set;
import java.util.stream.Collectors;
import lucid.kernels.Device;
import lucid.nn.batch.PackedBatch;
import lucid.nn.file.WeightFiles;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.LoraAdapter;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Kind `qwen2.lora`: logits without adapter and with the adapter merged into the weights; the adapter's gradients follow from those of the
/// merged weights by the chain rule.
final class LoraParity {
    private LoraParity() {}

    static Outputs run(GoldenCase golden, Device device) {
        Outputs out = new Outputs(golden);
        LoraAdapter adapter = LoraAdapter.read(golden.folder().resolve("adapter"));
        try (WeightFiles files = WeightFiles.open(golden.model())) {
            Qwen2 model = Qwen2.load(device, golden.model(), files, Precision.F32);
            try (var parameters = model.parameters()) {
                int[][] ids = golden.ids("input_ids");
                PackedBatch batch = Qwen2Parity.plain(ids, golden.ids("labels"));
                out.put("base_logits", logits(model, batch, ids));
                adapter.merge(parameters);
                Values merged = logits(model, batch, ids);
                out.put("logits", merged);
                out.put("merged_logits", merged);
                Set<String> adapted = adapter.modules().stream().map(LoraAdapter.Module::parameter).collect(Collectors.toSet());
                parameters.train(adapted::contains);
                for (String name : adapted) out.put("merged." + name, parameters.get(name).value(), parameters.get(name).shape().dims());
                gradients(model, adapter, batch, out);
            }
        }
        return out;
    }

    private static Values logits(Qwen2 model, PackedBatch batch, int[][] ids) {
        try (var _ = Tape.noGrad(); Scope step = Scope.open(model.parameters().device())) {
            Tensor x = model.forward(model.embed(step, batch, null), model.context(step, batch));
            return Values.of(model.logits(model.norm().forward(x)).toFloats(), ids.length, ids[0].length, model.config().vocabSize());
        }
    }

    private static void gradients(Qwen2 model, LoraAdapter adapter, PackedBatch batch, Outputs out) {
        try (Scope step = Scope.open(model.parameters().device())) {
            Tensor loss = model.logProbs(step, batch, null, 1f, false).logProb().sum().scale(-1f / batch.scored());
            out.put("loss", loss, 1);
            loss.backward();
            for (var g : adapter.gradients(model.parameters())) {
                var m = g.module();
                out.put("grad." + m.name() + ".lora_A.weight", Values.of(g.a(), m.r(), m.in()));
                out.put("grad." + m.name() + ".lora_B.weight", Values.of(g.b(), m.out(), m.r()));
            }
            model.parameters().zeroGrad();
        }
    }
}
