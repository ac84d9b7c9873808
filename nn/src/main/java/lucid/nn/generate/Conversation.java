package lucid.nn.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.processor.TokenContext;
import lucid.nn.layer.Blocks;
import lucid.nn.layer.DecoderBlock;
import lucid.nn.layer.DecoderContext;
import lucid.nn.layer.KeptRows;
import lucid.nn.model.BlockListener;
import lucid.nn.model.Qwen2;
import lucid.nn.model.ScoredRows;
import lucid.tensor.RotaryTable;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// One sequence in turns: what is said is added, what is answered is drawn, and keys and values of all of it are kept, so that nothing is computed
/// twice. [#rewind] forgets the end of it. By the row law an answer has the bits that [Generator] would give for the whole sequence at once.
///
/// ```java
/// talk.add(prefixAndClip, visual, listener);          // once
/// int clip = talk.length();
/// talk.add(question, null, listener);
/// Completion a = talk.answer(settings, 0, listener);
/// talk.rewind(clip);                                  // another question about the same clip
/// ```
public final class Conversation implements AutoCloseable {
    private static final BlockListener SILENT = (_, _) -> {};

    private final Qwen2 decoder;
    private final Device device;
    private final Scope kept;
    private final SequenceCache cache;
    private final RotaryTable rotary;
    private final int capacity;
    /// Last row's residual stream: the next token is chosen from it. Valid while `fresh`.
    private final Tensor last;
    private boolean fresh;
    private int length;
    /// Row code of every position, for what the processors of an answer may know.
    private final int[] said;
    /// A drawn token that has not been fed: the last one of an answer; -1: none.
    private int pending = -1;

    /// @param capacity most positions that it may ever have
    public Conversation(Qwen2 decoder, int capacity) {
        if (capacity < 1 || capacity > decoder.config().maxPositions()) {
            throw new IllegalArgumentException("conversation: capacity " + capacity + ", wanted 1 .. max_position_embeddings " + decoder.config()
                    .maxPositions());
        }
        this.decoder = decoder;
        this.capacity = capacity;
        said = new int[capacity];
        device = decoder.parameters().device();
        kept = Scope.holding(device);
        cache = new SequenceCache(kept, decoder.config(), capacity);
        rotary = RotaryTable.of(kept, decoder.config().ropeTheta(), decoder.config().headDim(), capacity);
        last = Tensor.undefined(kept, DType.F32, 1, decoder.config().hiddenSize());
    }

    /// Positions so far, with the last token of an answer.
    public int length() { return length + (pending < 0 ? 0 : 1); }

    /// Positions that are left.
    public int room() { return capacity - length(); }

    /// Forgets everything from position `to` on.
    public void rewind(int to) {
        if (to < 0 || to > length()) throw new IllegalArgumentException("conversation: rewind to " + to + ", wanted 0 .. " + length());
        if (to == length()) return;
        if (to < length || pending >= 0) fresh = false;
        length = to;
        pending = -1;
    }

    /// Adds rows and computes them.
    ///
    /// @param rows   row codes (see [lucid.nn.batch.Splice]): token ids, or `~v` for row v of `visual`
    /// @param visual visual rows of one clip [tokens, hidden]; null without any
    /// @param listener hears the layers that the rows have gone through
    public void add(int[] rows, Tensor visual, BlockListener listener) {
        int[] all = rows;
        if (pending >= 0) {
            all = new int[rows.length + 1];
            all[0] = pending;
            System.arraycopy(rows, 0, all, 1, rows.length);
        }
        if (rows.length == 0) throw new IllegalArgumentException("conversation: no rows to add, wanted at least one");
        if (length + all.length > capacity) {
            throw new IllegalArgumentException("conversation: " + rows.length + " rows after the " + length() + " there are need more than its "
                    + capacity + " positions; shorten it, or start anew");
        }
        System.arraycopy(all, 0, said, length, all.length);
        PackedBatch batch = PackedBatch.builder(visual == null ? 0 : visual.shape().rows()).sequence(all, 0).build();
        try (var _ = Tape.noGrad(); Scope step = Scope.open(device)) {
            feed(step, decoder.embed(step, batch, visual), listener);
        }
        pending = -1;
    }

    /// Runs new rows through the decoder behind what is there; keeps the last one's residual.
    private void feed(Scope step, Tensor x, BlockListener listener) {
        int n = x.shape().rows();
        int[] positions = new int[n];
        Arrays.setAll(positions, i -> length + i);
        cache.at(length, n);
        Span span = new Span(0, n, length, 0, 0, 0, length + n, true);
        DecoderContext context = decoder.context(Tensor.ints(step, positions, n), rotary, List.of(span), cache);
        KeptRows only = n == 1 ? null : decoder.kept(step, ScoredRows.of(List.of(span), RowGroups.single(n), n - 1), positions);
        List<UnaryOperator<Tensor>> run = new ArrayList<>(decoder.blocks().size());
        for (DecoderBlock block : decoder.blocks()) {
            boolean end = block == decoder.blocks().getLast() && only != null;
            run.add(in -> {
                Tensor out = end ? block.forward(in, context, only) : block.forward(in, context);
                listener.done(block.layer() + 1, decoder.blocks().size());
                return out;
            });
        }
        last.copyFrom(Blocks.run(x, run));
        length += n;
        fresh = true;
    }

    /// Draws an answer to what was added: the same tokens as [Generator]'s for prompt `turn`, completion 0. The answer is part of the sequence then.
    ///
    /// @param turn     second counter word of the sampling
    /// @param listener hears every token, or null
    public Completion answer(GenerationSettings settings, int turn, TokenListener listener) {
        if (!fresh) throw new IllegalStateException("conversation: nothing was added since the last answer; add a question");
        int most = Math.min(settings.maxNewTokens(), room());
        if (most < 1)
            throw new IllegalArgumentException("conversation: all " + capacity
                    + " positions are taken, no room for an answer; rewind, or start anew");
        settings.processors().check(settings.rule(), decoder.config().vocabSize());
        int[] ids = new int[most];
        float[] logProbs = new float[most];
        float[] entropy = new float[most];
        TokenContext context = settings.processors().isEmpty() ? null : TokenContext.of(Arrays.copyOf(said, length));
        Stopping stopping = new Stopping(settings.endTokens()::contains, settings.stops(), most);
        Stopping.Verdict verdict = Stopping.Verdict.GO_ON;
        int n = 0;
        try (var _ = Tape.noGrad(); Repetition repeated = device.repetition()) {
            while (verdict == Stopping.Verdict.GO_ON) {
                Choice c = next(repeated, settings, context, turn, n, n == 0 ? -1 : ids[n - 1]);
                ids[n] = c.ids()[0];
                logProbs[n] = c.logProbs()[0];
                entropy[n++] = c.entropy()[0];
                if (context != null) context.add(ids[n - 1]);
                verdict = stopping.after(ids[n - 1]);
                if (listener != null) listener.token(turn, 0, n - 1, ids[n - 1], logProbs[n - 1]);
            }
        }
        pending = ids[n - 1];
        fresh = false;
        return new Completion(turn, 0, Arrays.copyOf(ids, n), Arrays.copyOf(logProbs, n), Arrays.copyOf(entropy, n), verdict.ended());
    }

    /// @param fed the token before; -1: its residual is there already
    private Choice next(Repetition repeated, GenerationSettings settings, TokenContext context, int turn, int at, int fed) {
        Choice[] chosen = new Choice[1];
        repeated.run(() -> {
            try (Scope step = Scope.open(device)) {
                if (fed >= 0) {
                    said[length] = fed;
                    feed(step, decoder.embed(step, new int[] {fed}, null), SILENT);
                }
                Tensor logits = decoder.logits(decoder.norm().forward(last));
                chosen[0] = Choice.of(step, logits, settings, new int[] {settings.step(), turn, 0, at},
                        context == null ? List.of() : List.of(context));
            }
        });
        return chosen[0];
    }

    /// Frees keys and values.
    @Override public void close() { kept.close(); }
}
