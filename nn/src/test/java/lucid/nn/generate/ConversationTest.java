package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.model.Devices;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.Toy;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConversationTest {
    private static final GenerationSettings SAMPLED = new GenerationSettings(Sampling.Rule.temperature(2f), 12, -1, 1f, 11, 0);

    private static Completion whole(TinyLlavaVideo model, int[] rows, Tensor visual, GenerationSettings settings) {
        PackedBatch prompt = (visual == null ? PackedBatch.builder(0) : model.batch()).sequence(rows, 0).build();
        return new Generator(model.decoder()).generate(prompt, visual, 1, settings, null).getFirst();
    }

    private static void assertEqual(Devices which, Completion wanted, Completion found) {
        assertArrayEquals(wanted.ids(), found.ids());
        which.assertSame(wanted.logProbs(), found.logProbs(), "log-probabilities");
        which.assertSame(wanted.entropy(), found.entropy(), "entropy");
        assertEquals(wanted.ended(), found.ended());
    }

    private static int[] join(int[]... parts) { return IntStream.range(0, parts.length).flatMap(i -> IntStream.of(parts[i])).toArray(); }

    /// The clip is added once; every question about it gets the answer of a generator that saw everything anew, to the bit.
    @ParameterizedTest
    @EnumSource(Devices.class)
    void severalQuestionsAboutOneClip(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            Tensor features = model.features(scope, Tensor.bytes(scope, Toy.frames(3, 1), 3, 16, 16, 3));
            Tensor visual = model.visual(scope, features, RowGroups.single(features.shape().rows()));
            int[] clip = model.splice(new int[] {5, 9, -200}).rows();
            int[][] questions = {{4, 5, 6}, {7}, {60, 2}};
            List<Integer> layers = new ArrayList<>();
            try (Conversation talk = new Conversation(model.decoder(), 64)) {
                talk.add(clip, visual, (done, _) -> layers.add(done));
                assertEquals(List.of(1, 2), layers);
                int start = talk.length();
                assertEquals(clip.length, start);
                for (int[] q : questions) {
                    talk.add(q, null, (_, _) -> {});
                    assertEqual(which, whole(model, join(clip, q), visual, GenerationSettings.greedy(7, -1)),
                            talk.answer(GenerationSettings.greedy(7, -1), 0, null));
                    talk.rewind(start);
                }
            }
        }
    }

    /// Turns follow each other: the second answer is about everything before it, the first answer with its last token included.
    @ParameterizedTest
    @EnumSource(Devices.class)
    void turnsFollowEachOther(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5); Conversation talk = new Conversation(model.decoder(), 64)) {
            int[] first = {3, 4, 9};
            int[] second = {8, 30};
            talk.add(first, null, (_, _) -> {});
            Completion one = talk.answer(SAMPLED, 0, null);
            assertEqual(which, whole(model, first, null, SAMPLED), one);
            assertEquals(first.length + 12, talk.length());
            talk.add(second, null, (_, _) -> {});
            Completion two = talk.answer(GenerationSettings.greedy(9, -1), 0, null);
            assertEqual(which, whole(model, join(first, one.ids(), second), null, GenerationSettings.greedy(9, -1)), two);
            assertEquals(64 - 3 - 12 - 2 - 9, talk.room());
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void anyEndTokenEnds(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5); Conversation talk = new Conversation(model.decoder(), 64)) {
            talk.add(new int[] {3, 4, 9}, null, (_, _) -> {});
            int[] free = talk.answer(SAMPLED, 0, null).ids();
            talk.rewind(0);
            talk.add(new int[] {3, 4, 9}, null, (_, _) -> {});
            List<Integer> heard = new ArrayList<>();
            Completion cut = talk.answer(SAMPLED.with(Set.of(free[4])), 0, (_, _, _, id, _) -> heard.add(id));
            assertTrue(cut.ended());
            assertEquals(free[4], cut.ids()[cut.length() - 1]);
            assertEquals(IntStream.of(cut.ids()).boxed().toList(), heard);
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void whatIsRefused(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 5)) {
            long before = device.liveBytes();
            try (Conversation talk = new Conversation(model.decoder(), 8)) {
                assertThrows(IllegalStateException.class, () -> talk.answer(SAMPLED, 0, null), "nothing was added");
                assertTrue(assertThrows(IllegalArgumentException.class, () -> talk.add(new int[9], null, (_, _) -> {})).getMessage()
                        .contains("its 8 positions"));
                assertThrows(IllegalArgumentException.class, () -> talk.add(new int[0], null, (_, _) -> {}));
                assertThrows(IllegalArgumentException.class, () -> talk.rewind(1));
                talk.add(new int[] {1, 2, 3}, null, (_, _) -> {});
                Completion filled = talk.answer(SAMPLED, 0, null);
                assertEquals(5, filled.length(), "the room that there was");
                assertFalse(filled.ended());
                assertEquals(0, talk.room());
                assertThrows(IllegalStateException.class, () -> talk.answer(SAMPLED, 0, null), "two answers to one question");
                talk.rewind(3);
                assertThrows(IllegalStateException.class, () -> talk.answer(SAMPLED, 0, null), "the question's last row is not known any more");
            }
            assertEquals(before, device.liveBytes(), "keys and values are freed");
            assertTrue(assertThrows(IllegalArgumentException.class, () -> new Conversation(model.decoder(), 513)).getMessage()
                    .contains("max_position_embeddings 512"));
        }
    }
}
