package lucid.video.drift;

import java.util.List;
import java.util.Locale;

/// A multiple-choice question about a scene. The options are all four values of the attribute asked for, shuffled, so the text alone says nothing.
///
/// @param kind    what it asks
/// @param text    the question itself
/// @param asked   the key word by which the thing is looked up: `first`, `last` or a colour
/// @param answer  the true option's word, capitalised
/// @param options in order A to D
/// @param letter  of the true option
/// @param evidence the true clause, `red bar up`
public record Question(Kind kind, String text, String asked, String answer, List<String> options, String letter, String evidence) {
    /// Kinds of questions. All but [#SHAPE] need more than one frame.
    public enum Kind {
        COLOUR, SHAPE, DIRECTION, ORDER, HOP;

        /// As the data set's files have it: `colour`, `order`.
        public String word() { return name().toLowerCase(Locale.ROOT); }

        /// Whether the answer changes when the clip is played backwards (of a scene with two things).
        public boolean orderDependent() { return this != SHAPE; }
    }

    /// A question of the given kind about a scene; the thing asked for and the options' order are drawn.
    public static Question draw(Draw d, Scene scene, Kind kind) { return about(scene, kind, d.below(scene.things().size()), d.permutation(4)); }

    /// @param thing which thing is asked for
    /// @param order option i shows value `order[i]` of the attribute
    public static Question about(Scene scene, Kind kind, int thing, int[] order) {
        Scene.Thing t = scene.things().get(thing);
        String when = thing == 0 ? "first" : "last";
        String colour = t.colour().word();
        return switch (kind) {
            case COLOUR -> of(kind, "What colour is the " + when + " object?", when, t, t.colour(), Scene.Colour.values(), order);
            case SHAPE -> of(kind, "What shape is the " + colour + " object?", colour, t, t.shape(), Scene.Shape.values(), order);
            case DIRECTION -> of(kind, "Which way does the " + colour + " object move?", colour, t, t.direction(), Scene.Direction.values(), order);
            case ORDER -> of(kind, "Which shape comes " + when + "?", when, t, t.shape(), Scene.Shape.values(), order);
            case HOP -> of(kind, "Which way does the " + when + " object move?", when, t, t.direction(), Scene.Direction.values(), order);
        };
    }

    private static <E extends Enum<E>> Question of(Kind kind, String text, String asked, Scene.Thing thing, E truth, E[] values, int[] order) {
        List<String> options = java.util.Arrays.stream(order).mapToObj(i -> capital(values[i])).toList();
        String answer = capital(truth);
        return new Question(kind, text, asked, answer, options, String.valueOf((char) ('A' + options.indexOf(answer))), thing.clause());
    }

    private static String capital(Enum<?> value) { return value.name().charAt(0) + value.name().substring(1).toLowerCase(Locale.ROOT); }

    /// The problem in the published layout: question, `Options:`, one line an option.
    public String problem() {
        StringBuilder s = new StringBuilder(text).append("\nOptions:");
        for (int i = 0; i < options.size(); i++) s.append('\n').append((char) ('A' + i)).append(". ").append(options.get(i)).append('.');
        return s.toString();
    }

    /// `Look for first: red bar up. The answer is Red`.
    public String finding() { return "Look for " + asked + ": " + evidence + ". The answer is " + answer; }

    /// `Look for first: red bar up. The answer is Red B.`
    public String conclusion() { return finding() + " " + letter + "."; }

    /// The solution in the published layout.
    public String solution() { return "<answer>" + letter + "</answer>"; }
}
