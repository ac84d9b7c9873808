package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.nn.batch.PackedBatch;
import lucid.nn.model.Devices;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.Toy;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GeneratorTest {
    private static PackedBatch prompts(int[]... ids) {
        PackedBatch.Builder b = PackedBatch.builder(0);
        for (int[] p : ids) b.sequence(p, 0);
        return b.build();
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void greedyIsTheArgmaxOfAFullForward(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3)) {
            int[][] ids = {{4, 5, 6}, {7}};
            List<Completion> found = new Generator(model.decoder()).generate(prompts(ids), null, 1, GenerationSettings.greedy(9, -1), null);
            for (int p = 0; p < 2; p++) {
                int[] sequence = ids[p];
                for (int t = 0; t < 9; t++) {
                    int next = argmax(model, sequence);
                    assertEquals(next, found.get(p).ids()[t], "prompt " + p + ", token " + t);
                    sequence = Arrays.copyOf(sequence, sequence.length + 1);
                    sequence[sequence.length - 1] = next;
                }
            }
        }
    }

    private static int argmax(TinyLlavaVideo model, int[] ids) {
        try (var _ = Tape.noGrad(); Scope step = Scope.open(model.parameters().device())) {
            PackedBatch batch = prompts(ids);
            Tensor x = model.decoder().forward(model.decoder().embed(step, batch, null), model.decoder().context(step, batch));
            float[] logits = model.decoder().logits(model.decoder().norm().forward(x.rows(ids.length - 1, ids.length))).toFloats();
            int best = 0;
            for (int i = 1; i < logits.length; i++) best = logits[i] > logits[best] ? i : best;
            return best;
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void theEndTokenEndsAndEveryTokenIsHeard(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            List<int[]> heard = new ArrayList<>();
            GenerationSettings s = new GenerationSettings(Sampling.Rule.temperature(2f), 30, 7, 1f, 11, 0);
            List<Completion> found = new Generator(model.decoder()).generate(prompts(new int[] {3, 4}, new int[] {9}), null, 5, s,
                    (prompt, completion, position, id, logProb) -> {
                        assertTrue(logProb <= 0);
                        heard.add(new int[] {prompt, completion, position, id});
                    });
            assertEquals(10, found.size());
            assertTrue(found.stream().anyMatch(Completion::ended));
            for (Completion c : found) {
                for (int i = 0; i < c.length(); i++) assertEquals(c.ended() && i == c.length() - 1, c.ids()[i] == 7);
                assertTrue(c.ended() || c.length() == 30);
                int[] same = heard.stream().filter(h -> h[0] == c.prompt() && h[1] == c.index()).mapToInt(h -> h[3]).toArray();
                assertArrayEquals(c.ids(), same);
            }
            assertEquals(model.parameters().scope().liveBytes(), device.liveBytes(), "generation leaves nothing behind");
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void oneTokenAndWhatIsRefused(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            Generator g = new Generator(model.decoder());
            assertEquals(1, g.generate(prompts(new int[] {3}), null, 1, GenerationSettings.greedy(1, -1), null).getFirst().length());
            assertEquals(0, g.generate(prompts(), null, 2, GenerationSettings.greedy(1, -1), null).size());
            assertThrows(IllegalArgumentException.class, () -> g.generate(prompts(new int[] {3}), null, 0, GenerationSettings.greedy(1, -1), null));
            assertThrows(IllegalArgumentException.class, () -> g.generate(prompts(new int[] {61}), null, 1, GenerationSettings.greedy(1, -1), null));
            assertTrue(assertThrows(IllegalArgumentException.class,
                    () -> g.generate(prompts(new int[] {3}), null, 1, GenerationSettings.greedy(512, -1), null))
                    .getMessage().contains("max_position_embeddings 512"));
            PackedBatch video = model.batch().sequence(model.splice(new int[] {1, -200}).rows(), 0).build();
            assertTrue(assertThrows(IllegalArgumentException.class, () -> g.generate(video, null, 1, GenerationSettings.greedy(1, -1), null))
                    .getMessage().contains("no visual rows"));
        }
    }
}
