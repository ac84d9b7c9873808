package lucid.grpo.reward;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.tokenizer.chat.PythonText;

/// The reward of TinyLLaVA-Video-R1 (arXiv 2504.09641, section 3.2): accuracy a in {0, 1} and a format part that grows with the length of the
/// reasoning,
/// `f = r0 + r1 · min(characters / ML, 1)`; total `a + (2a - 1) · f`, so a long wrong answer costs more than a short one.
///
/// Code and paper differ, so there are two rules. [Rule#CODE]: a malformed completion gets -2 only if it is wrong as well; the accuracy falls back to
/// the whole text, so bare `C` earns +1. [Rule#PAPER]: malformed is always -(r0 + r1 + r2) = -2, r2 = 1 being what a right answer earns.
///
/// @param rule       which of the two
/// @param maxLength  ML: characters of reasoning at which the length part is full (published 1200)
/// @param lengthPart whether r1 counts at all (false: an ablation)
/// @param format     r0, published [#FORMAT]; > 0, as 0 is a malformed completion's
/// @param length     r1, published [#LENGTH]
/// @param malformed  total of a malformed completion, published [#MALFORMED]
public record TinyLlavaVideoR1Reward(Rule rule, int maxLength, boolean lengthPart, double format, double length, double malformed) implements Reward {
    /// What the published code does, or what the paper says.
    public enum Rule { CODE, PAPER }

    public static final double FORMAT = 0.5;
    public static final double LENGTH = 0.5;
    public static final double MALFORMED = -2;

    // The published pattern of the answer has no DOTALL: an answer with a line break does not match. Python's `.` excludes only \n.
    private static final Pattern ANSWER = Pattern.compile("<answer>([^\\n]*?)</answer>");
    private static final Pattern THINK = Pattern.compile("<think>(.*?)</think>", Pattern.DOTALL);
    private static final Pattern WHOLE = Pattern.compile("<think>.*?</think>" + PythonText.SPACE + "*<answer>.*?</answer>", Pattern.DOTALL);
    private static final List<String> TAGS = List.of("<think>", "</think>", "<answer>", "</answer>");

    public TinyLlavaVideoR1Reward {
        if (maxLength <= 0) throw new IllegalArgumentException("reward: max_length " + maxLength + ", wanted > 0 characters");
        if (!(format > 0)) throw new IllegalArgumentException("reward: format " + format + ", wanted > 0");
    }

    /// With the published constants.
    public TinyLlavaVideoR1Reward(Rule rule, int maxLength, boolean lengthPart) { this(rule, maxLength, lengthPart, FORMAT, LENGTH, MALFORMED); }

    /// The published code with its published constants.
    public static TinyLlavaVideoR1Reward published() { return new TinyLlavaVideoR1Reward(Rule.CODE, 1200, true); }

    @Override public Score score(String completion, String solution) {
        double a = accuracy(completion, solution);
        double f = format(completion);
        if (rule == Rule.PAPER && f == 0) return new Score(a, f, malformed);
        double total = a + (2 * a - 1) * f;
        return new Score(a, f, total == 0 ? malformed : total);
    }

    /// 1 if the text of the first answer block (or, without one, the whole completion) equals the solution's or begins with it.
    static double accuracy(String completion, String solution) {
        String truth = answer(solution);
        String student = answer(completion);
        if (student.isEmpty()) return 0;
        String first = student.substring(0, student.offsetByCodePoints(0, 1));
        return student.equals(truth) || truth.equals(first) ? 1 : 0;
    }

    private static String answer(String text) {
        Matcher m = ANSWER.matcher(text);
        return PythonText.strip(m.find() ? m.group(1) : text);
    }

    private double format(String completion) {
        if (!isWellFormed(completion)) return 0;
        Matcher m = THINK.matcher(completion);
        if (!m.find()) throw new AssertionError("a well-formed completion has a think block");
        if (!lengthPart) return format;
        int characters = PythonText.length(PythonText.strip(m.group(1)));
        return format + length * Math.min((double) characters / maxLength, 1);
    }

    /// Reasoning and answer in their tags and nothing else; every tag exactly once.
    public static boolean isWellFormed(String completion) {
        return WHOLE.matcher(completion).matches() && TAGS.stream().allMatch(tag -> PythonText.count(completion, tag) == 1);
    }
}
