package lucid.tokenizer;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Puts long runs of combining marks into canonical order before the JDK's normaliser sees them.
///
/// `java.text.Normalizer` orders marks by insertion, which is quadratic in the length of a run: 65,536 alternating marks take it seconds. The order
/// is a stable sort by combining class, so sorting first leaves a canonically equivalent text, and with it the same NFC.
/// The JDK does not tell the combining class; two marks are compared by asking whether decomposing them as a pair swaps them.
final class CombiningOrder {
    /// Natural text stays below this (the stream-safe format of UAX #15 allows 30).
    private static final int LONG_RUN = 64;
    /// U+0334 has the lowest combining class (1) and U+0345 the highest (240): a mark with a class of its own swaps with one of them.
    private static final String LOWEST = "\u0334";
    private static final String HIGHEST = "\u0345";

    private CombiningOrder() {}

    /// `text`, or a canonically equivalent text whose long runs of marks are in order.
    static String sortLongRuns(String text) {
        StringBuilder out = null;
        int copied = 0;
        for (int i = 0; i < text.length(); ) {
            int end = endOfMarks(text, i);
            if (end - i >= LONG_RUN) {
                if (out == null) out = new StringBuilder(text.length());
                out.append(text, copied, i);
                sort(text.substring(i, end), out);
                copied = end;
            }
            i = end > i ? end : i + Character.charCount(text.codePointAt(i));
        }
        return out == null ? text : out.append(text, copied, text.length()).toString();
    }

    private static int endOfMarks(String text, int at) {
        while (at < text.length()) {
            int cp = text.codePointAt(at);
            int type = cp < 0x300 ? Character.UNASSIGNED : Character.getType(cp);
            if (type != Character.NON_SPACING_MARK && type != Character.COMBINING_SPACING_MARK && type != Character.ENCLOSING_MARK) break;
            at += Character.charCount(cp);
        }
        return at;
    }

    private static void sort(String run, StringBuilder out) {
        // One mark may decompose into several; decomposing each alone moves nothing.
        Map<Integer, int[]> parts = new HashMap<>();
        int[] marks = run.codePoints()
                .flatMap(cp -> Arrays.stream(parts.computeIfAbsent(cp, c -> decompose(Character.toString(c)).codePoints().toArray()))).toArray();
        Map<Integer, Integer> order = order(marks);
        for (int from = 0; from < marks.length; ) {
            int to = from;
            while (to < marks.length && order.get(marks[to]) > 0) to++;
            int first = from;
            if (to > first) Arrays.stream(marks, first, to).boxed().sorted(Comparator.comparing(order::get)).forEach(out::appendCodePoint);
            // A mark of class 0 is a wall that nothing moves across.
            if (to < marks.length) out.appendCodePoint(marks[to]);
            from = to + 1;
        }
    }

    /// 0 for marks of class 0; equal positive numbers for equal classes, ascending with the class.
    private static Map<Integer, Integer> order(int[] marks) {
        Map<Integer, Integer> order = new HashMap<>();
        List<String> moving = new ArrayList<>();
        Arrays.stream(marks).distinct().sorted().forEach(cp -> {
            String mark = Character.toString(cp);
            if (swaps(mark, LOWEST) || swaps(HIGHEST, mark)) moving.add(mark);
            else order.put(cp, 0);
        });
        moving.sort((a, b) -> swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0);
        int rank = 0;
        for (int i = 0; i < moving.size(); i++) {
            if (i == 0 || swaps(moving.get(i), moving.get(i - 1))) rank++;
            order.put(moving.get(i).codePointAt(0), rank);
        }
        return order;
    }

    /// Whether canonical ordering puts `b` before `a` where `a` comes first.
    private static boolean swaps(String a, String b) {
        return !a.equals(b) && decompose(a + b).equals(b + a);
    }

    private static String decompose(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFD);
    }
}
