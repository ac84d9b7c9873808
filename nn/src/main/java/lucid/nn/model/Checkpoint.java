package lucid.nn.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.host.HostMemory;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ModelKind;
import lucid.nn.file.ReadAhead;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Tensor;

/// A checkpoint folder opened for inference, of whichever kind and layout: the weights are used where they lie in the mapped files, so opening
/// takes the time of reading the headers, whatever the size (of the zip form of `.bin` that of reading it once, see [WeightFiles#open]). Where they
/// fit into memory, the rest is read ahead in the order of use ([ReadAhead]). A checkpoint is read-only; models that train load copies (see
/// [TinyLlavaVideo#load(Device, Path)]).
public final class Checkpoint implements AutoCloseable {
    /// Part of main memory that weights may take to be read ahead: more would push out of it what is used meanwhile.
    private static final double AHEAD = 0.75;

    private final Path folder;
    private final WeightFiles files;
    private final PackedFile packed;
    private final String note;
    private final ReadAhead ahead;
    private final Qwen2 decoder;
    private final TinyLlavaVideo video;
    private final LoraAdapter adapter;

    private Checkpoint(Path folder, WeightFiles files, LoraAdapter adapter, Qwen2 decoder, TinyLlavaVideo video, WeightOrder order) {
        this.folder = folder;
        this.files = files;
        this.adapter = adapter;
        this.decoder = decoder;
        this.video = video;
        PackedFile.Found found = order == WeightOrder.MAPPED ? new PackedFile.Found(null, null)
                : PackedFile.find(device(), folder, files, this::products);
        packed = found.file();
        note = found.note();
        if (packed == null && order == WeightOrder.PACKED) decoder.products().forEach(w -> device().prepack(w.matrix()));
        ahead = ReadAhead.of(bytes() <= AHEAD * HostMemory.physicalBytes() ? inOrderOfUse() : List.of());
    }

    /// Opens a folder of TinyLLaVA-Video (one model, or its three folders) or of a plain Qwen2, to read its weights where they lie.
    public static Checkpoint open(Device device, Path folder) { return open(device, folder, null, WeightOrder.MAPPED); }

    /// The same with a LoRA adapter beside the decoder, or in another order.
    ///
    /// @param lora the adapter's folder, see [LoraFile#baseOf]; null: none
    /// @throws ConfigException                         if `config.json` is damaged or names another kind of model, or `preprocessor_config.json`
    /// prepares pictures in another way
    /// @throws lucid.nn.file.WeightFileException if weights are damaged, missing, or disagree with `config.json`
    public static Checkpoint open(Device device, Path folder, Path lora, WeightOrder order) {
        LoraFile file = lora == null ? null : LoraFile.read(lora);
        ModelKind kind = ModelKind.read(folder);
        if (kind == ModelKind.SIGLIP)
            throw new ConfigException(folder + ": model_type: found a SigLIP model, which only sees; wanted one that answers (tinyllava or qwen2)");
        WeightFiles files = WeightFiles.open(folder);
        LoraAdapter adapter = null;
        Qwen2 decoder = null;
        boolean done = false;
        try {
            if (file != null) adapter = LoraAdapter.of(device, file);
            TinyLlavaVideo video = kind == ModelKind.TINYLLAVA ? TinyLlavaVideo.load(device, folder, files, WeightSource.Precision.STORED) : null;
            decoder = video != null ? video.decoder() : Qwen2.load(device, folder, files, WeightSource.Precision.STORED);
            if (adapter != null && video != null) video = video.adapted(adapter);
            if (adapter != null) decoder = video != null ? video.decoder() : decoder.adapted(adapter);
            Checkpoint checkpoint = new Checkpoint(folder, files, adapter, decoder, video, order);
            done = true;
            return checkpoint;
        } finally {
            if (!done && decoder != null) decoder.parameters().close();
            if (!done) files.close();
            if (!done && adapter != null) adapter.close();
        }
    }

    /// The tower sees a clip before the decoder reads it.
    private List<StoredTensor> inOrderOfUse() {
        return files.tensors().keySet().stream().sorted(Comparator.comparing(name -> name.startsWith(WeightFiles.Part.LANGUAGE_MODEL.prefix())))
                .map(this::read).toList();
    }

    private Device device() { return decoder.parameters().device(); }

    /// The weights that are read by products and gain by `order`.
    Map<String, Tensor> products(PackedOrder order) {
        return named((video == null ? decoder.products() : video.products()).filter(w -> order.takes(w.dtype())));
    }

    /// What a [PackedFile] of these weights is made from.
    String stamp() { return PackedFile.stamp(folder, files); }

    /// What every token reads whole: the decoder's weights, as they lie or packed.
    public List<StoredTensor> readByEveryToken() { return named(decoder.products()).keySet().stream().map(this::read).toList(); }

    private StoredTensor read(String name) {
        return packed != null && packed.tensors().containsKey(name) ? packed.tensors().get(name) : files.tensor(name);
    }

    private Map<String, Tensor> named(Stream<Tensor> weights) {
        Set<Tensor> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
        weights.forEach(wanted::add);
        Map<String, Tensor> out = new LinkedHashMap<>();
        for (Parameter p : decoder.parameters().all()) {
            if (wanted.contains(p.value())) out.put(p.name(), p.value());
        }
        return out;
    }

    /// Whether products read a [PackedFile].
    public boolean readsPackedFile() { return packed != null; }

    /// Why there is a [PackedFile] that was asked for and is not read.
    public Optional<String> note() { return Optional.ofNullable(note); }

    /// The model's folder; an adapter's is another one.
    public Path folder() { return folder; }

    public Qwen2 decoder() { return decoder; }

    /// The whole model, if it sees.
    public Optional<TinyLlavaVideo> video() { return Optional.ofNullable(video); }

    /// Bytes of all tensors in the files.
    public long bytes() { return files.tensors().values().stream().map(StoredTensor::data).mapToLong(d -> d.byteSize()).sum(); }

    /// Unmaps the files: no tensor of the model may be used any more.
    @Override public void close() {
        ahead.close();
        if (adapter != null) adapter.close();
        decoder.parameters().close();
        if (packed != null) packed.close();
        files.close();
    }
}
