package lucid.grpo.data;

import java.util.regex.Pattern;

/// A question to be answered.
///
/// @param kind     kind of question, for accuracies by kind
/// @param clip     index of the clip
/// @param problem  question and options as shown
/// @param solution `<answer>B</answer>`
/// @param ids      the whole prompt, ready for generation, placeholder included
/// @param evidence words that right reasoning names, or null if that is not known
/// @param orderDependent whether the answer is another one when the clip is played backwards
/// @param reversedSolution the solution for the clip played backwards, or null if that is not known
public record Prompt(String kind, int clip, String problem, String solution, int[] ids, String evidence, boolean orderDependent,
        String reversedSolution) {
    /// Whether the problem has this option, on a line of its own as `A. ...` or `(A) ...`, the two ways in which the data sets write them.
    public boolean offers(String letter) {
        return letter.length() == 1 && Pattern.compile("^\\s*\\(?" + Pattern.quote(letter) + "[.)]", Pattern.MULTILINE).matcher(problem).find();
    }
}
