package lucid.nn.model;

import java.nio.file.Path;
import java.util.Optional;
import lucid.kernels.Device;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ModelKind;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFiles;
import lucid.nn.weights.WeightSource;

/// A checkpoint folder opened for inference, of whichever kind and layout: the weights are used where they lie in the mapped files, so opening
/// takes the time of reading the headers, whatever the size. A checkpoint is read-only; models that train load copies (see [TinyLlavaVideo#load(Device, Path)]).
public final class Checkpoint implements AutoCloseable {
    private final Path folder;
    private final WeightFiles files;
    private final Qwen2 decoder;
    private final TinyLlavaVideo video;

    private Checkpoint(Path folder, WeightFiles files, Qwen2 decoder, TinyLlavaVideo video) {
        this.folder = folder;
        this.files = files;
        this.decoder = decoder;
        this.video = video;
    }

    /// Opens a folder of TinyLLaVA-Video (one model, or its three folders) or of a plain Qwen2.
    ///
    /// @throws ConfigException                         if `config.json` is damaged or names another kind of model
    /// @throws lucid.nn.file.WeightFileException if weights are damaged, missing, or disagree with `config.json`
    public static Checkpoint open(Device device, Path folder) {
        ModelKind kind = ModelKind.read(folder);
        if (kind == ModelKind.SIGLIP) throw new ConfigException(folder + ": model_type: found a SigLIP model, which only sees; wanted one that answers (tinyllava or qwen2)");
        WeightFiles files = WeightFiles.open(folder);
        boolean done = false;
        try {
            TinyLlavaVideo video = kind == ModelKind.TINYLLAVA ? TinyLlavaVideo.load(device, folder, files, WeightSource.Precision.STORED) : null;
            Qwen2 decoder = video != null ? video.decoder() : Qwen2.load(device, folder, files, WeightSource.Precision.STORED);
            done = true;
            return new Checkpoint(folder, files, decoder, video);
        } finally {
            if (!done) files.close();
        }
    }

    public Path folder() { return folder; }

    public Qwen2 decoder() { return decoder; }

    /// The whole model, if it sees.
    public Optional<TinyLlavaVideo> video() { return Optional.ofNullable(video); }

    /// Bytes of all tensors in the files.
    public long bytes() { return files.tensors().values().stream().map(StoredTensor::data).mapToLong(d -> d.byteSize()).sum(); }

    /// Unmaps the files: no tensor of the model may be used any more.
    @Override public void close() {
        decoder.parameters().close();
        files.close();
    }
}
