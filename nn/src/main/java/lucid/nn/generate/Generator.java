package lucid.nn.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.processor.TokenContext;
import lucid.nn.layer.DecoderContext;
import lucid.nn.model.Qwen2;
import lucid.nn.model.ScoredRows;
import lucid.tensor.RotaryTable;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Generates completions for many prompts at once. Each prompt is computed once and its keys and values are shared by all of its completions;
/// every step then moves all unfinished completions on by one token, as the rows of one matrix. Finished ones leave the batch: by the row
/// law that changes no bit of the others. The reported log-probabilities are bitwise those of the training forward.
public final class Generator {
    private final Qwen2 decoder;

    /// @param decoder is not closed here; trained meanwhile, the next call sees its new weights
    public Generator(Qwen2 decoder) { this.decoder = decoder; }

    /// Completions of every prompt, in (prompt, completion) order.
    ///
    /// @param prompts     one group per prompt, see [PackedBatch.Builder#sequence(int[], int)]
    /// @param visual      visual tokens of the prompts' clips, or null
    /// @param completions how many for each prompt
    /// @param listener    hears every token, or null
    public List<Completion> generate(PackedBatch prompts, Tensor visual, int completions, GenerationSettings settings, TokenListener listener) {
        if (completions < 1) throw new IllegalArgumentException("generate: " + completions + " completions per prompt, wanted >= 1");
        int longest = prompts.positionsNeeded() + settings.maxNewTokens();
        if (longest > decoder.config().maxPositions()) {
            throw new IllegalArgumentException("generate: longest prompt and completion need " + longest
                    + " positions, wanted at most max_position_embeddings "
                    + decoder.config().maxPositions() + "; shorten the prompt or max new tokens");
        }
        settings.processors().check(settings.rule(), decoder.config().vocabSize());
        try (var _ = Tape.noGrad(); Scope scope = Scope.open(decoder.parameters().device())) {
            return new Run(scope, prompts, completions, settings, listener, longest).all(visual);
        }
    }

    /// One call: the cache and what every slot has so far. Slot number = prompt · completions + completion.
    private final class Run {
        private final PackedBatch prompts;
        private final int completions;
        private final GenerationSettings settings;
        private final TokenListener listener;
        private final KeyValueCache cache;
        private final RotaryTable rotary;
        private final RowGroups groups;
        private final int[][] ids;
        private final float[][] logProbs;
        private final float[][] entropy;
        private final int[] lengths;
        private final boolean[] ended;
        private final Stopping[] stopping;
        /// What each slot's processors know; null without processors.
        private final TokenContext[] contexts;

        Run(Scope scope, PackedBatch prompts, int completions, GenerationSettings settings, TokenListener listener, int longest) {
            this.prompts = prompts;
            this.completions = completions;
            this.settings = settings;
            this.listener = listener;
            this.groups = prompts.groups();
            for (int p = 0; p < groups.count(); p++) {
                if (groups.from(p) == groups.to(p))
                    throw new IllegalArgumentException("generate: prompt " + p + " is empty, wanted at least one row");
            }
            int slots = Math.multiplyExact(groups.count(), completions);
            // The last token is never fed back.
            this.cache = new KeyValueCache(scope, decoder.config(), prompts.rows(), slots, settings.maxNewTokens() - 1);
            this.rotary = RotaryTable.of(scope, decoder.config().ropeTheta(), decoder.config().headDim(), longest);
            this.ids = new int[slots][settings.maxNewTokens()];
            this.logProbs = new float[slots][settings.maxNewTokens()];
            this.entropy = new float[slots][settings.maxNewTokens()];
            this.lengths = new int[slots];
            this.ended = new boolean[slots];
            this.stopping = new Stopping[slots];
            Arrays.setAll(stopping, _ -> new Stopping(settings.endTokens()::contains, settings.stops(), settings.maxNewTokens()));
            this.contexts = settings.processors().isEmpty() ? null : new TokenContext[slots];
            if (contexts != null) Arrays.setAll(contexts, s -> TokenContext.of(codes(s / completions)));
        }

        /// Row codes of a prompt; which row of the clip a visual one is matters to nobody here.
        private int[] codes(int prompt) {
            int[] text = prompts.textIds();
            return IntStream.range(groups.from(prompt), groups.to(prompt))
                    .map(r -> prompts.sources()[r] < text.length ? text[prompts.sources()[r]] : -1).toArray();
        }

        List<Completion> all(Tensor visual) {
            int[] live = new int[ids.length];
            Arrays.setAll(live, i -> i);
            if (live.length > 0) live = prefill(visual, live);
            try (Repetition repeated = decoder.parameters().device().repetition()) {
                for (int t = 0; live.length > 0; t++) live = step(repeated, live, t);
            }
            List<Completion> out = new ArrayList<>();
            for (int s = 0; s < ids.length; s++) {
                out.add(new Completion(s / completions, s % completions, Arrays.copyOf(ids[s], lengths[s]), Arrays.copyOf(logProbs[s], lengths[s]),
                        Arrays.copyOf(entropy[s], lengths[s]), ended[s]));
            }
            return out;
        }

        private int[] prefill(Tensor visual, int[] live) {
            try (Scope step = Scope.open(decoder.parameters().device())) {
                Tensor positions = Tensor.ints(step, prompts.positions(), prompts.rows());
                int[] last = new int[groups.count()];
                for (int p = 0; p < last.length; p++) last[p] = groups.to(p) - 1;
                ScoredRows ends = ScoredRows.of(prompts.spans(), groups, last);
                DecoderContext context = decoder.context(positions, rotary, prompts.spans(), cache);
                Tensor x = decoder.forward(decoder.embed(step, prompts, visual), context, decoder.kept(step, ends, prompts.positions()), false);
                int[] from = Arrays.stream(live).map(slot -> ends.places()[slot / completions]).toArray();
                return record(live, 0, choose(step, x.gatherRows(Tensor.ints(step, from, from.length)), live, 0));
            }
        }

        /// Feeds token t of the live slots, chooses token t + 1.
        private int[] step(Repetition repeated, int[] live, int t) {
            Choice[] choice = new Choice[1];
            repeated.run(() -> choice[0] = step(live, t));
            return record(live, t + 1, choice[0]);
        }

        private Choice step(int[] live, int t) {
            try (Scope step = Scope.open(decoder.parameters().device())) {
                int[] fed = new int[live.length];
                int[] positions = new int[live.length];
                List<Span> spans = new ArrayList<>(live.length);
                for (int i = 0; i < live.length; i++) {
                    int prompt = live[i] / completions;
                    int length = groups.to(prompt) - groups.from(prompt);
                    fed[i] = ids[live[i]][t];
                    positions[i] = prompts.positions()[groups.to(prompt) - 1] + 1 + t;
                    spans.add(new Span(i, 1, length + t, groups.from(prompt), length, cache.region(live[i]), t + 1, true));
                }
                cache.decoding(live, t);
                DecoderContext context = decoder.context(Tensor.ints(step, positions, positions.length), rotary, spans, cache);
                return choose(step, decoder.forward(decoder.embed(step, fed, null), context), live, t + 1);
            }
        }

        /// Samples token number `at` of the live slots from their residual rows.
        private Choice choose(Scope step, Tensor residual, int[] live, int at) {
            int n = live.length;
            Tensor logits = decoder.logits(decoder.norm().forward(residual));
            int[] counters = new int[4 * n];
            for (int i = 0; i < n; i++) {
                counters[4 * i] = settings.step();
                counters[4 * i + 1] = settings.firstPrompt() + live[i] / completions;
                counters[4 * i + 2] = live[i] % completions;
                counters[4 * i + 3] = at;
            }
            List<TokenContext> rows = contexts == null ? List.of() : Arrays.stream(live).mapToObj(slot -> contexts[slot]).toList();
            return Choice.of(step, logits, settings, counters, rows);
        }

        /// Returns the slots that go on.
        private int[] record(int[] live, int at, Choice choice) {
            int[] on = new int[live.length];
            int count = 0;
            for (int i = 0; i < live.length; i++) {
                int s = live[i];
                ids[s][at] = choice.ids()[i];
                logProbs[s][at] = choice.logProbs()[i];
                entropy[s][at] = choice.entropy()[i];
                lengths[s] = at + 1;
                Stopping.Verdict verdict = stopping[s].after(ids[s][at]);
                ended[s] = verdict.ended();
                if (verdict == Stopping.Verdict.GO_ON) on[count++] = s;
                if (contexts != null) contexts[s].add(ids[s][at]);
                if (listener != null) listener.token(s / completions, s % completions, at, ids[s][at], logProbs[s][at]);
            }
            return Arrays.copyOf(on, count);
        }
    }
}
