package lucid.grpo.evaluation;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.tokenizer.chat.PythonText;
import lucid.video.benchmark.BenchmarkQuestion.Choice;

/// The letter in a model's words, found as the published scripts find it (spec 7.1), guesses left out.
///
/// @param letter null where there is none
public record Extraction(String letter, Found found) {
    /// What came of looking for a letter.
    public enum Found {
        /// There it is.
        @JsonProperty("letter") LETTER,
        /// Answer tags with nothing in them: counted as wrong, never guessed.
        @JsonProperty("empty") EMPTY,
        /// An answer without a letter of the options: guessed by the published scripts.
        @JsonProperty("no_letter") NO_LETTER,
        /// No answer tags: guessed by the published scripts.
        @JsonProperty("no_tags") NO_TAGS
    }

    // Without DOTALL, as published: an answer over two lines is none. Python's `.` excludes only \n.
    private static final Pattern ANSWER = Pattern.compile("<answer>" + PythonText.SPACE + "*([^\\n]*?)" + PythonText.SPACE + "*</answer>");
    private static final Pattern THINK = Pattern.compile("<think>(.*?)</think>", Pattern.DOTALL);
    private static final String PUNCTUATION = ",.!?;:'";
    private static final int WORDS = 5;

    /// What stands in the first `<answer>` block of one line; null if there is none.
    public static String answer(String text) { return first(ANSWER, text); }

    /// What stands in the first `<think>` block; null if there is none.
    public static String think(String text) { return first(THINK, text); }

    private static String first(Pattern block, String text) {
        Matcher m = block.matcher(text);
        return m.find() ? PythonText.strip(m.group(1)) : null;
    }

    /// From an answer that reasons first.
    public static Extraction ofReasoning(String text, List<Choice> choices) {
        String said = answer(text);
        if (said == null) return new Extraction(null, Found.NO_TAGS);
        if (said.isEmpty()) return new Extraction(null, Found.EMPTY);
        String first = said.substring(0, 1);
        for (Choice c : choices) {
            if (first.equals(c.letter()) || first.equals(c.letter().toLowerCase(Locale.ROOT))) return new Extraction(c.letter(), Found.LETTER);
        }
        for (Choice c : choices) {
            if (said.contains("(" + c.letter() + ")") || said.contains("(" + c.letter().toLowerCase(Locale.ROOT) + ")"))
                return new Extraction(c.letter(), Found.LETTER);
        }
        return new Extraction(null, Found.NO_LETTER);
    }

    /// From a direct answer.
    public static Extraction ofDirect(String text, List<Choice> choices) {
        String said = text;
        for (int i = 0; i < PUNCTUATION.length(); i++) said = strip(said, PUNCTUATION.charAt(i));
        for (Choice c : choices) if (said.startsWith(c.letter())) return new Extraction(c.letter(), Found.LETTER);
        String padded = " " + said + " ";
        String letter = last(padded, choices, c -> "(" + c.letter() + ")");
        if (letter == null) letter = last(padded, choices, c -> " " + c.letter() + " ");
        if (letter == null && PythonText.strip(said).split(PythonText.SPACE + "+").length > WORDS) {
            letter = last(padded.toLowerCase(Locale.ROOT), choices, c -> c.text().toLowerCase(Locale.ROOT));
        }
        return letter == null ? new Extraction(null, Found.NO_LETTER) : new Extraction(letter, Found.LETTER);
    }

    // Of several the one that comes last; of two at the same place the first option.
    private static String last(String text, List<Choice> choices, Function<Choice, String> mark) {
        String letter = null;
        int best = -1;
        for (Choice c : choices) {
            int at = text.lastIndexOf(mark.apply(c));
            if (at > best) {
                best = at;
                letter = c.letter();
            }
        }
        return letter;
    }

    private static String strip(String s, char c) {
        int from = 0;
        int to = s.length();
        while (from < to && s.charAt(from) == c) from++;
        while (to > from && s.charAt(to - 1) == c) to--;
        return s.substring(from, to);
    }
}
