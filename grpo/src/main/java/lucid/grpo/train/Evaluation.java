package lucid.grpo.train;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/// What an evaluation found. What could not be measured is null, and absent in JSON.
///
/// @param accuracy         share of right answers
/// @param accuracyByKind   the same by kind of question
/// @param format           share of well-formed completions; of direct answers, share that gives a letter of the options
/// @param meanLength       tokens of a completion
/// @param evidence         share of completions that name what is really in the clip; null of direct answers, and where nobody knows what is in it
/// @param orderAccuracy    accuracy on the kinds whose answer depends on the order of frames; null without such questions
/// @param orderQuestions   how many those are
/// @param asReversed how often the answer is the one of the clip played backwards, on those kinds; null without such questions
/// @param answers          every answer
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Evaluation(int questions, double accuracy, Map<String, Double> accuracyByKind, double format, double meanLength, Double evidence,
        Double orderAccuracy,
                         int orderQuestions, Double asReversed, @JsonIgnore List<Answer> answers) {
    /// One answer.
    public record Answer(int question, String text, boolean correct) {}
}
