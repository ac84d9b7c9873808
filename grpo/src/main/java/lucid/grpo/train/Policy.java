package lucid.grpo.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import lucid.grpo.data.Example;
import lucid.grpo.recipe.Stage;
import lucid.kernels.Device;
import lucid.kernels.contract.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.batch.Splice;
import lucid.nn.file.StoredType;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.generate.TokenListener;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.ParameterSet;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// The model as the loop sees it: clips to visual rows, rows to log-probabilities, prompts to completions.
public final class Policy implements AutoCloseable {
    private final TinyLlavaVideo model;
    private final Device device;
    private boolean towerTrains;

    public Policy(TinyLlavaVideo model) {
        this.model = model;
        device = model.parameters().device();
    }

    public TinyLlavaVideo model() { return model; }

    public Device device() { return device; }

    public ParameterSet parameters() { return model.parameters(); }

    /// Rows that a whole clip brings into the decoder.
    public int visualTokens() { return model.visualTokens(); }

    /// Rows that a single frame brings.
    public int frameTokens() { return model.config().resampler().latents(); }

    private Scope scope() { return Tape.of(device).current(); }

    /// Vision tower over frames [clips · framesEach, size, size, 3]; with gradients only while the tower trains.
    public Tensor features(byte[] frames, int clips, int framesEach, int size) {
        Tensor pixels = Tensor.bytes(scope(), frames, clips * framesEach, size, size, 3);
        return towerTrains && Tape.gradEnabled() ? model.trainedFeatures(scope(), pixels, RowGroups.uniform(clips, framesEach)) : model.features(scope(), pixels);
    }

    /// Connector: features of `clips` clips to [clips · visualTokens, hidden].
    public Tensor connect(Tensor features, int clips) {
        return model.visual(scope(), features, RowGroups.uniform(clips, features.shape().rows() / clips));
    }

    /// Connector over single frames, frame i as number `places[i]` of its clip's groups: [frames · frameTokens, hidden].
    public Tensor connectFrames(Tensor features, int[] places) {
        return model.connector().forwardChunks(scope(), features, RowGroups.uniform(places.length, features.shape().rows() / places.length), places);
    }

    /// Log-probabilities of the scored tokens of a batch.
    ///
    /// @param visual connected features, or null for text alone
    public LogProbs score(PackedBatch batch, Tensor visual, float temperature) { return model.logProbs(scope(), batch, visual, temperature, false); }

    /// Completions of every prompt, in (prompt, completion) order; prompt i is about clip i of `visual`.
    ///
    /// @param listener hears every token, or null
    public List<Completion> generate(List<int[]> prompts, Tensor visual, int completions, GenerationSettings settings, TokenListener listener) {
        PackedBatch.Builder builder = PackedBatch.builder(visual == null ? 0 : visualTokens());
        for (int i = 0; i < prompts.size(); i++) builder.sequence(splice(prompts.get(i), true), i);
        return new Generator(model.decoder()).generate(builder.build(), visual, completions, settings, listener);
    }

    /// A sequence's row codes, the clip's (or the frame's) rows in the place of the placeholder. Nothing is cut: too long is an error.
    public int[] splice(int[] ids, boolean wholeClip) {
        int max = model.config().maxLength();
        int[] rows = Splice.splice(ids, Example.PLACEHOLDER, wholeClip ? visualTokens() : frameTokens(), Integer.MAX_VALUE).rows();
        if (rows.length > max) throw new IllegalArgumentException("a sequence has " + rows.length + " rows; wanted at most tokenizer_model_max_length = " + max);
        return rows;
    }

    /// Lets only the given parts train.
    public void train(Set<Stage.Part> parts) {
        towerTrains = parts.contains(Stage.Part.VISION_TOWER);
        List<String> prefixes = parts.stream().map(p -> p.name().toLowerCase(Locale.ROOT) + ".").toList();
        model.parameters().train(name -> prefixes.stream().anyMatch(name::startsWith));
    }

    /// Writes `config.json` and `model.safetensors` into a folder.
    public void save(Path folder) { model.save(folder, StoredType.F32); }

    /// Overwrites the weights from such a folder.
    public void load(Path folder) {
        try (TinyLlavaVideo stored = TinyLlavaVideo.load(device, folder)) {
            model.parameters().copyFrom(stored.parameters());
        }
    }

    /// A frozen copy: a reference.
    public Policy copy() { return new Policy(model.copy()); }

    @Override public void close() { model.close(); }
}
