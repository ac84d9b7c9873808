package lucid.grpo.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// What differs between two JSON texts, field by field, short enough to be read in a message.
public final class Differences {
    private static final int LONG = 80;
    private static final int LEAD = 20;
    private static final int NAMED = 3;

    private Differences() {}

    /// `path: there -> wanted` for every field that differs, in the order of the texts. An object or a list that only one of them has is named, not
    /// printed; of long texts the part where they part is.
    public static List<String> of(JsonNode there, JsonNode wanted) { return of(there, wanted, Set.of()); }

    /// The same, where in some objects the order of the fields means something too.
    ///
    /// @param ordered names of these objects
    static List<String> of(JsonNode there, JsonNode wanted, Set<String> ordered) {
        List<String> all = new ArrayList<>();
        collect("", there, wanted, ordered, all);
        return all;
    }

    /// The first of them, a line each.
    public static String lines(List<String> differences, int most) {
        return "\n  " + String.join("\n  ", differences.subList(0, Math.min(most, differences.size())))
                + (differences.size() > most ? "\n  and " + (differences.size() - most) + " more" : "");
    }

    private static void collect(String path, JsonNode there, JsonNode wanted, Set<String> ordered, List<String> all) {
        if (there != null && wanted != null && there.isContainerNode() && there.getNodeType() == wanted.getNodeType()) {
            List<String> one = names(there);
            List<String> other = names(wanted);
            Set<String> names = new LinkedHashSet<>(one);
            names.addAll(other);
            for (String n : names) collect(path.isEmpty() ? n : path + "." + n, there.get(n), wanted.get(n), ordered, all);
            int elements = there.isArray() ? Math.max(there.size(), wanted.size()) : 0;
            for (int i = 0; i < elements; i++) collect(path + "[" + i + "]", there.get(i), wanted.get(i), ordered, all);
            boolean same = names.size() == one.size() && names.size() == other.size();
            if (same && !one.equals(other) && ordered.contains(path.substring(path.lastIndexOf('.') + 1))) {
                all.add(path + ": in the order " + String.join(", ", one) + " -> " + String.join(", ", other));
            }
            return;
        }
        String one = text(there);
        String other = text(wanted);
        if (one.equals(other)) return;
        int at = 0;
        while (at < Math.min(one.length(), other.length()) && one.charAt(at) == other.charAt(at)) at++;
        all.add(path + ": " + shown(there, one, at) + " -> " + shown(wanted, other, at));
    }

    private static List<String> names(JsonNode n) {
        List<String> names = new ArrayList<>();
        n.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static String text(JsonNode n) { return n == null ? "absent" : n.toString(); }

    private static String shown(JsonNode n, String text, int differs) {
        if (n != null && n.isArray()) return "a list of " + n.size();
        if (n != null && n.isObject()) {
            return "an object of " + n.properties().stream().map(e -> e.getKey()).limit(NAMED).collect(Collectors.joining(", "))
                    + (n.size() > NAMED ? " and " + (n.size() - NAMED) + " more" : "");
        }
        if (text.length() <= LONG) return text;
        int from = Math.max(0, Math.min(differs - LEAD, text.length() - LONG));
        return (from > 0 ? "..." : "") + text.substring(from, Math.min(text.length(), from + LONG)) + (from + LONG < text.length() ? "..." : "");
    }
}
