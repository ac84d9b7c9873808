package lucid.kernels.simd.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.math.ScalarMath;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The row law for attention, to the bit.
class AttentionLawTest {
    private static final int PROMPT = 45, LENGTH = 115;
    private static SimdDevice device;

    @BeforeAll static void open() { device = new SimdDevice(2); }

    @AfterAll static void close() { device.close(); }

    /// A sequence of 115 tokens whose every way of being computed must agree: 4 heads on 2, head size 20.
    private static AttentionCase sequence() { return AttentionCase.random("sequence", 40, 4, 2, 20, LENGTH, LENGTH, Span.causal(0, LENGTH)); }

    private static AttentionPlan plan(AttentionCase c, List<Span> spans) {
        return new AttentionPlan(c.plan().heads(), c.plan().kvHeads(), c.plan().headDim(), spans);
    }

    private static void assertSame(AttentionCase.Forward wanted, AttentionCase.Forward found) {
        assertArrayEquals(bits(wanted.out()), bits(found.out()));
        assertArrayEquals(bits(wanted.lse()), bits(found.lse()));
    }

    private static int[] bits(float[] a) {
        int[] bits = new int[a.length];
        for (int i = 0; i < a.length; i++) bits[i] = Float.floatToRawIntBits(a[i]);
        return bits;
    }

    @Test
    void decodingIsPrefill() {
        AttentionCase c = sequence();
        List<Span> steps = new ArrayList<>();
        for (int i = 0; i < LENGTH; i++) steps.add(new Span(i, 1, i, 0, 0, 0, i + 1, true));
        AttentionCase.Forward whole = c.forward(device);
        assertSame(whole, c.with(plan(c, steps)).forward(device));
        Collections.shuffle(steps, new Random(1));
        assertSame(whole, c.with(plan(c, steps)).forward(device));
        // One call a step, as a sampler makes them.
        for (int i : new int[] {0, 31, 32, 63, 64, 114}) {
            AttentionCase.Forward step = c.with(plan(c, List.of(new Span(i, 1, i, 0, 0, 0, i + 1, true)))).forward(device);
            int width = c.width();
            assertArrayEquals(bits(Arrays.copyOfRange(whole.out(), i * width, (i + 1) * width)),
                    bits(Arrays.copyOfRange(step.out(), i * width, (i + 1) * width)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 31, 32, 33, 64})
    void chunkedPrefillIsPrefill(int chunk) {
        AttentionCase c = sequence();
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < LENGTH; i += chunk) {
            int n = Math.min(chunk, LENGTH - i);
            spans.add(new Span(i, n, i, 0, 0, 0, i + n, true));
        }
        assertSame(c.forward(device), c.with(plan(c, spans)).forward(device));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 32, 40, 64, 100})
    void sharedPrefixIsOneSequence(int prefix) {
        AttentionCase c = sequence();
        AttentionCase split = c.with(plan(c, List.of(Span.causal(0, prefix), Span.continuing(prefix, LENGTH - prefix, 0, prefix))));
        AttentionCase.Forward whole = c.forward(device);
        assertSame(whole, split.forward(device));
        // Each dq row is one chain over the same keys, so it agrees as well.
        assertArrayEquals(bits(c.backward(device, whole).dq()), bits(split.backward(device, whole).dq()));
    }

    /// Eight completions of one prompt, together, alone, in another order, and each as a whole sequence.
    @Test
    void otherSpansDoNotShow() {
        int each = 11, n = 8;
        AttentionCase c = AttentionCase.random("group", 41, 4, 2, 16, PROMPT + n * each, PROMPT + n * each);
        List<Span> spans = new ArrayList<>();
        spans.add(Span.causal(0, PROMPT));
        for (int i = 0; i < n; i++) spans.add(Span.continuing(PROMPT + i * each, each, 0, PROMPT));
        AttentionCase.Forward together = c.with(plan(c, spans)).forward(device);
        List<Span> reversed = spans.reversed();
        assertSame(together, c.with(plan(c, reversed)).forward(device));
        for (Span s : spans) {
            AttentionCase.Forward alone = c.with(plan(c, List.of(s))).forward(device);
            int from = s.queryRow() * c.width(), to = from + s.queries() * c.width();
            assertArrayEquals(bits(Arrays.copyOfRange(together.out(), from, to)), bits(Arrays.copyOfRange(alone.out(), from, to)));
        }
    }

    /// dk and dv of a shared prompt: one chain over the completions in plan order. Continued sums are what one long span over all queries would give.
    @Test
    void keyGradientsAreOneChainInPlanOrder() {
        int each = 13, n = 3, keys = 50;
        AttentionCase c = AttentionCase.random("cross", 42, 2, 2, 16, n * each, keys, Span.cross(0, n * each, 0, keys));
        AttentionCase.Forward f = c.forward(device);
        AttentionCase.Backward whole = c.backward(device, f);
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < n; i++) spans.add(Span.cross(i * each, each, 0, keys));
        AttentionCase.Backward parts = c.with(plan(c, spans)).backward(device, f);
        assertArrayEquals(bits(whole.dk()), bits(parts.dk()));
        assertArrayEquals(bits(whole.dv()), bits(parts.dv()));
        assertArrayEquals(bits(whole.dq()), bits(parts.dq()));
        AttentionCase.Backward reversed = c.with(plan(c, spans.reversed())).backward(device, f);
        assertArrayEquals(bits(whole.dq()), bits(reversed.dq()));
        assertFalse(Arrays.equals(whole.dv(), reversed.dv()), "another plan order must be another chain, or this test shows nothing");
    }

    /// The contract spelled out in scalars, for a row of three key blocks.
    @Test
    void forwardIsTheWrittenOrder() {
        int keys = 75, dims = 10;
        AttentionCase c = AttentionCase.random("written", 43, 1, 1, dims, 1, keys, Span.cross(0, 1, 0, keys));
        float m = Float.NEGATIVE_INFINITY;
        float[] lanes = new float[16], o = new float[dims], p = new float[32];
        for (int first = 0; first < keys; first += 32) {
            int n = Math.min(32, keys - first);
            float peak = m;
            for (int j = 0; j < n; j++) {
                float s = 0;
                for (int d = 0; d < dims; d++) s = Math.fma(c.q()[d], c.k()[(first + j) * dims + d], s);
                peak = Math.max(peak, p[j] = s * c.scale());
            }
            for (int j = 0; j < 32; j++) p[j] = j < n ? ScalarMath.exp(p[j] - peak) : 0;
            float shrink = ScalarMath.exp(m - peak);
            for (int i = 0; i < 16; i++) lanes[i] = Math.fma(lanes[i], shrink, p[i]) + p[16 + i];
            for (int d = 0; d < dims; d++) {
                o[d] *= shrink;
                for (int j = 0; j < n; j++) o[d] = Math.fma(p[j], c.v()[(first + j) * dims + d], o[d]);
            }
            m = peak;
        }
        for (int width = 8; width > 0; width /= 2) for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
        for (int d = 0; d < dims; d++) o[d] /= lanes[0];
        AttentionCase.Forward f = c.forward(device);
        assertArrayEquals(bits(o), bits(f.out()));
        assertArrayEquals(bits(new float[] {m + ScalarMath.log(lanes[0])}), bits(f.lse()));
    }

    /// What a query does not see does not reach it, be it infinite or not a number.
    @Test
    void invisibleRowsDoNotShow() {
        AttentionCase c = sequence();
        AttentionCase.Forward clean = c.forward(device);
        AttentionCase.Backward gradients = c.backward(device, clean);
        int seen = 50;
        Arrays.fill(c.k(), seen * c.kvWidth(), c.k().length, Float.NaN);
        Arrays.fill(c.v(), seen * c.kvWidth(), c.v().length, Float.POSITIVE_INFINITY);
        AttentionCase.Forward f = c.forward(device);
        int rows = seen * c.width();
        assertArrayEquals(bits(Arrays.copyOf(clean.out(), rows)), bits(Arrays.copyOf(f.out(), rows)));
        assertArrayEquals(bits(Arrays.copyOf(clean.lse(), seen * 4)), bits(Arrays.copyOf(f.lse(), seen * 4)));
        assertArrayEquals(bits(Arrays.copyOf(gradients.dq(), rows)), bits(Arrays.copyOf(c.backward(device, f).dq(), rows)));
        // And the other way round: a key's gradient knows only the queries that see it.
        AttentionCase d = sequence();
        Arrays.fill(d.dOut(), 0, rows, Float.NaN);
        AttentionCase.Backward b = d.backward(device, clean);
        int from = seen * c.kvWidth();
        assertArrayEquals(bits(Arrays.copyOfRange(gradients.dk(), from, gradients.dk().length)),
                bits(Arrays.copyOfRange(b.dk(), from, b.dk().length)));
        assertArrayEquals(bits(Arrays.copyOfRange(gradients.dv(), from, gradients.dv().length)),
                bits(Arrays.copyOfRange(b.dv(), from, b.dv().length)));
    }

    @ParameterizedTest
    @MethodSource("lucid.kernels.simd.attention.SimdAttentionTest#cases")
    void threadsDoNotShow(AttentionCase c) {
        AttentionCase.Forward f = c.forward(device);
        AttentionCase.Backward b = c.backward(device, f);
        for (int threads : new int[] {1, 3, 4, 16}) {
            try (SimdDevice other = new SimdDevice(threads)) {
                assertSame(f, c.forward(other));
                AttentionCase.Backward found = c.backward(other, f);
                assertArrayEquals(bits(b.dq()), bits(found.dq()));
                assertArrayEquals(bits(b.dk()), bits(found.dk()));
                assertArrayEquals(bits(b.dv()), bits(found.dv()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void vectorWidthDoesNotShow(int width) throws Exception {
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-Dlucid.vectorBits=" + width, "-cp", System.getProperty("java.class.path"),
                AttentionHashes.class.getName(), "1").redirectErrorStream(true).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), output);
        assertEquals("bits " + AttentionHashes.hash(2), output.lines().filter(l -> l.startsWith("bits")).findFirst().orElse(output));
    }
}
