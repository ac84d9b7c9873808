package lucid.grpo.train;

import java.util.List;
import java.nio.file.Path;
import java.util.Set;
import lucid.grpo.recipe.Stage;
import lucid.kernels.Device;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Tensor;

/// What the loop needs of a model. One implementation wraps the published architecture; tests may bring a smaller one.
public interface Policy {
    Device device();

    /// Rows that a whole clip brings into the decoder.
    int visualTokens();

    /// Rows that a single frame brings.
    int frameTokens();

    /// Vision tower over frames [n · frames, size, size, 3]: rows of patch features; gradients flow if the tower trains and the tape records.
    Tensor features(byte[] frames, int pictures, int size);

    /// Connector: features of `clips` clips to [clips · visualTokens, hidden].
    Tensor connect(Tensor features, int clips);

    /// Connector over single frames, frame i as the group `positions[i]` of its clip: [n · frameTokens, hidden].
    Tensor connectFrames(Tensor features, int[] positions);

    /// Log-probabilities of the scored tokens of a batch.
    ///
    /// @param visual connected features, or null for text alone
    LogProbs score(PackedBatch batch, Tensor visual, float temperature);

    /// Completions of every prompt, in (prompt, completion) order.
    ///
    /// @param prompts row codes or ids with the placeholder, prompt i about clip i of `visual`
    List<Completion> generate(List<int[]> prompts, Tensor visual, int completions, GenerationSettings settings);

    /// Splices the clip's rows into a prompt: row codes for [PackedBatch].
    int[] splice(int[] ids, boolean wholeClip);

    /// All parameters in the order of their names.
    List<Parameter> parameters();

    /// Lets only the given parts train.
    void train(Set<Stage.Part> parts);

    /// Writes `model.safetensors` and the configuration into a folder.
    void save(Path folder);

    /// Overwrites the weights from such a folder.
    void load(Path folder);
}
