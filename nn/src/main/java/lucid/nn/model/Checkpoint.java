package lucid.nn.model;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import lucid.kernels.Device;
import lucid.kernels.host.HostMemory;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ModelKind;
import lucid.nn.file.ReadAhead;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.weights.WeightSource;

/// A checkpoint folder opened for inference, of whichever kind and layout: the weights are used where they lie in the mapped files, so opening
/// takes the time of reading the headers, whatever the size (of the zip form of `.bin` that of reading it once, see [WeightFiles#open]). Where they fit into memory, the rest is read ahead in the order of use ([ReadAhead]). A checkpoint is read-only; models that train load copies (see [TinyLlavaVideo#load(Device, Path)]).
public final class Checkpoint implements AutoCloseable {
    /// Part of main memory that weights may take to be read ahead: more would push out of it what is used meanwhile.
    private static final double AHEAD = 0.75;

    private final Path folder;
    private final WeightFiles files;
    private final ReadAhead ahead;
    private final Qwen2 decoder;
    private final TinyLlavaVideo video;
    private final LoraAdapter adapter;

    private Checkpoint(Path folder, WeightFiles files, LoraAdapter adapter, Qwen2 decoder, TinyLlavaVideo video) {
        this.folder = folder;
        this.files = files;
        ahead = ReadAhead.of(bytes() <= AHEAD * HostMemory.physicalBytes() ? inOrderOfUse(files) : List.of());
        this.adapter = adapter;
        this.decoder = decoder;
        this.video = video;
    }

    /// Opens a folder of TinyLLaVA-Video (one model, or its three folders) or of a plain Qwen2.
    public static Checkpoint open(Device device, Path folder) { return open(device, folder, null); }

    /// The same with a LoRA adapter beside the decoder.
    ///
    /// @param lora the adapter's folder, see [LoraFile#baseOf]; null: none
    /// @throws ConfigException                         if `config.json` is damaged or names another kind of model, or `preprocessor_config.json` prepares pictures in another way
    /// @throws lucid.nn.file.WeightFileException if weights are damaged, missing, or disagree with `config.json`
    public static Checkpoint open(Device device, Path folder, Path lora) {
        LoraFile file = lora == null ? null : LoraFile.read(lora);
        ModelKind kind = ModelKind.read(folder);
        if (kind == ModelKind.SIGLIP) throw new ConfigException(folder + ": model_type: found a SigLIP model, which only sees; wanted one that answers (tinyllava or qwen2)");
        WeightFiles files = WeightFiles.open(folder);
        LoraAdapter adapter = file == null ? null : LoraAdapter.of(device, file);
        boolean done = false;
        try {
            TinyLlavaVideo video = kind == ModelKind.TINYLLAVA ? TinyLlavaVideo.load(device, folder, files, WeightSource.Precision.STORED) : null;
            Qwen2 decoder = video != null ? video.decoder() : Qwen2.load(device, folder, files, WeightSource.Precision.STORED);
            if (adapter != null && video != null) video = video.adapted(adapter);
            if (adapter != null) decoder = video != null ? video.decoder() : decoder.adapted(adapter);
            done = true;
            return new Checkpoint(folder, files, adapter, decoder, video);
        } finally {
            if (!done) files.close();
            if (!done && adapter != null) adapter.close();
        }
    }

    /// For long answers, or many: while it answers, a CPU copies the decoder's weights, little by little, into the order in which it reads them (not those of f16), and gives the mapped pages back; so tokens come faster, and memory
    /// is taken once.
    public Checkpoint prepack() {
        decoder.prepack();
        return this;
    }

    /// The tower sees a clip before the decoder reads it.
    private static List<StoredTensor> inOrderOfUse(WeightFiles files) {
        return files.tensors().values().stream().sorted(Comparator.comparing(t -> t.name().startsWith(WeightFiles.Part.LANGUAGE_MODEL.prefix()))).toList();
    }

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
        files.close();
    }
}
