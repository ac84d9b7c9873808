package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import lucid.grpo.data.CompletionText;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.reward.Reward;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import lucid.nn.batch.PackedBatch;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFiles;
import lucid.nn.model.Qwen2;
import lucid.nn.optim.AdamW;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.PythonText;
import lucid.tokenizer.format.TokenizerFiles;

/// One whole GRPO update of the original trainer on a tiny Qwen2: texts to rewards to advantages, log-probabilities, KL, loss, every gradient, the
/// global norm and AdamW steps, through the same kernels that the trainer uses.
final class StepParity implements AutoCloseable {
    static final String KIND = "tinyllava_video_r1_grpo_step";

    /// A tensor that was computed.
    private record Found(double[] data) {}

    /// A prompt of the case.
    ///
    /// @param completions without padding
    /// @param width       length to which the original padded them
    private record Group(int[] prompt, List<int[]> completions, int width, float[] advantages) {
        int[] lengths() { return completions.stream().mapToInt(c -> c.length).toArray(); }

        /// One number per token, in the original's layout [completions, width]: 0 under the mask.
        double[] padded(float[] tokens) {
            double[] all = new double[completions.size() * width];
            for (int c = 0, at = 0; c < completions.size(); c++)
                for (int t = 0; t < completions.get(c).length; t++) all[c * width + t] = tokens[at++];
            return all;
        }
    }

    private final Path folder;
    private final JsonNode json;
    private final SafetensorsFile inputs;
    private final SafetensorsFile expected;
    private final Tokenizer tokenizer;
    private final Map<String, Found> found = new LinkedHashMap<>();
    private final List<Row> rows = new ArrayList<>();

    private StepParity(Path folder) throws IOException {
        this.folder = folder;
        json = Tables.read(folder.resolve("case.json"));
        tokenizer = TokenizerFiles.load(folder.resolve(json.path("tokenizer").asText()).normalize());
        inputs = SafetensorsFile.open(folder.resolve("inputs.safetensors"));
        expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
    }

    static List<Row> run(Path folder, Device device) throws IOException {
        try (StepParity p = new StepParity(folder)) {
            p.compute(device);
            return p.compare();
        }
    }

    private void compute(Device device) {
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < json.required("prompts").size(); i++) groups.add(group(i));
        try (WeightFiles files = WeightFiles.open(folder.resolve("model")); WeightFiles refFiles = WeightFiles.open(folder.resolve("ref_model"))) {
            Qwen2 model = Qwen2.load(device, folder.resolve("model"), files, Precision.F32);
            try (var parameters = model.parameters()) {
                Qwen2 reference = Qwen2.load(device, folder.resolve("ref_model"), refFiles, Precision.F32);
                List<float[]> refs = new ArrayList<>();
                try (var _ = reference.parameters()) {
                    for (Group g : groups) refs.add(score(reference, g));
                }
                for (int i = 0; i < refs.size(); i++) found.put("step0.prompt" + i + ".ref_logps", new Found(groups.get(i).padded(refs.get(i))));
                parameters.train(_ -> true);
                var settings = new AdamW.Settings(number("betas", 0), number("betas", 1), (float) json.required("adam_eps").asDouble(),
                        (float) json.required("weight_decay").asDouble(), (float) json.required("max_grad_norm").asDouble());
                try (AdamW adam = new AdamW(parameters, settings)) {
                    for (int step = 0; step < json.required("steps").asInt(); step++) step(step, model, groups, refs, adam);
                }
            }
        }
    }

    private float number(String list, int i) { return (float) json.required(list).required(i).asDouble(); }

    /// A completion ends with its first end token. The padding is the end token as well, so a completion that was cut off counts one token of it, as
    /// in the original.
    private Group group(int i) {
        int[] flat = ints("prompt" + i + ".completion_ids");
        int n = ints("prompt" + i + ".completion_lengths").length;
        int width = flat.length / n;
        List<int[]> completions = new ArrayList<>();
        double[] rewards = new double[n];
        double[] parts = new double[2 * n];
        double[] mask = new double[flat.length];
        JsonNode described = json.required("prompts").get(i);
        for (int c = 0; c < n; c++) {
            int length = 1;
            while (length < width && flat[c * width + length - 1] != json.required("eos_id").asInt()) length++;
            completions.add(Arrays.copyOfRange(flat, c * width, c * width + length));
            Arrays.fill(mask, c * width, c * width + length, 1);
            String text = CompletionText.of(tokenizer, completions.get(c));
            String wanted = PythonText.strip(described.required("completions").required(c).asText());
            rows.add(Row.exact("prompt" + i + " text of completion " + c, text.equals(wanted), "found '" + text + "', wanted '" + wanted + "'"));
            Reward.Score s = TinyLlavaVideoR1Reward.published().score(text, described.required("solution").asText());
            rewards[c] = s.total();
            parts[2 * c] = s.accuracy();
            parts[2 * c + 1] = s.format();
        }
        double[] noise = Tables.doubles(inputs.tensor("prompt" + i + ".noise").toFloats());
        double[] a = new Advantages(json.required("advantage_eps").asDouble(), json.required("noise_scale").asDouble(), true).of(rewards, noise);
        String name = "step0.prompt" + i + ".";
        found.put(name + "mask", new Found(mask));
        found.put(name + "rewards", new Found(rewards));
        found.put(name + "rewards_per_function", new Found(parts));
        found.put(name + "advantages", new Found(a));
        return new Group(ints("prompt" + i + ".ids"), completions, width, Tables.floats(a));
    }

    private int[] ints(String name) { return Arrays.stream(inputs.tensor(name).toLongs()).mapToInt(Math::toIntExact).toArray(); }

    private static PackedBatch pack(Group g) { return PackedBatch.builder(0).group(g.prompt, 0, g.completions).build(); }

    private static float[] score(Qwen2 model, Group g) {
        try (var _ = Tape.noGrad(); Scope scope = Scope.open(model.parameters().device())) {
            return model.logProbs(scope, pack(g), null, 1f, false).logProb().toFloats();
        }
    }

    private void step(int step, Qwen2 model, List<Group> groups, List<float[]> refs, AdamW adam) {
        String name = "step" + step + ".";
        double total = 0;
        for (int i = 0; i < groups.size(); i++)
            total += prompt(name + "prompt" + i + ".", model, groups.get(i), refs.get(i), groups.size()) / groups.size();
        put(name + "loss", (float) total);
        if (step == 0) {
            for (Parameter p : model.parameters().trainable()) if (p.hasGrad()) put("grad." + p.name(), p.grad().toFloats());
        }
        put(name + "grad_norm", adam.step(json.required("lr").asDouble()).norm());
        model.parameters().zeroGrad();
        for (Parameter p : model.parameters().trainable()) put(name + "weight." + p.name(), p.value().toFloats());
    }

    /// Forward and backward of one prompt's group. Returns its loss before the mean over the prompts.
    private double prompt(String name, Qwen2 model, Group g, float[] reference, int prompts) {
        int[] lengths = g.lengths();
        int n = Arrays.stream(lengths).sum();
        double[] perToken = Aggregation.SEQUENCE_MEAN.weights(lengths, 1);
        float[] weights = new float[n];
        float[] advantages = new float[n];
        for (int c = 0, at = 0; c < lengths.length; at += lengths[c++]) {
            Arrays.fill(advantages, at, at + lengths[c], g.advantages[c]);
            Arrays.fill(weights, at, at + lengths[c], (float) (perToken[c] / prompts));
        }
        var settings = new LogProb.ClippedLoss(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, (float) json.required("beta").asDouble(),
                (float) json.required("kl_clamp").asDouble());
        try (Scope scope = Scope.open(model.parameters().device())) {
            LogProbs scored = model.logProbs(scope, pack(g), null, 1f, false);
            Tensor old = Tensor.of(scope, scored.logProb().toFloats(), n);
            LogProbs.PolicyTerms terms = scored.policyTerms(settings, old, Tensor.of(scope, reference, n), Tensor.of(scope, advantages, n),
                    Tensor.of(scope, weights, n));
            scored.logProb().backward(terms.coefficient());
            found.put(name + "logps", new Found(g.padded(scored.logProb().toFloats())));
            found.put(name + "kl", new Found(g.padded(terms.kl().toFloats())));
            float[] loss = terms.loss().toFloats();
            double sum = 0;
            for (int t = 0; t < n; t++) sum += (double) loss[t] * weights[t] * prompts;
            put(name + "loss", (float) sum);
            return sum;
        }
    }

    private void put(String name, float... values) { found.put(name, new Found(Tables.doubles(values))); }

    private List<Row> compare() {
        for (var e : json.required("expect").properties()) {
            String name = e.getKey();
            if (!expected.tensors().containsKey(name)) rows.add(Row.failed(name, "missing in expected.safetensors"));
            else if (!found.containsKey(name)) rows.add(Row.failed(name, "is not computed by this kind"));
            else rows.add(row(name, expected.tensor(name), e.getValue()));
        }
        for (String name : new TreeSet<>(expected.tensors().keySet())) {
            if (!json.required("expect").has(name)) rows.add(Row.failed(name, "stored, but case.json states no tolerance for it"));
        }
        for (String name : found.keySet()) {
            if (name.startsWith("grad.") && !json.required("expect").has(name))
                rows.add(Row.failed(name, "has a gradient here, but none in the original"));
        }
        return rows;
    }

    private Row row(String name, StoredTensor wanted, JsonNode tolerance) {
        double[] w = new double[Math.toIntExact(wanted.elements())];
        for (int i = 0; i < w.length; i++) w[i] = wanted.value(i);
        return Row.compare(name, found.get(name).data, w, tolerance.required("atol").asDouble(), tolerance.required("rtol").asDouble(),
                wanted.intShape());
    }

    @Override public void close() {
        inputs.close();
        expected.close();
    }
}
