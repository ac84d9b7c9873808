package lucid.grpo.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import lucid.grpo.data.Example;
import lucid.grpo.recipe.Stage;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.GenerationConfig;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.generate.TokenListener;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.memory.MemoryPlans;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.ParameterSet;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// The model as the loop sees it: clips to visual rows, rows to log-probabilities, prompts to completions. What is trained, hashed and saved is the
/// model, or a low-rank adapter beside it.
public final class Policy implements AutoCloseable {
    private final TinyLlavaVideo model;
    private final Device device;
    private final Adapted adapted;
    private final Runnable closing;
    private boolean towerTrains;
    private boolean recompute;
    private int questionsTogether = Evaluator.BATCH;
    private Set<Integer> endTokens = Set.of();

    /// What an adapted model consists of.
    ///
    /// @param name of the base, for the adapter's file
    private record Adapted(TinyLlavaVideo base, LoraAdapter lora, String name) {}

    private Policy(TinyLlavaVideo model, Adapted adapted, Runnable closing) {
        this.model = model;
        this.adapted = adapted;
        this.closing = closing;
        recompute = adapted != null;
        device = model.parameters().device();
    }

    /// A model that is trained itself. The policy closes it.
    public Policy(TinyLlavaVideo model) { this(model, null, model::close); }

    /// A model that stays as it is, with an adapter beside it that is trained.
    ///
    /// @param baseName names the model in the adapter's file: its folder
    /// @param closing  closes the base; the adapter is closed by the policy
    public static Policy adapted(TinyLlavaVideo base, LoraAdapter lora, String baseName, Runnable closing) {
        return new Policy(base.adapted(lora), new Adapted(base, lora, baseName), () -> {
            lora.close();
            closing.run();
        });
    }

    /// The model that answers, with the adapter in it where there is one.
    public TinyLlavaVideo model() { return model; }

    public Device device() { return device; }

    /// What can be trained: the model's parameters, or the adapter's.
    public ParameterSet parameters() { return adapted == null ? model.parameters() : adapted.lora.parameters(); }

    /// Rows that a whole clip brings into the decoder.
    public int visualTokens() { return model.visualTokens(); }

    /// Rows that a single frame brings.
    public int frameTokens() { return model.config().resampler().latents(); }

    private Scope scope() { return Tape.of(device).current(); }

    /// Where the tower gets its pictures from: all clips of a step may be more bytes than one array holds.
    public interface ClipFrames {
        /// Interleaved RGB of the clips from one number up to another: [(to - from) · framesEach, size, size, 3].
        byte[] of(int from, int to);
    }

    /// Vision tower over the frames of clips; with gradients only while the tower trains. Without, a few clips at a time, so that what the
    /// tower holds does not grow with their number, nor what is asked of `frames` at once.
    public Tensor features(ClipFrames frames, int clips, int framesEach, int size) {
        if (towerTrains && Tape.gradEnabled())
            return model.trainedFeatures(scope(), pixels(frames.of(0, clips), clips * framesEach, size), RowGroups.uniform(clips, framesEach));
        return together(clips, framesEach * model.config().vision().patches(),
                (from, n) -> model.features(scope(), pixels(frames.of(from, from + n), n * framesEach, size)));
    }

    /// The same over frames that are there, [clips · framesEach, size, size, 3].
    public Tensor features(byte[] frames, int clips, int framesEach, int size) {
        int clip = frames.length / Math.max(1, clips);
        return features((from, to) -> Arrays.copyOfRange(frames, from * clip, to * clip), clips, framesEach, size);
    }

    private Tensor pixels(byte[] frames, int n, int size) { return Tensor.bytes(scope(), frames, n, size, size, 3); }

    /// Connector: features of `clips` clips to [clips · visualTokens, hidden]; where nothing trains, a few clips at a time.
    public Tensor connect(Tensor features, int clips) {
        int rows = features.shape().rows() / clips;
        boolean learns = features.requiresGrad() || model.parameters().trainable().stream()
                .anyMatch(p -> p.name().startsWith(TinyLlavaVideo.CONNECTOR));
        if (learns && Tape.gradEnabled()) return model.visual(scope(), features, RowGroups.uniform(clips, rows));
        return together(clips, rows, (from, n) -> model.visual(scope(), n == clips ? features : features.rows(from * rows, (from + n) * rows),
                RowGroups.uniform(n, rows)))
                .withRowGroups(RowGroups.uniform(clips, visualTokens()));
    }

    private interface Clips {
        Tensor run(int from, int n);
    }

    // A row's bits do not depend on the rows beside it, so any division gives the same ones.
    private Tensor together(int clips, int rowsEach, Clips part) {
        int n = MemoryPlans.clipsTogether(clips, rowsEach);
        if (n == clips) {
            try (var _ = Tape.noGrad()) {
                return part.run(0, clips);
            }
        }
        try (Scope all = Scope.open(device)) {
            List<Tensor> parts = new ArrayList<>();
            for (int from = 0; from < clips; from += n) {
                try (Scope one = Scope.open(device); var _ = Tape.noGrad()) {
                    parts.add(one.keep(part.run(from, Math.min(n, clips - from))));
                }
            }
            try (var _ = Tape.noGrad()) {
                return all.keep(Tensor.concatRows(parts));
            }
        }
    }

    /// Connector over single frames, frame i as number `places[i]` of its clip's groups: [frames · frameTokens, hidden].
    public Tensor connectFrames(Tensor features, int[] places) {
        return model.connector().forwardChunks(scope(), features, RowGroups.uniform(places.length, features.shape().rows() / places.length), places);
    }

    /// Log-probabilities of the scored tokens of a batch.
    ///
    /// @param visual connected features, or null for text alone
    public LogProbs score(PackedBatch batch, Tensor visual, float temperature) {
        return model.logProbs(scope(), batch, visual, temperature, recompute && Tape.gradEnabled());
    }

    /// Whether only the blocks' inputs are kept for the backward, which runs each block again: less memory, more time, the same bits. At first it is
    /// so for adapted models, because those fill the memory.
    public void recompute(boolean on) { recompute = on; }

    /// How many held-out questions [Evaluator] answers together: less memory with fewer, the same answers. At first [Evaluator#BATCH].
    public void questionsTogether(int n) {
        if (n < 1) throw new IllegalArgumentException("held-out questions together: found " + n + ", wanted at least 1");
        questionsTogether = n;
    }

    int questionsTogether() { return questionsTogether; }

    /// Tokens that end an answer besides the tokenizer's, as the model's `generation_config.json` has them. At first none.
    public void endTokens(Set<Integer> ids) { endTokens = Set.copyOf(ids); }

    public Set<Integer> endTokens() { return endTokens; }

    /// Completions of every prompt, in (prompt, completion) order; prompt i is about clip i of `visual`.
    ///
    /// @param listener hears every token, or null
    public List<Completion> generate(List<int[]> prompts, Tensor visual, int completions, GenerationSettings settings, TokenListener listener) {
        PackedBatch.Builder builder = PackedBatch.builder(visual == null ? 0 : visualTokens());
        for (int i = 0; i < prompts.size(); i++) builder.sequence(splice(prompts.get(i), true), i);
        return new Generator(model.decoder()).generate(builder.build(), visual, completions, settings.with(endTokens), listener);
    }

    /// A sequence's row codes, the clip's (or the frame's) rows in the place of the placeholder. Nothing is cut: too long is an error.
    public int[] splice(int[] ids, boolean wholeClip) {
        return model.splice(ids, Example.PLACEHOLDER, wholeClip ? visualTokens() : frameTokens()).rows();
    }

    /// Lets only the given parts train.
    ///
    /// @throws IllegalArgumentException with an adapter, which is part of the language model, for other parts
    public void train(Set<Stage.Part> parts) {
        if (adapted != null) {
            if (!parts.isEmpty() && !parts.equals(Set.of(Stage.Part.LANGUAGE_MODEL))) {
                throw new IllegalArgumentException("trainable has " + parts
                        + "; with lora only adapters of the language model are trained, wanted language_model alone");
            }
            parameters().train(_ -> !parts.isEmpty());
            return;
        }
        towerTrains = parts.contains(Stage.Part.VISION_TOWER);
        model.parameters().train(name -> parts.stream().anyMatch(p -> p.has(name)));
    }

    /// Writes `config.json` and `model.safetensors` into a folder, or the adapter's two files; and the model's end tokens, which an adapter's base
    /// keeps, so that whoever asks the saved model ends its answers where training did.
    public void save(Path folder) {
        if (adapted == null) model.save(folder, StoredType.F32);
        else adapted.lora.save(folder, adapted.name);
        if (adapted == null && !endTokens.isEmpty()) GenerationConfig.writeEndTokens(folder, endTokens);
    }

    /// Overwrites the weights from such a folder.
    public void load(Path folder) {
        if (adapted != null) {
            adapted.lora.load(LoraFile.read(folder));
            return;
        }
        try (WeightFiles files = WeightFiles.open(folder)) {
            model.load(files);
        }
    }

    /// A frozen copy: a reference. Of an adapted model only the adapter is copied; the base, which never changes, is shared.
    public Policy copy() {
        if (adapted == null) return new Policy(model.copy());
        LoraAdapter lora = LoraAdapter.fresh(device, adapted.lora.spec(), 0);
        Policy copy = adapted(adapted.base, lora, adapted.name, () -> {});
        lora.parameters().copyFrom(adapted.lora.parameters());
        return copy;
    }

    /// The model without the adapter, if that is what the adapter began as: a reference without any memory of its own.
    public Optional<Policy> freshBase() {
        return adapted == null || !adapted.lora.fresh() ? Optional.empty() : Optional.of(new Policy(adapted.base, null, () -> {}));
    }

    @Override public void close() { closing.run(); }
}
