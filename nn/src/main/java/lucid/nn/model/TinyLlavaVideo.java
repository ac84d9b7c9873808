package lucid.nn.model;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.batch.Splice;
import lucid.nn.config.PreprocessorConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.nn.layer.Linear;
import lucid.nn.layer.ResamplerLayer;
import lucid.nn.layer.VisionBlock;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// TinyLLaVA-Video: frames -> vision tower (frozen, hidden state -2, first patch dropped) -> group resampler -> visual tokens in the place of
/// the placeholder -> Qwen2. The quirks of the published code that its weights rely on are kept (spec 9: 1, 2, 3).
///
/// ```java
/// Tensor features = model.features(step, frames);                       // once per clip: the tower is frozen
/// Tensor visual = model.visual(step, features, RowGroups.single(features.shape().rows()));
/// LogProbs scored = model.decoder().logProbs(step, batch, visual, 1f, false);
/// ```
public record TinyLlavaVideo(TinyLlavaConfig config, SiglipVision vision, GroupResampler connector, Qwen2 decoder,
        ParameterSet parameters) implements AutoCloseable {
    public static final String VISION = "vision_tower._vision_tower.";
    public static final String CONNECTOR = "connector.";
    public static final String DECODER = "language_model.";

    /// Builds the model on its published parameter names.
    public static TinyLlavaVideo of(ParameterSet p, TinyLlavaConfig c) {
        return new TinyLlavaVideo(c, SiglipVision.of(p, VISION, c.vision()), GroupResampler.of(p, CONNECTOR, c.resampler()),
                Qwen2.of(p, DECODER, c.text()), p);
    }

    /// Loads a published checkpoint folder (`config.json` and `model*.safetensors`).
    ///
    /// @param files opened on the folder; with [WeightSource.Precision#STORED] they must stay open as long as the model
    public static TinyLlavaVideo load(Device device, Path folder, WeightFiles files, WeightSource.Precision precision) {
        TinyLlavaConfig config = TinyLlavaConfig.read(folder);
        requirePreprocessing(folder, config);
        Qwen2.requireTied(DECODER, config.text(), files.tensors());
        ParameterSet p = new ParameterSet(device, WeightSource.of(files, precision, name -> ignorable(config, name)));
        return Qwen2.building(p, () -> of(p, config));
    }

    /// Refuses a folder that prepares pictures in another way, see [PreprocessorConfig#require].
    public static void requirePreprocessing(Path folder, TinyLlavaConfig config) {
        for (Path seeing : List.of(folder, folder.resolve(WeightFiles.Part.VISION_TOWER.folder())))
            PreprocessorConfig.require(seeing, config.vision());
    }

    /// Loads a checkpoint with all weights in f32, closing the files.
    public static TinyLlavaVideo load(Device device, Path folder) {
        try (WeightFiles files = WeightFiles.open(folder)) {
            return load(device, folder, files, WeightSource.Precision.F32);
        }
    }

    /// A model with random weights: the same for the same seed, on every machine.
    public static TinyLlavaVideo random(Device device, TinyLlavaConfig config, long seed, Initialization init) {
        ParameterSet p = new ParameterSet(device, WeightSource.random(seed, init));
        return Qwen2.building(p, () -> of(p, config));
    }

    /// Writes `config.json` and `model.safetensors` in the published layout.
    ///
    /// @param type F32 or BF16
    public void save(Path folder, StoredType type) {
        config.write(folder);
        parameters.save(folder.resolve(WeightFiles.SINGLE), type);
    }

    /// Overwrites the weights with those of a checkpoint of the same model, which is never held beside this one.
    public void load(WeightFiles files) {
        Qwen2.requireTied(DECODER, config.text(), files.tensors());
        parameters.load(files, name -> ignorable(config, name));
    }

    /// True for names that a checkpoint may hold and that are not used, see [Qwen2#ignorable].
    public static boolean ignorable(TinyLlavaConfig config, String name) {
        return Qwen2.ignorable(DECODER, config.text(), name) || SiglipVision.isCount(VISION, name);
    }

    /// A copy with its own memory and the same values, frozen: a reference model.
    public TinyLlavaVideo copy() {
        ParameterSet p = new ParameterSet(parameters.device(), WeightSource.copy(parameters));
        return Qwen2.building(p, () -> of(p, config));
    }

    /// The same model with a low-rank adapter beside its decoder: see [Qwen2#adapted]. It shares this one's memory.
    public TinyLlavaVideo adapted(LoraAdapter lora) { return new TinyLlavaVideo(config, vision, connector, decoder.adapted(lora), parameters); }

    /// True for names of the decoder or the connector: what cold start and GRPO train.
    public static boolean decoderOrConnector(String name) { return name.startsWith(DECODER) || name.startsWith(CONNECTOR); }

    /// The weights [out, in] of the products that an answer about a clip is made of, in the order in which it reads them.
    public Stream<Tensor> products() {
        Stream<Linear> tower = vision.blocks().subList(0, vision.blocksFor(config.visionFeatureLayer())).stream().flatMap(VisionBlock::linears);
        Stream<Linear> reading = Stream.concat(Stream.of(connector.linear()), connector.layers().stream().flatMap(ResamplerLayer::linears));
        return Stream.concat(Stream.concat(tower, reading).map(Linear::weight), decoder.products());
    }

    /// Patch features of frames, without gradient: [frames · tokensPerFrame, vision hidden]. Frames of several clips may be given at once.
    ///
    /// @param frames u8 [n, height, width, 3] or normalised f32 [n, 3, height, width], of the tower's size
    public Tensor features(Scope step, Tensor frames) { return features(step, frames, (_, _) -> {}); }

    /// The same, telling after every block of the tower how many are done.
    public Tensor features(Scope step, Tensor frames, BlockListener listener) {
        try (var _ = Tape.noGrad()) {
            return features(step, frames, null, listener);
        }
    }

    /// The same with gradients into the tower's trainable parameters, for stages that train it.
    ///
    /// @param clips frames of each clip: prompt groups of the tower's gradients; null: one group
    public Tensor trainedFeatures(Scope step, Tensor frames, RowGroups clips) { return features(step, frames, clips, (_, _) -> {}); }

    private Tensor features(Scope step, Tensor frames, RowGroups clips, BlockListener listener) {
        int size = config.vision().imageSize();
        boolean u8 = frames.dtype() == DType.U8;
        if (frames.shape().rank() != 4 || frames.shape().dim(u8 ? 1 : 2) != size || frames.shape().dim(u8 ? 2 : 3) != size) {
            throw new IllegalArgumentException("features: found frames " + frames + ", wanted u8[n, " + size + ", " + size + ", 3] or f32[n, 3, "
                    + size + ", " + size + "]");
        }
        Tensor state = vision.hiddenState(step, frames, clips, config.visionFeatureLayer(), listener);
        if (!config.dropFirstPatch()) return state;
        int patches = config.vision().patches();
        int n = frames.shape().dim(0);
        int[] kept = new int[n * (patches - 1)];
        for (int i = 0; i < kept.length; i++) kept[i] = i / (patches - 1) * patches + i % (patches - 1) + 1;
        return state.gatherRows(Tensor.ints(step, kept, kept.length), clips == null ? null : clips.times(patches - 1));
    }

    /// Visual tokens of clips: [clips · visualTokens, decoder hidden], groups = clips.
    ///
    /// @param clips rows of each clip in `features`
    public Tensor visual(Scope step, Tensor features, RowGroups clips) { return connector.forward(step, features, clips); }

    /// Visual tokens that one clip becomes.
    public int visualTokens() { return config.resampler().tokens(); }

    /// Starts a batch for this model.
    public PackedBatch.Builder batch() { return PackedBatch.builder(visualTokens()); }

    /// A sequence's ids with the clip in the place of the placeholder, which is the config's.
    public Splice.Spliced splice(int[] ids) { return splice(ids, config.imageTokenIndex(), visualTokens()); }

    /// A sequence's ids with `rows` visual rows (a clip's, or a frame's) in the place of a placeholder. Nothing is cut.
    ///
    /// @throws IllegalArgumentException for more rows than `tokenizer_model_max_length`
    public Splice.Spliced splice(int[] ids, int placeholder, int rows) {
        Splice.Spliced spliced = Splice.splice(ids, placeholder, rows);
        if (spliced.length() > config.maxLength()) {
            throw new IllegalArgumentException("a sequence has " + spliced.length() + " rows; wanted at most tokenizer_model_max_length = "
                    + config.maxLength());
        }
        return spliced;
    }

    /// Log-probabilities of a batch's targets: see [Qwen2#logProbs].
    public LogProbs logProbs(Scope step, PackedBatch batch, Tensor visual, float temperature, boolean checkpoint) {
        return decoder.logProbs(step, batch, visual, temperature, checkpoint);
    }

    /// Frees the parameters.
    @Override public void close() { parameters.close(); }
}
