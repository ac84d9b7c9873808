package lucid.nn.generate.processor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each formula by hand; the numbers of transformers are in the golden table of `grpo`.
class LogitsProcessorTest {
    private static final float OUT = Float.NEGATIVE_INFINITY;

    /// A prompt of two tokens, then an answer.
    private static TokenContext context(int... ids) {
        TokenContext c = TokenContext.of(new int[] {ids[0], ids[1]});
        for (int i = 2; i < ids.length; i++) c.add(ids[i]);
        return c;
    }

    private static float[] after(LogitsProcessor p, TokenContext context, float... logits) {
        p.apply(logits, context);
        return logits;
    }

    @Test void repetitionPenaltyOncePerToken() {
        assertArrayEquals(new float[] {2, -4, 3, 0, OUT}, after(new RepetitionPenalty(2), context(0, 1, 1, 0, 3, 4), 4, -2, 3, 0, OUT));
        assertArrayEquals(new float[] {8, -1, 3}, after(new RepetitionPenalty(0.5), context(0, 1), 4, -2, 3));
    }

    @Test void ngrams() {
        // 1 2 3 1 2: after 2 came 3; after 1 2 came 3; nothing came after the 2 at the end.
        TokenContext c = context(1, 2, 3, 1, 2);
        assertArrayEquals(new float[] {0, OUT, OUT, OUT, 0}, after(new NoRepeatNgram(1), c, new float[5]));
        assertArrayEquals(new float[] {0, 0, 0, OUT, 0}, after(new NoRepeatNgram(2), c, new float[5]));
        assertArrayEquals(new float[] {0, 0, 0, OUT, 0}, after(new NoRepeatNgram(3), c, new float[5]));
        assertArrayEquals(new float[5], after(new NoRepeatNgram(4), c, new float[5]));
        assertArrayEquals(new float[5], after(new NoRepeatNgram(9), c, new float[5]));
        assertArrayEquals(new float[] {0, 0, 0, OUT, OUT}, after(new NoRepeatNgram(2), context(2, 3, 2, 4, 2), new float[5]));
    }

    @Test void badWords() {
        BadWords words = new BadWords(List.of(List.of(0), List.of(1, 2), List.of(3, 1, 4)));
        assertArrayEquals(new float[] {OUT, 0, OUT, 0, 0}, after(words, context(2, 1), new float[5]));
        assertArrayEquals(new float[] {OUT, 0, OUT, 0, OUT}, after(words, context(3, 1), new float[5]), "the word begins where the context does");
        assertArrayEquals(new float[] {OUT, 0, 0, 0, 0}, after(words, context(1, 3), new float[5]));
    }

    @Test void sequenceBias() {
        SequenceBias bias = new SequenceBias(List.of(new SequenceBias.Bias(List.of(0), 2), new SequenceBias.Bias(List.of(1, 0), 0.5),
                new SequenceBias.Bias(List.of(2, 3), -1)));
        assertArrayEquals(new float[] {3.5f, 1, 1, 1}, after(bias, context(2, 1), 1, 1, 1, 1));
        assertArrayEquals(new float[] {3, 1, 1, 0}, after(bias, context(1, 2), 1, 1, 1, 1));
    }

    @Test void leastLength() {
        float[] open = {1, 1, 1};
        float[] shut = {1, OUT, OUT};
        MinLength answer = new MinLength(3, true, Set.of(1, 2));
        assertArrayEquals(shut, after(answer, context(0, 0, 0, 0), 1, 1, 1));
        assertArrayEquals(open, after(answer, context(0, 0, 0, 0, 0), 1, 1, 1));
        MinLength all = new MinLength(4, false, Set.of(1, 2));
        assertArrayEquals(shut, after(all, context(0, 0, 0), 1, 1, 1));
        assertArrayEquals(open, after(all, context(0, 0, 0, 0), 1, 1, 1));
    }

    @Test void decay() {
        ExponentialDecay decay = new ExponentialDecay(1, 2, Set.of(0, 1, 3));
        assertArrayEquals(new float[] {3, -3, 3, OUT}, after(decay, context(0, 0, 0), 3, -3, 3, OUT));
        assertArrayEquals(new float[] {6, 0, 3, OUT}, after(decay, context(0, 0, 0, 0), 3, -3, 3, OUT));
        assertArrayEquals(new float[] {12, 6, 3, OUT}, after(decay, context(0, 0, 0, 0, 0), 3, -3, 3, OUT));
        float[] steep = after(new ExponentialDecay(0, 1e30, Set.of(0)), context(0, 0, 0, 0), 3, 3);
        assertEquals(Float.MAX_VALUE, steep[0]);
    }

    @Test void suppressed() {
        assertArrayEquals(new float[] {OUT, 1, OUT}, after(new SuppressTokens(Set.of(0, 2), false), context(0, 0, 0), 1, 1, 1));
        assertArrayEquals(new float[] {1, 1, 1}, after(new SuppressTokens(Set.of(0, 2), true), context(0, 0, 0), 1, 1, 1));
        assertArrayEquals(new float[] {OUT, 1, OUT}, after(new SuppressTokens(Set.of(0, 2), true), context(0, 0), 1, 1, 1));
    }

    private static float[] logs(double... p) {
        float[] x = new float[p.length];
        for (int i = 0; i < x.length; i++) x[i] = (float) Math.log(p[i]);
        return x;
    }

    private static String survivors(SampleFilter f, double... p) {
        float[] x = logs(p);
        float[] before = x.clone();
        f.apply(x, context(0, 0));
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < x.length; i++) {
            if (x[i] == OUT) continue;
            assertEquals(before[i], x[i]);
            s.append(i);
        }
        return s.toString();
    }

    /// H = 1.2206 nats; surprises 0.6931, 1.6094, 1.8971, 1.8971: distances 0.5275, 0.3888, 0.6765, 0.6765.
    @Test void typical() {
        double[] p = {0.5, 0.2, 0.15, 0.15};
        assertEquals("1", survivors(new TypicalP(0.15), p));
        assertEquals("01", survivors(new TypicalP(0.6), p));
        assertEquals("0123", survivors(new TypicalP(0.72), p), "what is as near as the last one stays with it");
        assertEquals("01", survivors(new TypicalP(0.999), 0.75, 0.25, 0, 0), "what was dropped before stays dropped");
    }

    @Test void cutoffs() {
        double[] p = {0.6, 0.3, 0.06, 0.04};
        assertEquals("012", survivors(new EpsilonCutoff(0.05), p));
        assertEquals("0", survivors(new EpsilonCutoff(0.7), p), "the most probable one always stays");
        assertEquals("01", survivors(new EpsilonCutoff(0.5), 0.4, 0.4, 0.2));
        // H = 0.9653: √0.02 · exp(-H) = 0.0539; with ε = 0.02 the smaller bar is ε, with 0.9 the other, 0.361.
        assertEquals("0123", survivors(new EtaCutoff(0.02), p));
        assertEquals("0", survivors(new EtaCutoff(0.9), p));
        // √0.05 · exp(-H) = 0.0852 is more than 0.05.
        assertEquals("012", survivors(new EtaCutoff(0.05), p));
        // Flat: H = log 50, √0.05 / 50 = 0.0045 is below what each has.
        double[] flat = new double[50];
        java.util.Arrays.fill(flat, 0.02);
        flat[0] += 0.001;
        assertFalse(survivors(new EtaCutoff(0.05), flat).equals("0"));
        assertEquals("0", survivors(new EpsilonCutoff(0.05), flat));
    }

    /// A clip's prompt reaches transformers as embeddings: its processors see the answer alone, and lengths count all of it.
    @Test void aPromptWithAClip() {
        TokenContext c = TokenContext.of(new int[] {5, ~0, ~1, 2});
        assertEquals(0, c.size());
        c.add(1);
        assertArrayEquals(new float[] {4, 2, 4}, after(new RepetitionPenalty(2), c, 4, 4, 4));
        assertEquals(5, c.length());
        assertEquals(1, c.newTokens());
    }

    @ParameterizedTest @CsvSource({"0", "-1", "NaN", "Infinity"})
    void whatIsRefused(double value) {
        assertThrows(IllegalArgumentException.class, () -> new RepetitionPenalty(value));
        assertThrows(IllegalArgumentException.class, () -> new TypicalP(value));
        assertThrows(IllegalArgumentException.class, () -> new EpsilonCutoff(value));
        assertThrows(IllegalArgumentException.class, () -> new EtaCutoff(value));
        assertThrows(IllegalArgumentException.class, () -> new ExponentialDecay(1, value, Set.of(1)));
        assertThrows(IllegalArgumentException.class, () -> new NoRepeatNgram((int) Math.min(0, value)));
        assertThrows(IllegalArgumentException.class, () -> new MinLength(0, true, Set.of(1)));
        assertThrows(IllegalArgumentException.class, () -> new MinLength(1, true, Set.of()));
        assertThrows(IllegalArgumentException.class, () -> new SuppressTokens(Set.of(-1), true));
        assertThrows(IllegalArgumentException.class, () -> new BadWords(List.of(List.of())));
    }
}
