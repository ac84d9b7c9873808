package lucid.nn.generate.processor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.nn.model.Devices;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LogitsProcessorsTest {
    private static final int WIDTH = 37;

    @Test void theOrderIsTransformersWhateverIsSaid() {
        List<LogitsProcessor> wanted = List.of(new SequenceBias(List.of(new SequenceBias.Bias(List.of(0), 2))), new RepetitionPenalty(2),
                new NoRepeatNgram(2), new BadWords(List.of(List.of(1))),
                new MinLength(1, false, Set.of(1)), new ExponentialDecay(1, 2, Set.of(1)), new SuppressTokens(Set.of(1), false), new TypicalP(0.5),
                        new EpsilonCutoff(0.1), new EtaCutoff(0.1));
        assertEquals(wanted, new LogitsProcessors(wanted.reversed()).list());
        float[] row = {1, 1};
        for (LogitsProcessor p : LogitsProcessors.of(wanted.get(1), wanted.get(0)).list()) p.apply(row, TokenContext.of(new int[] {0}));
        assertArrayEquals(new float[] {1.5f, 1}, row, "(x + bias) / penalty");
    }

    private static TokenContext context(Random random) {
        TokenContext c = TokenContext.of(random.ints(1 + random.nextInt(6), 0, WIDTH).toArray());
        for (int n = random.nextInt(9); n > 0; n--) c.add(random.nextInt(WIDTH));
        return c;
    }

    /// Rows together, in any order, and each alone: the same bits. The logits that will be scored stay as they are.
    @ParameterizedTest @EnumSource(Devices.class)
    void rowsDoNotSeeEachOther(Devices which) {
        LogitsProcessors all = LogitsProcessors.of(new RepetitionPenalty(1.3), new NoRepeatNgram(1), new MinLength(4, true, Set.of(3)),
                new TypicalP(0.8), new EtaCutoff(0.02));
        Sampling.Rule rule = new Sampling.Rule(false, 0.8f, 20, 0.95f, 0.001f);
        try (Device device = which.open(); Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            Random random = new Random(5);
            int rows = 7;
            float[] x = new float[rows * WIDTH];
            for (int i = 0; i < x.length; i++) x[i] = (float) random.nextGaussian() * 2;
            List<TokenContext> contexts = random.ints(rows).mapToObj(seed -> context(new Random(seed))).toList();
            Tensor logits = Tensor.of(scope, x, rows, WIDTH);
            var together = all.prepare(scope, rule, logits, contexts);
            assertArrayEquals(x, logits.toFloats());
            assertEquals(Sampling.Rule.temperature(1), together.rule());
            float[] found = together.logits().toFloats();
            for (int r = rows - 1; r >= 0; r--) {
                var alone = all.prepare(scope, rule, logits.rows(r, r + 1), List.of(contexts.get(r)));
                which.assertSame(alone.logits().toFloats(), Arrays.copyOfRange(found, r * WIDTH, (r + 1) * WIDTH), "row " + r);
                boolean early = contexts.get(r).newTokens() < 4;
                assertTrue(!early || found[r * WIDTH + 3] == Float.NEGATIVE_INFINITY, "row " + r + " must not end yet");
            }
        }
    }

    @Test void withoutProcessorsNothingIsTouched() {
        try (Device device = Devices.SIMD.open(); Scope scope = Scope.open(device)) {
            Tensor logits = Tensor.of(scope, new float[] {1, 2}, 1, 2);
            assertSame(logits, LogitsProcessors.NONE.prepare(scope, Sampling.Rule.GREEDY, logits, List.of()).logits());
        }
    }

    @Test void whatIsRefused() {
        try (Device device = Devices.SIMD.open(); Scope scope = Scope.open(device)) {
            Tensor logits = Tensor.of(scope, new float[] {1, 2}, 1, 2);
            List<TokenContext> rows = List.of(TokenContext.of(new int[] {0, 1}));
            assertTrue(refused(scope, new SuppressTokens(Set.of(2), false), logits, rows)
                    .contains("token 2, wanted ids below the model's vocab_size 2"));
            assertTrue(refused(scope, new TypicalP(0.5), logits, rows).contains("typical_p 0.5 chooses among samples"));
            assertTrue(refused(scope, new NoRepeatNgram(1), logits, rows).contains("[no_repeat_ngram_size 1] forbid all 2"));
            assertTrue(refused(scope, new RepetitionPenalty(2), logits, List.of()).contains("0 contexts for 1 rows"));
        }
    }

    private static String refused(Scope scope, LogitsProcessor p, Tensor logits, List<TokenContext> rows) {
        return assertThrows(IllegalArgumentException.class, () -> LogitsProcessors.of(p).prepare(scope, Sampling.Rule.GREEDY, logits, rows))
                .getMessage();
    }
}
