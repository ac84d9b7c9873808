package lucid.video.drift;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class DriftTextTest {
    private static final int MANY = 4000;

    @Test void everythingIsAFunctionOfSeedAndIndex() {
        assertEquals(Scene.of(1, 7), Scene.of(1, 7));
        assertNotEquals(Scene.of(1, 7), Scene.of(2, 7));
        assertArrayEquals(Scene.of(1, 7).paint(1, 7), Scene.of(1, 7).paint(1, 7));
    }

    /// The text alone says nothing: within a kind, letters and answers are equally frequent, and the answer is as often at each place.
    @Test void blindGuessingIsAtChance() {
        for (Question.Kind kind : Question.Kind.values()) {
            Map<String, Integer> letters = new HashMap<>();
            Map<String, Integer> answers = new HashMap<>();
            for (int i = 0; i < MANY; i++) {
                Question q = Question.draw(Draw.of(3, "question", i), Scene.of(3, i), kind);
                assertEquals(4, new TreeSet<>(q.options()).size());
                assertEquals(q.answer(), q.options().get(q.letter().charAt(0) - 'A'));
                letters.merge(q.letter(), 1, Integer::sum);
                answers.merge(q.text() + q.answer(), 1, Integer::sum);
            }
            letters.values().forEach(n -> assertEquals(MANY / 4.0, n, MANY * 0.03, kind + " " + letters));
            // Best guess from the question's text: the most frequent answer of each wording.
            Map<String, Integer> best = new HashMap<>();
            answers.forEach((key, n) -> best.merge(key.substring(0, key.indexOf('?')), n, Math::max));
            double blind = best.values().stream().mapToInt(n -> n).sum() / (double) MANY;
            assertTrue(blind < 0.30, kind + ": blind accuracy " + blind);
        }
    }

    @Test void reversedTwiceIsTheSame() {
        for (int i = 0; i < 50; i++) assertEquals(Scene.of(1, i), Scene.of(1, i).reversed().reversed());
    }

    @Test void reversedSceneIsWhatTheReversedPicturesShow() {
        Scene s = Scene.of(1, 0);
        Scene back = s.reversed();
        for (int f = 0; f < Scene.FRAMES; f++) {
            for (Scene.Thing t : s.things()) {
                if (!t.seenIn(f)) continue;
                Scene.Thing same = back.things().stream().filter(b -> b.colour() == t.colour()).findFirst().orElseThrow();
                assertTrue(same.seenIn(Scene.FRAMES - 1 - f));
                assertEquals(t.x(f), same.x(Scene.FRAMES - 1 - f), 1e-9);
                assertEquals(t.y(f), same.y(Scene.FRAMES - 1 - f), 1e-9);
            }
        }
    }

    @Test void thingsStayInThePicture() {
        for (int i = 0; i < 500; i++) {
            for (Scene.Thing t : Scene.of(5, i).things()) {
                for (int f = t.start(); f < t.start() + t.frames(); f++) {
                    assertTrue(t.x(f) > 10 && t.x(f) < 53 && t.y(f) > 10 && t.y(f) < 53, t + " in frame " + f);
                }
            }
        }
    }

    @Test void reasoningNamesTheEvidence() {
        Scene s = Scene.of(1, 3);
        Question q = Question.about(s, Question.Kind.HOP, 0, new int[] {3, 1, 0, 2});
        assertTrue(DriftText.reasoned(s, q).contains(q.evidence()));
        assertEquals(List.of("Down", "Right", "Left", "Up"), q.options());
    }

    @Test void aPathBeginsAndEndsWhereTheThingDoes() {
        for (int i = 0; i < 200; i++) {
            Scene scene = Scene.of(5, i);
            String path = DriftText.path(scene);
            for (Scene.Thing t : scene.things()) {
                int end = t.start() + t.frames() - 1;
                String first = DriftText.frameCaption(scene, t.start());
                String last = DriftText.frameCaption(scene, end);
                String from = first.substring(first.indexOf(t.name()) + t.name().length() + 1).split("[,.]")[0];
                String to = last.substring(last.indexOf(t.name()) + t.name().length() + 1).split("[,.]")[0];
                assertTrue(path.contains(t.name() + " " + from + " to " + to + " " + t.direction().word()), path);
            }
        }
    }
}
