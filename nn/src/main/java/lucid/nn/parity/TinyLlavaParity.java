package lucid.nn.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.batch.Splice;
import lucid.nn.batch.Splice.Spliced;
import lucid.nn.config.TinyLlavaConfig.PaddingSide;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.model.TinyLlavaVideo;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Kind `tinyllava_video`: tower, resampler, splicing, decoder, gradients of the full recipe, greedy answers; padded batches from both sides.
/// Lucid computes on packed rows; the padded rectangles of the original are only built to be compared.
final class TinyLlavaParity {
    private static final int GREEDY = 16;

    private final GoldenCase golden;
    private final TinyLlavaVideo model;
    private final Outputs out;
    private final List<Spliced> sequences = new ArrayList<>();
    private final List<int[]> labels = new ArrayList<>();

    private TinyLlavaParity(GoldenCase golden, TinyLlavaVideo model) {
        this.golden = golden;
        this.model = model;
        this.out = new Outputs(golden);
    }

    static Outputs run(GoldenCase golden, Device device) {
        try (TinyLlavaVideo model = TinyLlavaVideo.load(device, golden.model())) {
            model.parameters().train(TinyLlavaVideo::decoderOrConnector);
            TinyLlavaParity p = new TinyLlavaParity(golden, model);
            p.splice();
            try (Scope scope = Scope.open(device)) {
                p.all(scope);
            }
            return p.out;
        }
    }

    /// Padding is removed by the mask, then the clip takes its place, then the sequence is cut.
    private void splice() {
        int[][] ids = golden.ids("input_ids");
        int[][] given = golden.ids("labels");
        int[][] mask = golden.hasInput("attention_mask") ? golden.ids("attention_mask") : null;
        for (int b = 0; b < ids.length; b++) {
            int row = b;
            int[] real = IntStream.range(0, ids[b].length).filter(i -> mask == null || mask[row][i] != 0).toArray();
            Spliced s = Splice.splice(Arrays.stream(real).map(i -> ids[row][i]).toArray(), model.config().imageTokenIndex(), model.visualTokens())
                    .cut(model.config().maxLength());
            sequences.add(s);
            labels.add(s.labels(Arrays.stream(real).map(i -> given[row][i]).toArray(), model.config().ignoreIndex()));
        }
    }

    private void all(Scope scope) {
        List<Tensor> features = new ArrayList<>();
        int[] offsets = new int[sequences.size() + 1];
        for (int i = 0; i < sequences.size(); i++) {
            var video = golden.input("video." + i);
            Tensor f = model.features(scope, Tensor.of(scope, video.toFloats(), video.intShape()));
            features.add(f);
            offsets[i + 1] = offsets[i] + f.shape().rows();
            out.put("tower_features." + i, f, video.intShape()[0], model.config().tokensPerFrame(), model.config().vision().hiddenSize());
        }
        Tensor visual = model.visual(scope, Tensor.concatRows(features), new RowGroups(offsets));
        int tokens = model.visualTokens();
        for (int i = 0; i < sequences.size(); i++) {
            out.put("resampled." + i, visual.rows(i * tokens, (i + 1) * tokens), tokens, model.config().text().hiddenSize());
        }
        greedy(visual.detach());
        if (sequences.size() == 1) {
            layout(scope, visual, "", PaddingSide.RIGHT);
        } else {
            layout(scope, visual.detach(), "left.", PaddingSide.LEFT);
            layout(scope, visual, "right.", PaddingSide.RIGHT);
        }
        out.gradients("grad.", model.parameters());
    }

    private void greedy(Tensor visual) {
        PackedBatch.Builder b = model.batch();
        for (int i = 0; i < sequences.size(); i++) b.sequence(sequences.get(i).rows(), i);
        List<Completion> found = new Generator(model.decoder()).generate(b.build(), visual, 1, GenerationSettings.greedy(GREEDY, -1), null);
        out.put("greedy.ids", Values.of(found.stream().flatMapToInt(c -> Arrays.stream(c.ids())).toArray(), found.size(), GREEDY));
    }

    /// Everything of one padding side; walks back from the loss on the right.
    private void layout(Scope scope, Tensor visual, String prefix, PaddingSide side) {
        int longest = sequences.stream().mapToInt(Spliced::length).max().orElseThrow();
        PackedBatch.Builder b = model.batch();
        for (int i = 0; i < sequences.size(); i++) b.sequence(sequences.get(i).rows(), i, labels.get(i), model.config().ignoreIndex());
        PackedBatch batch = b.build();
        // Positions are None in training, so the original counts over the padded row.
        int[] counted = new int[batch.rows()];
        for (int i = 0; i < sequences.size(); i++) {
            int shift = side == PaddingSide.LEFT ? longest - sequences.get(i).length() : 0;
            for (int r = batch.groups().from(i); r < batch.groups().to(i); r++) counted[r] = batch.positions()[r] + shift;
        }
        batch = batch.withPositions(counted);
        Tensor embeds = model.decoder().embed(scope, batch, visual);
        rectangles(prefix, side, longest, embeds.toFloats());
        Tensor x = model.decoder().forward(embeds, model.decoder().context(scope, batch));
        try (var _ = Tape.noGrad()) {
            out.put(prefix + "logits", model.decoder().logits(model.decoder().norm().forward(x)), batch.rows(), model.config().text().vocabSize());
        }
        Tensor targets = Tensor.ints(scope, batch.targets(), batch.scored());
        Tensor logProb = Tensor.logProb(model.decoder().scoredRows(scope, batch, x), model.decoder().head(), targets, 1f).logProb();
        Tensor loss = logProb.sum().scale(-1f / batch.scored());
        out.put(prefix + "label_logprobs", logProb, batch.scored());
        out.put(prefix + "loss", loss, 1);
        if (side == PaddingSide.RIGHT) loss.backward();
    }

    /// The padded views: zero vectors, ignored labels, position 0 and mask 0 at the padding.
    private void rectangles(String prefix, PaddingSide side, int longest, float[] packed) {
        int n = sequences.size();
        int h = model.config().text().hiddenSize();
        float[] embeds = new float[n * longest * h];
        int[] label = new int[n * longest];
        int[] position = new int[n * longest];
        int[] mask = new int[n * longest];
        Arrays.fill(label, model.config().ignoreIndex());
        int row = 0;
        for (int i = 0; i < n; i++) {
            int length = sequences.get(i).length();
            int at = i * longest + (side == PaddingSide.LEFT ? longest - length : 0);
            System.arraycopy(packed, row * h, embeds, at * h, length * h);
            System.arraycopy(labels.get(i), 0, label, at, length);
            for (int j = 0; j < length; j++) position[at + j] = j;
            Arrays.fill(mask, at, at + length, 1);
            row += length;
        }
        out.put(prefix + "inputs_embeds", Values.of(embeds, n, longest, h));
        out.put(prefix + "labels", Values.of(label, n, longest));
        out.put(prefix + "position_ids", Values.of(position, n, longest));
        out.put(prefix + "attention_mask", Values.of(mask, n, longest));
    }
}
