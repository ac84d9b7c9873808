package lucid.grpo.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.train.Policy;
import lucid.kernels.Device;
import lucid.nn.model.TinyLlavaVideo;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;

/// A model with its tokenizer in a folder: a checkpoint, or a run folder (then its newest checkpoint).
public final class ModelFolder {
    private ModelFolder() {}

    /// The folder that holds `model.safetensors`: itself, or the newest checkpoint of a run.
    public static Path resolve(Path folder) {
        if (!Files.isDirectory(folder)) throw new RunException(folder + ": no such folder; wanted a model's folder or a run's");
        if (Files.exists(folder.resolve("model.safetensors"))) return folder;
        var checkpoints = RunFolder.checkpoints(folder);
        if (checkpoints.isEmpty()) throw new RunException(folder + " holds neither model.safetensors nor a run's checkpoints");
        return checkpoints.getLast();
    }

    /// Loads the weights.
    public static Policy policy(Device device, Path folder) { return new Policy(TinyLlavaVideo.load(device, resolve(folder))); }

    /// Loads the tokenizer that lies beside the weights (or at the top of the run folder).
    public static Tokenizer tokenizer(Path folder) {
        Path place = resolve(folder);
        Path top = place.resolve("../..").normalize();
        Path file = Files.exists(place.resolve("tokenizer.json")) || !Files.exists(top.resolve("tokenizer.json")) ? place : top;
        try {
            return TokenizerFiles.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException("tokenizer of " + folder + ": " + e.getMessage(), e);
        }
    }

    static void writeTokenizer(Tokenizer tokenizer, Path folder) {
        try {
            TokenizerJson.write(tokenizer, folder.resolve("tokenizer.json"));
        } catch (IOException e) {
            throw new UncheckedIOException("tokenizer.json of " + folder + " could not be written: " + e.getMessage(), e);
        }
    }
}
