package lucid.video.drift;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The words of Drift: captions, chains of thought, and the text-only documents that stand in for a language model's pretraining. Telegraphic on
/// purpose: each fact directly follows its key word (`first red bar up`), which a model of four layers learns to look up in a minute.
public final class DriftText {
    private static final List<String> TAGS = List.of("note", "plan", "reply", "result", "idea", "final");
    private static final List<String> PLACES = List.of("first", "second", "third", "last");

    /// Something given and the text to be learned after it.
    ///
    /// @param given  where nothing is learned
    /// @param target what is learned
    public record Pair(String given, String target) {}

    private DriftText() {}

    /// `first red bar up, last blue ring left.`
    public static String caption(Scene scene) {
        return IntStream.range(0, scene.things().size()).mapToObj(i -> (i == 0 ? "first " : "last ") + scene.things().get(i).clause())
                .collect(Collectors.joining(", ", "", "."));
    }

    /// ` red bar top left.`: what one frame shows and where.
    public static String frameCaption(Scene scene, int frame) {
        return scene.things().stream().filter(t -> t.seenIn(frame)).map(t -> " " + t.name() + " " + place(t.x(frame), t.y(frame)))
                .collect(Collectors.joining(",", "", "."));
    }

    /// `first red bar top left to bottom left down, ...`: where each thing begins and ends, and so which way it moves.
    public static String path(Scene scene) {
        return IntStream.range(0, scene.things().size()).mapToObj(i -> {
            Scene.Thing t = scene.things().get(i);
            int end = t.start() + t.frames() - 1;
            return (i == 0 ? "first " : "last ") + t.name() + " " + place(t.x(t.start()), t.y(t.start())) + " to " + place(t.x(end), t.y(end)) + " "
                    + t.direction().word();
        }).collect(Collectors.joining(", ", "", "."));
    }

    private static String place(double x, double y) {
        double low = 0.36 * Scene.SIZE;
        double high = 0.64 * Scene.SIZE;
        return (y < low ? "top" : y > high ? "bottom" : "middle") + " " + (x < low ? "left" : x > high ? "right" : "centre");
    }

    /// A chain of thought as a person would write it for the cold start.
    public static String thought(Scene scene, Question q) { return "I see " + caption(scene) + " " + q.conclusion(); }

    /// ` <think> ... </think> <answer> B </answer>`.
    public static String reasoned(Scene scene, Question q) {
        return " <think> " + thought(scene, q) + " </think> <answer> " + q.letter() + " </answer>";
    }

    /// How a description is asked for: plainly, after a question, or inside named tags. The distance to the video varies on purpose.
    public static Pair description(Draw d, Scene scene) {
        double v = d.uniform();
        Question q = Question.draw(d, scene, d.pick(List.of(Question.Kind.values())));
        String c = caption(scene);
        if (v < 0.25) return new Pair("Describe the video.", " " + c);
        if (v < 0.55) return new Pair(q.problem() + " Describe the video.", " " + c);
        String tag = d.pick(TAGS);
        return new Pair((v < 0.85 ? q.problem() + " " : "") + "Describe the video in <" + tag + "> </" + tag + ">.", " <" + tag + "> " + c + " </"
                + tag + ">");
    }

    /// What a text-only document trains.
    public enum Lesson {
        /// Four things told, then looked up in another order.
        BINDING,
        /// Which option has which letter.
        LETTERS,
        /// Open questions about a told scene.
        FINDING,
        /// Multiple choice about a told scene, often inside tags.
        CHOICE
    }

    /// A document with no video.
    public static Pair document(Draw d, Lesson lesson) {
        Scene scene = Scene.draw(d);
        Question q = Question.draw(d, scene, d.pick(List.of(Question.Kind.values())));
        return switch (lesson) {
            case BINDING -> binding(d);
            case LETTERS -> letters(d, q);
            case FINDING -> finding(d, scene);
            case CHOICE -> choice(d, scene, q);
        };
    }

    /// The mixture of documents: early in training binding and letters are practised more.
    public static Pair document(Draw d, boolean early) {
        if (early) return document(d, d.chance(0.3) ? Lesson.LETTERS : Lesson.BINDING);
        double v = d.uniform();
        return document(d, v < 0.15 ? Lesson.BINDING : v < 0.35 ? Lesson.LETTERS : v < 0.6 ? Lesson.FINDING : Lesson.CHOICE);
    }

    private static Pair binding(Draw d) {
        int[] colours = d.permutation(4);
        int[] shapes = d.permutation(4);
        int[] directions = d.permutation(4);
        List<String> told = new ArrayList<>();
        List<String> clauses = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String clause = Scene.Colour.values()[colours[i]].word() + " " + Scene.Shape.values()[shapes[i]].word() + " "
                    + Scene.Direction.values()[directions[i]].word();
            clauses.add(clause);
            told.add(PLACES.get(i) + " " + clause);
        }
        StringBuilder target = new StringBuilder();
        for (int i : d.permutation(4)) {
            String key = d.chance(0.5) ? PLACES.get(i) : Scene.Colour.values()[colours[i]].word();
            target.append(" Look for ").append(key).append(": ").append(clauses.get(i)).append('.');
        }
        return new Pair(" " + String.join(", ", told) + ".", target.toString());
    }

    /// Sentences that say nothing: between the options and the answer lies now this, now that, so looking an option up must not depend on how far
    /// away it is.
    private static String filler(Draw d) {
        StringBuilder s = new StringBuilder();
        for (int n = d.below(4); n > 0; n--) {
            String a = d.pick(TAGS);
            String b = d.pick(TAGS);
            s.append(switch (d.below(4)) {
                case 0 -> " Describe the video in <" + a + "> </" + a + ">.";
                case 1 -> " Look at every object and write a " + a + " of it.";
                case 2 -> " Put the " + a + " in <" + a + "> </" + a + "> and the " + b + " (option) in <" + b + "> </" + b + "> tags.";
                default -> " Read and answer.";
            });
        }
        return s.toString();
    }

    private static Pair letters(Draw d, Question q) {
        String options = q.problem().substring(q.problem().indexOf("\nOptions:"));
        String target = IntStream.of(d.permutation(4)).mapToObj(i -> " " + q.options().get(i) + " " + (char) ('A' + i))
                .collect(Collectors.joining(","));
        return new Pair(options + "\n", target + ".");
    }

    private static Pair finding(Draw d, Scene scene) {
        StringBuilder target = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            Question q = Question.draw(d, scene, d.pick(List.of(Question.Kind.values())));
            target.append(' ').append(q.text()).append(' ').append(q.finding()).append('.');
        }
        return new Pair(" " + caption(scene), target.toString());
    }

    private static Pair choice(Draw d, Scene scene, Question q) {
        String told = " USER: \n" + q.problem() + (d.chance(0.5) ? " Read and answer." : filler(d)) + " ASSISTANT:";
        if (d.chance(0.5)) return new Pair(told + " " + caption(scene), " " + q.conclusion());
        int[] two = d.permutation(TAGS.size());
        String a = TAGS.get(two[0]);
        String b = TAGS.get(two[1]);
        return new Pair(told + " <" + a + "> " + caption(scene), " " + q.conclusion() + " </" + a + "> <" + b + "> " + q.letter() + " </" + b + ">");
    }
}
