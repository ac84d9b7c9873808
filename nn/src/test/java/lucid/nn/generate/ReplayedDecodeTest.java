package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Sampling;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Replay;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.Qwen2Config;
import lucid.nn.model.BlockListener;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.Initialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Decoding a whole little Qwen2 on the emulated GPU with graphs: the bits of decoding without them, and as few recordings as there can be.
///
/// A GPU that keeps no memory gives every buffer a new address, so nothing that it is told comes twice, and all is queued one by one: that is the
/// other side.
class ReplayedDecodeTest {
    private static final Qwen2Config CONFIG = new Qwen2Config(61, 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1);
    private static final int EOS = 7;
    private static final int[][] PROMPTS = {{3, 4, 9, 11}, {9}, {20, 33}};
    private static final int COMPLETIONS = 2;

    private static List<Completion> generate(Device device, int most) {
        try (Qwen2Model model = new Qwen2Model(device)) {
            PackedBatch.Builder prompts = PackedBatch.builder(0);
            for (int[] ids : PROMPTS) prompts.sequence(ids, 0);
            Sampling.Rule rule = new Sampling.Rule(false, 2f, 40, 0.95f, 0.01f);
            return new Generator(model.decoder).generate(prompts.build(), null, COMPLETIONS,
                    new GenerationSettings(rule, most, EOS, 1.3f, 11, 5), null);
        }
    }

    private record Qwen2Model(Qwen2 decoder) implements AutoCloseable {
        Qwen2Model(Device device) { this(Qwen2.random(device, CONFIG, 3, Initialization.fanIn(2, 3))); }

        @Override public void close() { decoder.parameters().close(); }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"EXACT", "TENSOR"})
    void graphsGiveTheBitsOfSingleLaunches(Precision precision) {
        EmulatedGpu forgetful = new EmulatedGpu();
        List<Completion> eager;
        try (Device device = new CudaDevice(forgetful, precision)) {
            eager = generate(device, 16);
        }
        assertEquals(0, forgetful.replayed().graphLaunches(), "nothing comes twice");
        EmulatedGpu gpu = new EmulatedGpu().capacity(256 << 20);
        List<Completion> replayed;
        try (Device device = new CudaDevice(gpu, precision)) {
            replayed = generate(device, 16);
        }
        assertSame(eager, replayed);
        if (precision == Precision.EXACT) {
            try (Device device = new SimdDevice(1)) {
                assertSame(generate(device, 16), replayed);
            }
        }
        assertCounts(replayed, gpu.replayed());
    }

    /// Whenever a completion ends, one step goes by single launches and the next one is recorded; all others are replayed.
    private static void assertCounts(List<Completion> completions, Replay.Counts counts) {
        int longest = completions.stream().mapToInt(Completion::length).max().orElseThrow();
        int recorded = 0;
        int replayed = 0;
        int same = 0;
        for (int t = 1; t < longest; t++) {
            int at = t;
            same = completions.stream().anyMatch(c -> c.ended() && c.length() == at) ? 1 : same + 1;
            if (same == 2) recorded++;
            if (same >= 2) replayed++;
        }
        assertTrue(completions.stream().filter(Completion::ended).mapToInt(Completion::length).distinct().count() >= 2 && recorded >= 2
                && replayed > recorded,
                "the case has completions that end at different steps, and steps between");
        long segments = counts.recordings() / recorded;
        long works = counts.single() / (longest - 1 - replayed);
        assertEquals(new Replay.Counts(segments * recorded, segments * replayed, works * (longest - 1 - replayed)), counts);
        assertTrue(segments == 2 && works > 32 && works <= 32 + 64, works + " works of a step in segments of at most 32 and 64, but " + segments
                + " graphs");
    }

    private static void assertSame(List<Completion> expected, List<Completion> found) {
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i).ids(), found.get(i).ids(), "ids " + i);
            assertArrayEquals(expected.get(i).logProbs(), found.get(i).logProbs(), "log-probabilities " + i);
            assertArrayEquals(expected.get(i).entropy(), found.get(i).entropy(), "entropies " + i);
            assertEquals(expected.get(i).ended(), found.get(i).ended());
        }
    }

    @Test void aConversationIsReplayedToo() {
        Completion eager;
        try (Device device = new SimdDevice(1)) {
            eager = answer(device);
        }
        EmulatedGpu gpu = new EmulatedGpu().capacity(256 << 20);
        try (Device device = new CudaDevice(gpu)) {
            assertSame(List.of(eager), List.of(answer(device)));
        }
        assertTrue(gpu.replayed().recordings() > 0 && gpu.replayed().graphLaunches() >= 3 * gpu.replayed().recordings(), gpu.replayed().toString());
    }

    private static Completion answer(Device device) {
        try (Qwen2Model model = new Qwen2Model(device); Conversation talk = new Conversation(model.decoder, 20)) {
            BlockListener silent = (_, _) -> {};
            talk.add(PROMPTS[0], null, silent);
            return talk.answer(GenerationSettings.greedy(8, -1), 0, null);
        }
    }
}
