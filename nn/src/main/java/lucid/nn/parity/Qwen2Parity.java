package lucid.nn.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.nn.batch.PackedBatch;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Kind `qwen2`: forward, loss and gradients from ids and from embeddings, padded rows, cached greedy decoding.
final class Qwen2Parity {
    private static final int IGNORE = -100;

    private final GoldenCase golden;
    private final Qwen2 model;
    private final Outputs out;

    private Qwen2Parity(GoldenCase golden, Qwen2 model) {
        this.golden = golden;
        this.model = model;
        this.out = new Outputs(golden);
    }

    static Outputs run(GoldenCase golden, Device device) {
        try (WeightFiles files = WeightFiles.open(golden.model())) {
            Qwen2 model = Qwen2.load(device, golden.model(), files, Precision.F32);
            try (var _ = model.parameters()) {
                model.parameters().train(_ -> true);
                Qwen2Parity p = new Qwen2Parity(golden, model);
                p.forwardAndGradients();
                // A case may leave a part out; whatever it expects of that part is then missing, and fails.
                if (golden.hasInput("padded.input_ids")) p.padded();
                if (golden.hasInput("greedy.prompt_ids")) p.greedy();
                if (golden.hasInput("embeds.inputs_embeds")) p.embeddings();
                return p.out;
            }
        }
    }

    private Scope scope() { return Scope.open(model.parameters().device()); }

    static PackedBatch plain(int[][] ids, int[][] labels) {
        PackedBatch.Builder b = PackedBatch.builder(0);
        for (int i = 0; i < ids.length; i++) b.sequence(ids[i], 0, labels[i], IGNORE);
        return b.build();
    }

    private void forwardAndGradients() {
        int[][] ids = golden.ids("input_ids");
        PackedBatch batch = plain(ids, golden.ids("labels"));
        int[] size = {ids.length, ids[0].length};
        try (Scope step = scope()) {
            List<Tensor> states = new ArrayList<>();
            Tensor x = model.forward(model.embed(step, batch, null), model.context(step, batch), states::add);
            for (int i = 0; i < states.size(); i++) out.put("hidden_states." + i, states.get(i), size[0], size[1], model.config().hiddenSize());
            Tensor normed = model.norm().forward(x);
            out.put("final_norm", normed, size[0], size[1], model.config().hiddenSize());
            out.put("logits", model.logits(normed), size[0], size[1], model.config().vocabSize());
        }
        try (Scope step = scope()) {
            Tensor logProb = model.logProbs(step, batch, null, 1f, false).logProb();
            Tensor loss = logProb.sum().scale(-1f / batch.scored());
            out.put("loss", loss, 1);
            loss.backward();
            out.gradients("grad.", model.parameters());
            model.parameters().zeroGrad();
        }
        try (var _ = Tape.noGrad(); Scope step = scope()) {
            // Every id is a target of the row before it.
            out.put("token_logprobs", model.logProbs(step, plain(ids, ids), null, 1f, false).logProb(), size[0], size[1] - 1);
        }
    }

    private void padded() {
        int[][] ids = golden.ids("padded.input_ids");
        int[][] mask = golden.ids("padded.attention_mask");
        int[][] given = golden.ids("padded.position_ids");
        int[][] kept = new int[ids.length][];
        int[][] positions = new int[ids.length][];
        int[][] counted = new int[ids.length][];
        for (int r = 0; r < ids.length; r++) {
            int row = r;
            int[] real = IntStream.range(0, ids[r].length).filter(i -> mask[row][i] == 1).toArray();
            kept[r] = Arrays.stream(real).map(i -> ids[row][i]).toArray();
            positions[r] = Arrays.stream(real).map(i -> given[row][i]).toArray();
            // Without position ids the library counts the padding too.
            counted[r] = real;
        }
        out.put("padded.logits", logits(kept, positions));
        out.put("padded.logits_default_positions", logits(kept, counted));
        List<Completion> found = generate(kept, golden.expects("padded.greedy_ids") || golden.bf16() ? 24 : 1);
        out.put("padded.greedy_ids", Values.of(found.stream().flatMapToInt(c -> Arrays.stream(c.ids())).toArray(), found.size(),
                found.getFirst().length()));
    }

    /// Logits of all rows, sequence after sequence.
    private Values logits(int[][] ids, int[][] positions) {
        try (var _ = Tape.noGrad(); Scope step = scope()) {
            PackedBatch batch = plain(ids, ids).withPositions(Arrays.stream(positions).flatMapToInt(Arrays::stream).toArray());
            Tensor x = model.forward(model.embed(step, batch, null), model.context(step, batch));
            return Values.of(model.logits(model.norm().forward(x)).toFloats(), batch.rows(), model.config().vocabSize());
        }
    }

    private List<Completion> generate(int[][] prompts, int tokens) {
        PackedBatch.Builder b = PackedBatch.builder(0);
        for (int[] p : prompts) b.sequence(p, 0);
        return new Generator(model).generate(b.build(), null, 1, GenerationSettings.greedy(tokens, -1), null);
    }

    private void greedy() {
        int[] prompt = golden.ids("greedy.prompt_ids")[0];
        int[] ids = generate(new int[][] {prompt}, 24).getFirst().ids();
        out.put("greedy.ids", Values.of(ids, 1, ids.length));
        // The logits a token was chosen from are, to the bit, those of the whole sequence at the row before it.
        int[] whole = Arrays.copyOf(prompt, prompt.length + ids.length - 1);
        System.arraycopy(ids, 0, whole, prompt.length, ids.length - 1);
        int[] positions = new int[whole.length];
        Arrays.setAll(positions, i -> i);
        Values all = logits(new int[][] {whole}, new int[][] {positions});
        int vocabulary = model.config().vocabSize();
        out.put("greedy.step_logits", new Values(new int[] {ids.length, vocabulary},
                Arrays.copyOfRange(all.data(), (prompt.length - 1) * vocabulary, all.data().length)));
    }

    private void embeddings() {
        int[][] labels = golden.ids("embeds.labels");
        int[] shape = golden.input("embeds.inputs_embeds").intShape();
        PackedBatch batch = plain(new int[][] {new int[shape[1]]}, labels);
        try (Scope step = scope()) {
            Tensor given = Tensor.of(step, golden.input("embeds.inputs_embeds").toFloats(), shape[1], shape[2]).requireGrad();
            Tensor x = model.forward(given, model.context(step, batch));
            try (var _ = Tape.noGrad()) {
                out.put("embeds.logits", model.logits(model.norm().forward(x)), 1, shape[1], model.config().vocabSize());
            }
            Tensor targets = Tensor.ints(step, batch.targets(), batch.scored());
            Tensor loss = Tensor.logProb(model.scoredRows(step, batch, x), model.head(), targets, 1f).logProb().sum().scale(-1f / batch.scored());
            out.put("embeds.loss", loss, 1);
            loss.backward();
            out.put("embeds.grad_inputs_embeds", given.grad(), shape);
            if (model.config().tieWordEmbeddings()) {
                var embed = model.parameters().get("model.embed_tokens.weight");
                out.put("embeds.grad.model.embed_tokens.weight", embed.grad(), embed.shape().dims());
            }
            model.parameters().zeroGrad();
        }
    }
}
