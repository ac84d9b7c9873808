package lucid.grpo.ask;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The option that an answer names, by the published evaluation's rules. Where those fall back on a random guess, nothing is chosen here.
final class ChosenLetter {
    private static final Pattern ANSWER = Pattern.compile("<answer>\\s*(.*?)\\s*</answer>");
    private static final Pattern THINK = Pattern.compile("<think>(.*?)</think>", Pattern.DOTALL);

    private ChosenLetter() {}

    /// What stands in the first `<answer>` block of one line; null if there is none.
    static String answer(String text) { return first(ANSWER, text); }

    /// What stands in the first `<think>` block; null if there is none.
    static String think(String text) { return first(THINK, text); }

    private static String first(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        return m.find() ? m.group(1).strip() : null;
    }

    /// The letter of a text that holds an answer alone: its first character in either case, else the first option whose letter stands in round brackets.
    static Optional<String> of(String answer, List<String> letters) {
        if (answer == null || answer.isEmpty()) return Optional.empty();
        String first = answer.substring(0, 1).toUpperCase(java.util.Locale.ROOT);
        if (letters.contains(first)) return Optional.of(first);
        return letters.stream().filter(l -> answer.contains("(" + l + ")")).findFirst();
    }
}
