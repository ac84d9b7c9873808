package lucid.nn.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.Qwen2Config;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.layer.Blocks;
import lucid.nn.layer.DecoderBlock;
import lucid.nn.layer.DecoderContext;
import lucid.nn.layer.KeptRows;
import lucid.nn.layer.KeyValueStore;
import lucid.nn.layer.Linear;
import lucid.nn.layer.RmsNorm;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.nn.weights.WeightSource;
import lucid.tensor.LogProbs;
import lucid.tensor.RotaryTable;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The Qwen2 decoder over packed rows: embedding, blocks, final RMSNorm, head (the embedding table itself where the weights are tied).
///
/// @param embedTokens [vocabulary, hidden]
/// @param head        [vocabulary, hidden]; the same tensor as `embedTokens` if tied
public record Qwen2(Qwen2Config config, Tensor embedTokens, List<DecoderBlock> blocks, RmsNorm norm, Tensor head, ParameterSet parameters) {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    /// Builds the decoder on parameters named `prefix + "model...."`. A stored copy of a tied head is accepted and not used, see [#requireTied];
    /// stored alone, it is the table of both, as transformers 5 takes it.
    public static Qwen2 of(ParameterSet p, String prefix, Qwen2Config c) {
        String model = prefix + "model.";
        boolean headAlone = c.tieWordEmbeddings() && p.stores(prefix + HEAD) && !p.stores(prefix + EMBEDDING);
        Tensor embed = p.declare(prefix + (headAlone ? HEAD : EMBEDDING), Role.EMBEDDING, c.vocabSize(), c.hiddenSize());
        List<DecoderBlock> blocks = new ArrayList<>();
        for (int i = 0; i < c.layers(); i++) blocks.add(DecoderBlock.of(p, model, i, c));
        RmsNorm norm = RmsNorm.of(p, model + "norm", c.hiddenSize(), c.rmsNormEps());
        Tensor head = c.tieWordEmbeddings() ? embed : p.declare(prefix + HEAD, Role.EMBEDDING, c.vocabSize(), c.hiddenSize());
        return new Qwen2(c, embed, List.copyOf(blocks), norm, head, p);
    }

    /// Loads a checkpoint folder of the decoder alone (`config.json`, `model.safetensors` or shards). The files must outlive the model with
    /// [WeightSource.Precision#STORED].
    public static Qwen2 load(Device device, Path folder, WeightFiles files, WeightSource.Precision precision) {
        Qwen2Config config = Qwen2Config.read(folder);
        requireTied("", config, files.tensors());
        ParameterSet p = new ParameterSet(device, WeightSource.of(files, precision, name -> ignorable("", config, name)));
        return building(p, () -> of(p, "", config));
    }

    /// Random weights.
    public static Qwen2 random(Device device, Qwen2Config config, long seed, Initialization init) {
        ParameterSet p = new ParameterSet(device, WeightSource.random(seed, init));
        return building(p, () -> of(p, "", config));
    }

    /// Frees the parameters if building fails half-way.
    static <M> M building(ParameterSet p, Supplier<M> build) {
        boolean done = false;
        try {
            M model = build.get();
            p.finish();
            done = true;
            return model;
        } finally {
            if (!done) p.close();
        }
    }

    /// The same weights with a low-rank adapter beside them, whose matrices are made or read now. Several adapted decoders may share one base.
    public Qwen2 adapted(LoraAdapter lora) {
        Qwen2 adapted = new Qwen2(config, embedTokens, blocks.stream().map(b -> b.adapted(lora)).toList(), norm, head, parameters);
        lora.parameters().finish();
        return adapted;
    }

    /// The weights [out, in] that are read whole for every token, in the order in which a pass reads them.
    public Stream<Tensor> products() { return Stream.concat(blocks.stream().flatMap(DecoderBlock::linears).map(Linear::weight), Stream.of(head)); }

    /// True for a stored copy of a tied head and for the frequencies of the rotary embedding, which are computed (older versions of transformers
    /// stored them): accepted, not used.
    public static boolean ignorable(String prefix, Qwen2Config c, String name) {
        return c.tieWordEmbeddings() && name.equals(prefix + HEAD) || name.startsWith(prefix + "model.") && name.endsWith(".rotary_emb.inv_freq");
    }

    /// Refuses a stored head that is no copy of the embedding which it is tied to: transformers 5 does not tie then, and before it did, so nobody
    /// knows which of the two models is meant. Both matrices are read once, if a head is stored.
    ///
    /// @throws WeightFileException says both ways out
    public static void requireTied(String prefix, Qwen2Config c, Map<String, StoredTensor> stored) {
        StoredTensor head = stored.get(prefix + HEAD);
        StoredTensor embed = stored.get(prefix + EMBEDDING);
        if (!c.tieWordEmbeddings() || head == null || embed == null || head.sameNumbers(embed)) return;
        throw WeightFileException.of(head.file(), head.name(), "other numbers than \"" + embed.name() + "\" has",
                "the same, as tie_word_embeddings of config.json is true; set that to false to use this head,"
                + " or remove " + head.name() + " to use the embedding");
    }

    /// Embeddings of a packed batch: text rows from the table, visual rows from `visual`.
    ///
    /// @param step   scope of this pass's temporaries, the innermost open one
    /// @param visual [clips · visualTokens, hidden], groups = clips; null for a batch without visual rows
    /// @return [rows, hidden], groups = the batch's
    public Tensor embed(Scope step, PackedBatch batch, Tensor visual) {
        Tensor text = embed(step, batch.textIds(), batch.textGroups());
        if (!batch.hasVisual()) return text.withRowGroups(batch.groups());
        int wanted = batch.clips() * batch.visualTokens();
        if (visual == null || visual.shape().rows() < wanted) {
            throw new IllegalArgumentException("decoder: the batch has " + batch.clips() + " clips; found "
                    + (visual == null ? "no visual rows" : visual.shape().rows() + " visual rows")
                    + ", wanted " + wanted);
        }
        return Tensor.concatRows(List.of(text, visual)).gatherRows(Tensor.ints(step, batch.sources(), batch.rows()), batch.groups());
    }

    /// Embeddings of tokens: [ids, hidden].
    ///
    /// @param groups prompt groups of the ids; null: one group
    public Tensor embed(Scope step, int[] ids, RowGroups groups) {
        for (int id : ids) {
            if (id < 0 || id >= config.vocabSize())
                throw new IllegalArgumentException("decoder: token id " + id + ", wanted 0 or more and less than vocab_size " + config.vocabSize());
        }
        if (embedTokens.dtype() != DType.F16) return embedTokens.gatherRows(Tensor.ints(step, ids, ids.length), groups);
        // No kernel gathers from f16: rows are converted one by one, as few as they are.
        Tensor rows = Tensor.undefined(step, DType.F32, ids.length, config.hiddenSize());
        for (int i = 0; i < ids.length; i++) {
            step.device().conversion().convert(embedTokens.matrix().rows(ids[i], ids[i] + 1), rows.matrix().rows(i, i + 1));
        }
        return groups == null ? rows : rows.withRowGroups(groups);
    }

    /// What all layers of a pass share, for a batch without cache.
    public DecoderContext context(Scope step, PackedBatch batch) {
        return context(step, batch.positions(), batch.spans(), batch.positionsNeeded(), KeyValueStore.ROWS);
    }

    /// The same for any positions, spans and store of keys and values.
    public DecoderContext context(Scope step, int[] positions, List<AttentionPlan.Span> spans, int positionsNeeded, KeyValueStore store) {
        return context(Tensor.ints(step, positions, positions.length), RotaryTable.of(step, config.ropeTheta(), config.headDim(), positionsNeeded),
                spans, store);
    }

    /// The same with tables that exist already.
    public DecoderContext context(Tensor positions, RotaryTable rotary, List<AttentionPlan.Span> spans, KeyValueStore store) {
        return new DecoderContext(positions, rotary, plan(spans), store);
    }

    /// What the last block goes on with.
    ///
    /// @param positions of all rows of the pass
    public KeptRows kept(Scope step, ScoredRows rows, int[] positions) {
        int n = rows.rows().length;
        Tensor own = Tensor.ints(step, Arrays.stream(rows.rows()).map(r -> positions[r]).toArray(), n);
        return new KeptRows(Tensor.ints(step, rows.rows(), n), rows.groups(), own, plan(rows.spans()));
    }

    private AttentionPlan plan(List<AttentionPlan.Span> spans) {
        return new AttentionPlan(config.heads(), config.kvHeads(), config.headDim(), spans);
    }

    /// Runs the blocks. Returns the residual stream after the last one, before the final norm.
    ///
    /// @param x [rows, hidden] embeddings
    public Tensor forward(Tensor x, DecoderContext context) {
        List<UnaryOperator<Tensor>> run = new ArrayList<>();
        for (DecoderBlock block : blocks) run.add(in -> block.forward(in, context));
        return Blocks.run(x, run);
    }

    /// The same, showing the residual stream before the first and after every block to `tap`; all of them stay until their scope closes.
    public Tensor forward(Tensor x, DecoderContext context, Consumer<Tensor> tap) {
        tap.accept(x);
        for (DecoderBlock block : blocks) {
            x = block.forward(x, context);
            tap.accept(x);
        }
        return x;
    }

    /// Final norm of the rows that are scored: [scored, hidden], groups = the batch's scored groups. Other rows are never normed or multiplied with
    /// the head.
    ///
    /// @param x residual stream of the whole batch
    public Tensor scoredRows(Scope step, PackedBatch batch, Tensor x) {
        return norm.forward(x.gatherRows(Tensor.ints(step, batch.scoredRows(), batch.scored()), batch.scoredGroups()));
    }

    /// Log-probabilities of the batch's targets, from embeddings to the fused head: the whole training forward.
    ///
    /// @param visual     see [#embed]
    /// @param checkpoint keep only the blocks' inputs for the backward, which runs each block again: less memory, a second forward, same bits
    public LogProbs logProbs(Scope step, PackedBatch batch, Tensor visual, float temperature, boolean checkpoint) {
        Tensor embedded = embed(step, batch, visual);
        ScoredRows rows = ScoredRows.of(batch);
        Tensor x = forward(embedded, context(step, batch), kept(step, rows, batch.positions()), checkpoint);
        Tensor scored = norm.forward(x.gatherRows(Tensor.ints(step, rows.places(), batch.scored()), batch.scoredGroups()));
        return Tensor.logProb(scored, head, Tensor.ints(step, batch.targets(), batch.scored()), temperature);
    }

    /// Like [#forward], but the last block goes on with the kept rows alone: [kept, hidden]. Few rows predict anything, so most of its work is saved.
    public Tensor forward(Tensor x, DecoderContext context, KeptRows kept, boolean checkpoint) {
        List<UnaryOperator<Tensor>> run = new ArrayList<>();
        for (DecoderBlock block : blocks.subList(0, blocks.size() - 1)) run.add(in -> block.forward(in, context));
        run.add(in -> blocks.getLast().forward(in, context, kept));
        if (!checkpoint) return Blocks.run(x, run);
        for (UnaryOperator<Tensor> block : run) x = Tensor.checkpoint(block, x);
        return x;
    }

    /// All logits of normed rows: [rows, vocabulary].
    public Tensor logits(Tensor normed) { return normed.linear(head, null); }
}
