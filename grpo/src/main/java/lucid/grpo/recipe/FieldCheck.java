package lucid.grpo.recipe;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// Checks the fields of one object of a recipe: each method refuses what is not as its name says.
///
/// @param place names the object in messages: file, stage, parents
record FieldCheck(String place) {
    /// The same for an object inside, which must be there.
    FieldCheck in(String field, Object found) {
        given(field, found);
        return new FieldCheck(path(field));
    }

    RecipeException fault(String field, Object found, String wanted) {
        return new RecipeException(path(field) + ": found " + (found instanceof String ? "'" + found + "'" : found) + ", wanted " + wanted);
    }

    private String path(String field) { return place + (place.endsWith(", ") ? "" : ".") + field; }

    void given(String field, Object found) {
        if (found == null) throw fault(field, null, "a value");
    }

    /// Names become parts of folders' names.
    void name(String field, String found) {
        if (found == null || !found.matches("[\\w.-]*\\w[\\w.-]*")) throw fault(field, found, "a name of letters, digits, '_', '-' and '.'");
    }

    void atLeast(String field, Number found, long least) {
        if (found == null || found.longValue() < least) throw fault(field, found, "a whole number, at least " + least);
    }

    void atMost(String field, long found, long most, String why) {
        if (found > most) throw fault(field, found, "at most " + most + ": " + why);
    }

    /// What only one kind of data has.
    void absent(String field, Object found, String why) {
        if (found != null) throw fault(field, found, "null: " + why);
    }

    // The kernels compute with floats: a number that is none, or that is 0 or 1 there, is not what it says.

    void notNegative(String field, double found) {
        if (!(found >= 0) || !Float.isFinite((float) found)) throw fault(field, found, "a finite number >= 0" + asFloat(found));
    }

    void positive(String field, double found) {
        if (!((float) found > 0) || !Float.isFinite((float) found)) throw fault(field, found, "a finite number > 0" + asFloat(found));
    }

    void within(String field, double found, double least, double most) {
        if (!(found >= least && found <= most)) throw fault(field, found, "a number in [" + least + ", " + most + "]");
    }

    void share(String field, double found) {
        if (!(found >= 0 && found <= 1)) throw fault(field, found, "a number in [0, 1]");
    }

    void decay(String field, double found) {
        if (!(found >= 0 && (float) found < 1)) throw fault(field, found, "a number in [0, 1)" + asFloat(found));
    }

    private static String asFloat(double found) { return found > 0 && Double.isFinite(found) ? ", as a float too" : ""; }

    void oneOf(String field, String found, Collection<String> known) {
        if (found == null || !known.contains(found)) throw fault(field, found, oneOf(found, known));
    }

    /// In capitals or not, as an enum's constants are read.
    void oneOf(String field, String found, Enum<?>[] known) { oneOf(field, found == null ? null : found.toLowerCase(Locale.ROOT), names(known)); }

    static List<String> names(Enum<?>[] known) { return Arrays.stream(known).map(k -> k.name().toLowerCase(Locale.ROOT)).toList(); }

    /// `one of a, b (did you mean 'b'?)`.
    static String oneOf(String found, Collection<String> known) {
        return (known.size() > 1 ? "one of " : "") + String.join(", ", known) + (found == null ? "" : RecipeReader.suggestion(found, known));
    }
}
