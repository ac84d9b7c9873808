package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.processor.ExponentialDecay;
import lucid.nn.generate.processor.LogitsProcessor;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.generate.processor.MinLength;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.nn.generate.processor.SequenceBias;
import lucid.nn.generate.processor.SuppressTokens;
import lucid.nn.generate.processor.TypicalP;
import lucid.nn.model.Devices;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.Toy;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProcessedGenerationTest {
    private static final int EOS = 7;
    private static final GenerationSettings SAMPLED = new GenerationSettings(Sampling.Rule.temperature(2f), 20, EOS, 1f, 11, 0);

    private static GenerationSettings with(GenerationSettings s, LogitsProcessor... p) { return s.with(LogitsProcessors.of(p)); }

    private static List<Completion> generate(TinyLlavaVideo model, GenerationSettings s, int completions, int[]... ids) {
        PackedBatch.Builder b = PackedBatch.builder(0);
        for (int[] p : ids) b.sequence(p, 0);
        return new Generator(model.decoder()).generate(b.build(), null, completions, s, null);
    }

    private static void assertEqual(Devices which, Completion wanted, Completion found) {
        assertArrayEquals(wanted.ids(), found.ids());
        which.assertSame(wanted.logProbs(), found.logProbs(), "log-probabilities");
        assertEquals(wanted.ended(), found.ended());
    }

    /// The seed law with penalties: a prompt's answers are its own, however many are asked together; and a conversation gives the same one.
    @ParameterizedTest @EnumSource(Devices.class)
    void answersDoNotDependOnWhatIsAskedTogether(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            GenerationSettings s = with(SAMPLED, new RepetitionPenalty(1.5), new NoRepeatNgram(2), new MinLength(3, true, Set.of(EOS)),
                    new TypicalP(0.9));
            int[][] prompts = {{3, 4}, {9}, {20, 33, 20, 33}};
            List<Completion> together = generate(model, s, 3, prompts);
            assertTrue(together.stream().map(Completion::length).distinct().count() > 1, "answers that leave the batch at different steps");
            for (int p = 0; p < prompts.length; p++) {
                GenerationSettings own = new GenerationSettings(s.rule(), s.maxNewTokens(), s.endTokens(), 1f, s.key(), s.step(), p,
                        s.processors(), s.stops());
                List<Completion> alone = generate(model, own, 2, prompts[p]);
                for (int c = 0; c < 2; c++) assertEqual(which, together.get(3 * p + c), alone.get(c));
                try (Conversation talk = new Conversation(model.decoder(), 64)) {
                    talk.add(prompts[p], null, (_, _) -> {});
                    assertEqual(which, together.get(3 * p), talk.answer(s, p, null));
                }
            }
        }
    }

    /// What was said before counts in a conversation, and what was taken back does not.
    @Test void aConversationRemembersWhatWasSaid() {
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo model = Toy.model(device, 5);
                Conversation talk = new Conversation(model.decoder(), 64)) {
            // Six tokens are wanted so much that the first answer is made of them; the second one would be too, if it did not know.
            SequenceBias wanted = new SequenceBias(IntStream.range(40, 46).mapToObj(id -> new SequenceBias.Bias(List.of(id), 1000)).toList());
            GenerationSettings s = with(GenerationSettings.greedy(6, -1), new NoRepeatNgram(1), wanted);
            talk.add(new int[] {3, 4}, null, (_, _) -> {});
            Completion first = talk.answer(s, 0, null);
            talk.add(new int[] {50}, null, (_, _) -> {});
            Completion second = talk.answer(s, 1, null);
            int[] all = concat(new int[] {3, 4}, first.ids(), new int[] {50}, second.ids());
            assertEquals(all.length, Arrays.stream(all).distinct().count(), Arrays.toString(all));
            assertArrayEquals(generate(model, s, 1, concat(new int[] {3, 4}, first.ids(), new int[] {50})).getFirst().ids(), second.ids());
            talk.rewind(2);
            talk.add(new int[] {50}, null, (_, _) -> {});
            assertArrayEquals(generate(model, s, 1, new int[] {3, 4, 50}).getFirst().ids(), talk.answer(s, 0, null).ids());
        }
    }

    private static int[] concat(int[]... parts) { return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray(); }

    /// A prompt with a clip: the processors see the answer alone, in both ways of generating.
    @Test void besideAClipOnlyTheAnswerCounts() {
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device);
                var _ = Tape.noGrad()) {
            Tensor features = model.features(scope, Tensor.bytes(scope, Toy.frames(3, 1), 3, 16, 16, 3));
            Tensor visual = model.visual(scope, features, RowGroups.single(features.shape().rows()));
            GenerationSettings s = with(GenerationSettings.greedy(8, -1), new NoRepeatNgram(1));
            // Every token of the vocabulary is in the prompt: as text that would leave none.
            int[] rows = model.splice(IntStream.concat(IntStream.of(5, -200), IntStream.range(0, 61)).toArray()).rows();
            int[] ids = new Generator(model.decoder()).generate(model.batch().sequence(rows, 0).build(), visual, 1, s, null).getFirst().ids();
            assertEquals(8, Arrays.stream(ids).distinct().count());
            try (Conversation talk = new Conversation(model.decoder(), 96)) {
                talk.add(rows, visual, (_, _) -> {});
                assertArrayEquals(ids, talk.answer(s, 0, null).ids());
            }
            assertTrue(assertThrows(IllegalArgumentException.class, () -> generate(model, s, 1, IntStream.range(0, 61).toArray())).getMessage()
                    .contains("forbid all 61"));
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void noEndBeforeTheLeastLength(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            List<Completion> free = generate(model, SAMPLED, 40, new int[] {3, 4});
            List<Completion> held = generate(model, with(SAMPLED, new MinLength(8, true, Set.of(EOS))), 40, new int[] {3, 4});
            assertTrue(free.stream().anyMatch(c -> c.ended() && c.length() < 8), "without the rule some are shorter");
            assertTrue(held.stream().allMatch(c -> c.length() >= 8));
            List<Completion> soon = generate(model, with(SAMPLED, new ExponentialDecay(5, 50, Set.of(EOS))), 40, new int[] {3, 4});
            assertTrue(free.stream().anyMatch(c -> c.length() > 9) && soon.stream().allMatch(c -> c.ended() && c.length() <= 9),
                    "an answer that may not go on ends soon");
        }
    }

    /// The score is the model's own, whatever the draw was pushed to.
    @ParameterizedTest @EnumSource(Devices.class)
    void processorsDoNotEnterTheScore(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3)) {
            GenerationSettings greedy = GenerationSettings.greedy(5, -1);
            Completion free = generate(model, greedy, 1, new int[] {4, 5}).getFirst();
            int unused = IntStream.range(0, 61).filter(id -> IntStream.of(free.ids()).noneMatch(i -> i == id)).findFirst().orElseThrow();
            assertEqual(which, free, generate(model, with(greedy, new SuppressTokens(Set.of(unused), false)), 1, new int[] {4, 5}).getFirst());
            Completion pushed = generate(model, with(greedy, new SequenceBias(List.of(new SequenceBias.Bias(List.of(unused), 1000)))), 1,
                    new int[] {4, 5}).getFirst();
            assertTrue(IntStream.of(pushed.ids()).allMatch(id -> id == unused));
            assertTrue(pushed.logProbs()[0] < free.logProbs()[0], "not the log of the probability 1 that it was drawn with");
            assertNotEquals(0f, pushed.logProbs()[0]);
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void aStopStringEndsItsOwnAnswerOnly(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            List<Completion> free = generate(model, SAMPLED, 4, new int[] {3, 4}, new int[] {9});
            int[] one = free.get(1).ids();
            StopStrings stops = new StopStrings(List.of(text(one[1]) + text(one[2])),
                    id -> text(id).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            List<Completion> stopped = generate(model, SAMPLED.with(stops), 4, new int[] {3, 4}, new int[] {9});
            assertArrayEquals(Arrays.copyOf(one, 3), stopped.get(1).ids());
            assertTrue(stopped.get(1).ended());
            for (int i = 0; i < free.size(); i++) {
                int[] found = stopped.get(i).ids();
                assertArrayEquals(Arrays.copyOf(free.get(i).ids(), found.length), found);
                boolean said = IntStream.range(1, found.length).anyMatch(t -> found[t - 1] == one[1] && found[t] == one[2]);
                assertTrue(said || found.length == free.get(i).length(), "answer " + i);
            }
        }
    }

    private static String text(int id) { return "<" + id + ">"; }

    /// What goes to the host and back in the middle of a step does not disturb the graphs of a GPU.
    @Test void onAGpuThatReplays() {
        GenerationSettings s = with(new GenerationSettings(Sampling.Rule.GREEDY, 7, EOS, 1f, 11, 0), new RepetitionPenalty(1.5),
                new NoRepeatNgram(2));
        List<Completion> wanted;
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            wanted = generate(model, s, 1, new int[] {3, 4}, new int[] {9});
        }
        EmulatedGpu gpu = new EmulatedGpu().capacity(256 << 20);
        try (Device device = new CudaDevice(gpu); TinyLlavaVideo model = Toy.model(device, 5)) {
            List<Completion> found = generate(model, s, 1, new int[] {3, 4}, new int[] {9});
            for (int i = 0; i < wanted.size(); i++) assertEqual(Devices.SIMD, wanted.get(i), found.get(i));
        }
        assertTrue(gpu.replayed().graphLaunches() > 0, gpu.replayed().toString());
    }
}
