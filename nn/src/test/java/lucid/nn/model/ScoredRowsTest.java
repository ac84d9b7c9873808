package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraSpec;
import lucid.nn.weights.ParameterSet;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The last block with the needed rows' queries alone beside a twin that takes all rows through all of it: the same log-probabilities, the same
/// gradients, bit for bit.
class ScoredRowsTest {
    private static final int IGNORE = -100;
    /// More than a few key blocks, and more rows than attention's backward takes at a time.
    private static final int LONG = 109;

    /// Batches whose needed rows lie differently.
    enum Case {
        ENDS(b -> {
            for (int i = 0; i < 3; i++) b.sequence(ids(LONG - i, i), 0, labels(LONG - i, i, t -> t >= LONG - 4), IGNORE);
        }),
        HOLES(b -> b.sequence(ids(LONG, 1), 0, labels(LONG, 1, t -> t == 7 || t == 40 || t > 44 && t < 47 || t == LONG - 2), IGNORE)
                .sequence(ids(60, 2), 0, labels(60, 2, t -> t % 9 == 5), IGNORE)),
        ALL(b -> b.sequence(ids(105, 3), 0, ids(105, 3), IGNORE).sequence(ids(2, 4), 0, ids(2, 4), IGNORE)),
        GROUPS(b -> b.group(ids(67, 5), 0, List.of(ids(40, 6), ids(1, 7), ids(33, 8))).group(ids(9, 9), 0, List.of(ids(5, 10), ids(37, 11)))),
        /// The second completion is not scored at all, the first not from its start: nobody needs the prompt's last row, its keys everybody.
        PARTS_OF_A_GROUP(b -> b.group(ids(67, 5), 0, List.of(ids(40, 6), ids(20, 7), ids(33, 8)),
                List.of(labels(40, 6, t -> t > 5 && t % 8 != 0), labels(20, 7, _ -> false), labels(33, 8, t -> t > 30)), IGNORE)),
        ONE_WITH_NOTHING(b -> b.sequence(ids(50, 12), 0, labels(50, 12, t -> t > 45), IGNORE).sequence(ids(70, 13), 0)
                .group(ids(12, 14), 0, List.of(ids(3, 15)))),
        VISUAL(b -> b.sequence(clip(30), 0, labels(43, 16, t -> t > 40), IGNORE).group(clip(12), 1, List.of(ids(7, 17), ids(8, 18))));

        private final Consumer<PackedBatch.Builder> build;

        Case(Consumer<PackedBatch.Builder> build) { this.build = build; }

        PackedBatch batch() {
            PackedBatch.Builder b = PackedBatch.builder(Toy.CONFIG.resampler().tokens());
            build.accept(b);
            return b.build();
        }
    }

    private static int[] ids(int n, int seed) { return new java.util.Random(seed).ints(n, 0, Toy.CONFIG.text().vocabSize()).toArray(); }

    private static int[] labels(int n, int seed, java.util.function.IntPredicate scored) {
        int[] ids = ids(n, seed);
        for (int t = 0; t < n; t++) if (!scored.test(t)) ids[t] = IGNORE;
        return ids;
    }

    /// Seven text rows, a clip, text.
    private static int[] clip(int after) {
        int[] text = ids(7 + after, after);
        return IntStream.concat(IntStream.concat(Arrays.stream(text, 0, 7), IntStream.range(0, Toy.CONFIG.resampler().tokens()).map(v -> ~v)),
                Arrays.stream(text, 7, 7 + after)).toArray();
    }

    private interface Scoring {
        LogProbs of(Scope scope, Qwen2 decoder, PackedBatch batch, Tensor visual);
    }

    private static LogProbs twin(Scope scope, Qwen2 decoder, PackedBatch batch, Tensor visual) {
        Tensor x = decoder.forward(decoder.embed(scope, batch, visual), decoder.context(scope, batch));
        return Tensor.logProb(decoder.scoredRows(scope, batch, x), decoder.head(), Tensor.ints(scope, batch.targets(), batch.scored()), 0.9f);
    }

    /// Everything that can be seen of a pass: log-probabilities, gradients of the trained parameters and of the visual rows.
    private static Map<String, float[]> seen(Qwen2 decoder, ParameterSet trained, PackedBatch batch, Scoring scoring) {
        trained.zeroGrad();
        Map<String, float[]> out = new TreeMap<>();
        try (Scope scope = Scope.open(trained.device())) {
            Parameter visual = new Parameter("visual", Tensor.normal(scope, 5, 0, 1, 2 * batch.visualTokens(), decoder.config().hiddenSize())
                    .requireGrad());
            LogProbs scored = scoring.of(scope, decoder, batch, visual.value().withRowGroups(RowGroups.uniform(2, batch.visualTokens())));
            float[] coefficient = new float[batch.scored()];
            for (int i = 0; i < coefficient.length; i++) coefficient[i] = 0.1f * ((i * 7 + 3) % 5 - 2) + 0.01f;
            scored.logProb().backward(Tensor.of(scope, coefficient, coefficient.length));
            out.put("log-probabilities", scored.logProb().toFloats());
            for (Parameter p : trained.trainable()) out.put(p.name(), p.grad().toFloats());
            if (visual.hasGrad()) out.put("visual", visual.grad().toFloats());
        }
        return out;
    }

    private static void same(Devices which, Map<String, float[]> wanted, Map<String, float[]> found) {
        assertEquals(wanted.keySet(), found.keySet());
        wanted.forEach((name, values) -> {
            assertTrue(Arrays.stream(toDoubles(values)).anyMatch(v -> v != 0) && Arrays.stream(toDoubles(values)).allMatch(Double::isFinite), name);
            which.assertSame(values, found.get(name), name);
        });
    }

    private static double[] toDoubles(float[] values) { return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray(); }

    private static Stream<Scoring> pruned() {
        return Stream.of((s, m, b, v) -> m.logProbs(s, b, v, 0.9f, false), (s, m, b, v) -> m.logProbs(s, b, v, 0.9f, true));
    }

    @ParameterizedTest @EnumSource(Case.class) void allBitsAreThoseOfAllRows(Case c) {
        for (Devices which : Devices.values()) {
            try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3)) {
                model.parameters().train(n -> n.startsWith(TinyLlavaVideo.DECODER));
                Map<String, float[]> wanted = seen(model.decoder(), model.parameters(), c.batch(), ScoredRowsTest::twin);
                assertEquals(c == Case.VISUAL, wanted.containsKey("visual"));
                pruned().forEach(scoring -> same(which, wanted, seen(model.decoder(), model.parameters(), c.batch(), scoring)));
            }
        }
    }

    @ParameterizedTest @EnumSource(Case.class) void withAnAdapterToo(Case c) {
        LoraSpec spec = new LoraSpec(3, 6, false, List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj"));
        try (Device device = new SimdDevice(2); TinyLlavaVideo model = Toy.model(device, 4); LoraAdapter lora = LoraAdapter.fresh(device, spec, 5)) {
            model.parameters().train(_ -> false);
            Qwen2 adapted = model.decoder().adapted(lora);
            lora.parameters().train(_ -> true);
            for (Parameter p : lora.parameters().all()) {
                float[] values = p.value().toFloats();
                for (int i = 0; i < values.length; i++) values[i] += (float) (0.3 * Math.sin(i * 1.7 + p.name().hashCode() % 10));
                device.write(p.value().buffer(), 0, values);
            }
            Map<String, float[]> wanted = seen(adapted, lora.parameters(), c.batch(), ScoredRowsTest::twin);
            pruned().forEach(scoring -> same(Devices.SIMD, wanted, seen(adapted, lora.parameters(), c.batch(), scoring)));
        }
    }

    @Test void aBatchWithoutAnyScoredRowHasNothingToSay() {
        try (Device device = new SimdDevice(2); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device)) {
            PackedBatch batch = model.batch().sequence(ids(20, 1), 0).sequence(ids(3, 2), 0).build();
            assertEquals(0, model.logProbs(scope, batch, null, 1f, false).logProb().toFloats().length);
        }
    }

    @Test void oneRunOfEverySpanIsKept() {
        List<Span> spans = List.of(Span.causal(0, 9), Span.continuing(9, 4, 0, 9), Span.continuing(13, 5, 0, 9), Span.causal(18, 3));
        ScoredRows rows = ScoredRows.of(spans, new RowGroups(0, 18, 18, 21), 7, 16, 14, 3, 4, 14, 20);
        assertArrayEquals(new int[] {3, 4, 5, 6, 7, 14, 15, 16, 20}, rows.rows());
        assertEquals(new RowGroups(0, 8, 8, 9), rows.groups());
        assertEquals(List.of(new Span(0, 5, 3, 0, 0, 0, 9, true), new Span(5, 3, 10, 0, 9, 13, 5, true), new Span(8, 1, 2, 0, 0, 18, 3, true)),
                rows.spans());
        assertArrayEquals(new int[] {4, 7, 5, 0, 1, 5, 8}, rows.places());
    }

    @Test void rowsThatCannotBeKeptAreRefused() {
        RowGroups groups = RowGroups.single(9);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ScoredRows.of(List.of(Span.causal(0, 9)), groups, 9)).getMessage()
                .contains("row 9, wanted one of the pass's 9"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ScoredRows.of(List.of(Span.causal(0, 5), Span.causal(7, 2)), groups, 2, 6))
                .getMessage().contains("row 6 is in no span"));
    }
}
