package lucid.nn.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.config.PreprocessorConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.file.WeightFiles;
import lucid.nn.layer.Blocks;
import lucid.nn.layer.LayerNorm;
import lucid.nn.layer.Linear;
import lucid.nn.layer.PoolingHead;
import lucid.nn.layer.VisionBlock;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// The SigLIP vision tower: patches + learned positions, pre-norm blocks without mask, post_layernorm and attention-pooling head.
/// There is no class token; pixels beyond the last full patch are never seen.
///
/// @param patchEmbedding weight [hidden, 3, patch, patch] and bias
/// @param positions      [patches, hidden]
public record SiglipVision(SiglipVisionConfig config, Linear patchEmbedding, Tensor positions, List<VisionBlock> blocks, LayerNorm postNorm,
                           PoolingHead head, ParameterSet parameters) {
    /// Patches that go through the blocks at once without gradients: so many that reading and packing the weights costs nothing beside the products
    /// (half as many: 7 % slower).
    private static final int ROWS_AT_ONCE = 6000;
    private static final String COUNT = "embeddings.position_ids";

    /// Builds the tower on parameters named `prefix + "vision_model...."`, as published; or `prefix + "..."`, as transformers 5 saves a tower that it
    /// made itself.
    public static SiglipVision of(ParameterSet p, String prefix, SiglipVisionConfig c) {
        String at = p.stores(prefix + "embeddings.patch_embedding.weight") ? prefix : prefix + "vision_model.";
        int h = c.hiddenSize();
        // f32 even in bf16 files: the patch kernel takes no narrow weight.
        Linear patch = new Linear(p.declare(at + "embeddings.patch_embedding.weight", Role.PATCH, h, 3, c.patchSize(), c.patchSize()),
                p.declare(at + "embeddings.patch_embedding.bias", Role.BIAS, h));
        Tensor positions = p.declare(at + "embeddings.position_embedding.weight", Role.POSITION, c.patches(), h);
        List<VisionBlock> blocks = new ArrayList<>();
        for (int i = 0; i < c.layers(); i++) blocks.add(VisionBlock.of(p, at + "encoder.layers." + i + ".", c));
        return new SiglipVision(c, patch, positions, List.copyOf(blocks), LayerNorm.of(p, at + "post_layernorm", h, c.layerNormEps()),
                PoolingHead.of(p, at + "head.", c), p);
    }

    /// Loads a checkpoint folder of the tower alone. A whole SigLIP model's text half is left aside.
    public static SiglipVision load(Device device, Path folder, WeightFiles files, WeightSource.Precision precision) {
        SiglipVisionConfig config = SiglipVisionConfig.read(folder);
        PreprocessorConfig.require(folder, config);
        ParameterSet p = new ParameterSet(device, WeightSource.of(files, precision, SiglipVision::ignorable));
        return Qwen2.building(p, () -> of(p, "", config));
    }

    /// True for names of the text half of a whole SigLIP model, and for what [#isCount] knows.
    public static boolean ignorable(String name) {
        return name.startsWith("text_model.") || name.equals("logit_scale") || name.equals("logit_bias") || isCount("", name);
    }

    /// True for the stored numbers 0, 1, 2 ... of a tower's positions, which older versions of transformers wrote.
    static boolean isCount(String prefix, String name) { return name.equals(prefix + "vision_model." + COUNT) || name.equals(prefix + COUNT); }

    /// Patches + positions, the first hidden state: [images · patches, hidden], images as groups.
    ///
    /// @param images u8 frames [n, height, width, 3] or normalised f32 pixels [n, 3, height, width]
    /// @param clips       how the images divide into prompt groups (for gradients); null: one group
    /// @param interpolate resize the position table where the picture is not the square it was learned for; otherwise such pictures are refused
    public Tensor embed(Scope step, Tensor images, RowGroups clips, boolean interpolate) {
        boolean frames = images.dtype() == DType.U8;
        int rows = images.shape().dim(frames ? 1 : 2) / config.patchSize();
        int cols = images.shape().dim(frames ? 2 : 3) / config.patchSize();
        boolean asLearned = rows == config.gridSize() && cols == config.gridSize();
        if (!asLearned && !interpolate) {
            throw new IllegalArgumentException("vision tower: found pictures " + images.shape() + " with " + rows + " x " + cols + " patches, wanted "
                    + config.gridSize()
                    + " x " + config.gridSize() + " (image_size " + config.imageSize() + "); resize them, or ask for interpolated positions");
        }
        Tensor table = asLearned ? positions
                : Tensor.of(step, CubicPositions.weights(config.gridSize(), rows, cols), rows * cols, config.patches()).matmul(positions);
        Tensor x = images.patchEmbedding(patchEmbedding.weight(), patchEmbedding.bias(), table, config.patchSize(),
                clips == null ? null : clips.times(rows * cols));
        return x.reshape(x.shape().rows(), x.shape().cols());
    }

    /// The convolution alone, without positions: [images, patches, hidden].
    public Tensor patches(Tensor images) {
        return images.patchEmbedding(patchEmbedding.weight(), patchEmbedding.bias(), null, config.patchSize(), null);
    }

    /// Runs the first `count` blocks on embedded patches.
    ///
    /// @param x      [images · patches, hidden]
    /// @param tap    sees the input and the output of every block
    public Tensor blocks(Tensor x, int images, int count, Consumer<Tensor> tap) {
        AttentionPlan plan = plan(x, images);
        tap.accept(x);
        for (VisionBlock block : blocks.subList(0, count)) {
            x = block.forward(x, plan);
            tap.accept(x);
        }
        return x;
    }

    /// Full attention inside every image.
    private AttentionPlan plan(Tensor x, int images) {
        int patches = x.shape().rows() / Math.max(1, images);
        List<AttentionPlan.Span> spans = new ArrayList<>();
        for (int i = 0; i < images; i++) spans.add(AttentionPlan.Span.full(i * patches, patches));
        return new AttentionPlan(config.heads(), config.heads(), config.headDim(), spans);
    }

    /// Blocks that `hidden_states[layer]` comes after.
    ///
    /// @param layer negative, see [#hiddenState]
    int blocksFor(int layer) {
        int count = config.layers() + 1 + layer;
        if (layer >= 0 || count < 0)
            throw new IllegalArgumentException("vision tower: hidden state " + layer + ", wanted -1 .. " + -(config.layers() + 1));
        return count;
    }

    /// `hidden_states[layer]` with a negative layer: -1 is the last block's output, -2 the one before. Blocks after it do not run.
    ///
    /// @param clips see [#embed]
    public Tensor hiddenState(Scope step, Tensor images, RowGroups clips, int layer) { return hiddenState(step, images, clips, layer, (_, _) -> {}); }

    /// The same, telling after every block how many are done, and of how many. Without gradients a few images go through the blocks at a time: by the
    /// row law that changes no bit, and the temporaries of 16 frames would take more than a gigabyte.
    public Tensor hiddenState(Scope step, Tensor images, RowGroups clips, int layer, BlockListener listener) {
        int count = blocksFor(layer);
        Tensor x = embed(step, images, clips, false);
        int n = images.shape().dim(0);
        int atOnce = Tape.gradEnabled() ? n : Math.max(1, ROWS_AT_ONCE / config.patches());
        if (n <= atOnce) return through(x, n, count, listener);
        int passes = (n + atOnce - 1) / atOnce;
        Tensor all = Tensor.undefined(step, DType.F32, x.shape().rows(), x.shape().cols());
        for (int pass = 0; pass < passes; pass++) {
            int from = pass * atOnce;
            int to = Math.min(n, from + atOnce);
            int before = pass * count;
            try (Scope _ = step.child()) {
                Tensor part = through(x.rows(from * config.patches(), to * config.patches()), to - from, count,
                        (done, _) -> listener.done(before + done, passes * count));
                all.rows(from * config.patches(), to * config.patches()).copyFrom(part);
            }
        }
        return all;
    }

    private Tensor through(Tensor x, int images, int count, BlockListener listener) {
        AttentionPlan plan = plan(x, images);
        List<UnaryOperator<Tensor>> run = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            VisionBlock block = blocks.get(i);
            int done = i + 1;
            run.add(in -> {
                Tensor out = block.forward(in, plan);
                listener.done(done, count);
                return out;
            });
        }
        return Blocks.run(x, run);
    }

    /// Pooled output [images, hidden] of the last hidden state after [#postNorm].
    public Tensor pool(Tensor normed, int images) { return head.forward(normed, images, config.heads()); }
}
