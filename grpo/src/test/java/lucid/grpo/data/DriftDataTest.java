package lucid.grpo.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.video.drift.DriftPlan;
import lucid.video.drift.Scene;
import org.junit.jupiter.api.Test;

/// What the kinds of examples teach.
class DriftDataTest {
    private static final DriftPlan PLAN = new DriftPlan(1, 64, 5);
    private final Tokenizer tokenizer = new BpeTrainer(400, 2, List.of("<end>")).train(DriftData.corpus(PLAN, 100)).tokenizer();
    private final DriftData data = new DriftData(PLAN, 32, new NoClips(), tokenizer);

    /// Words need no pictures.
    private record NoClips() implements ClipStore {
        @Override public byte[] frames(int clip) { throw new IllegalStateException("a picture was asked for"); }

        @Override public int framesPerClip() { return 8; }

        @Override public int size() { return 32; }

        @Override public String name(int clip) { return "clip " + clip; }

        @Override public String contentHash() { return ""; }
    }

    private String learned(Example e) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < e.ids().length; i++) if (e.labels()[i] != Example.IGNORE) ids.add(e.ids()[i]);
        return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray(), true);
    }

    @Test void motionTeachesTheDirectionsAndNothingElse() {
        List<Scene> scenes = PLAN.scenes();
        for (int i = 0; i < 32; i++) {
            Example e = data.example("motion", 1, "captions", 0, i, 32);
            assertEquals(String.join(" ", scenes.get(e.visual().clip()).things().stream().map(t -> t.direction().word()).toList()),
                    learned(e).strip());
        }
    }

    @Test void aStepAsksEverythingAboutTheSameClips() {
        for (int i = 0; i < 32; i++) {
            int clip = data.example("description", 1, "captions", 3, i, 32).visual().clip();
            assertEquals(clip, data.example("path", 1, "captions", 3, i, 32).visual().clip());
            assertEquals(clip, data.example("motion", 1, "captions", 3, i, 32).visual().clip());
        }
    }

    @Test void anEpochAsksEveryQuestionOnceButForItsRemainder() {
        int n = data.questions();
        int count = n / 2 - 1;
        List<String> first = new ArrayList<>();
        for (int step = 0; step < 2; step++) data.prompts(1, "grpo", step, count).forEach(p -> first.add(p.clip() + p.problem()));
        assertEquals(2 * count, first.stream().distinct().count(), "two steps of an epoch of " + n);
        assertEquals(first.subList(0, count), data.prompts(1, "grpo", 0, count).stream().map(p -> p.clip() + p.problem()).toList());
        assertTrue(data.prompts(1, "grpo", 2, count).stream().anyMatch(p -> first.contains(p.clip() + p.problem())),
                "the third begins the next epoch");
        assertEquals(n, data.prompts(1, "grpo", 5, n).stream().map(p -> p.clip() + p.problem()).distinct().count());
    }

    @Test void moreQuestionsThanThereAreAreRefused() {
        var error = assertThrows(IllegalArgumentException.class, () -> data.prompts(1, "grpo", 0, data.questions() + 1));
        assertEquals("a step wants " + (data.questions() + 1) + " prompts, the data has " + data.questions(), error.getMessage());
    }

    @Test void anUnknownKindIsNamed() {
        var error = assertThrows(IllegalArgumentException.class, () -> data.example("moton", 1, "captions", 0, 0, 1));
        assertTrue(error.getMessage().contains("unknown kind 'moton'") && error.getMessage().contains("motion"), error.getMessage());
    }
}
