package lucid.grpo.train;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;

/// What an evaluation found.
///
/// @param accuracy         share of right answers
/// @param accuracyByKind   the same by kind of question
/// @param format           share of well-formed completions; of direct answers, share that gives a letter of the options
/// @param meanLength       tokens of a completion
/// @param evidence         share of completions that name what is really in the clip
/// @param orderAccuracy    accuracy on the kinds whose answer depends on the order of frames
/// @param orderQuestions   how many those are
/// @param asReversed how often the answer is the one of the clip played backwards, on those kinds
/// @param answers          every answer
public record Evaluation(int questions, double accuracy, @JsonProperty("accuracy_by_kind") Map<String, Double> accuracyByKind, double format,
                         @JsonProperty("mean_length") double meanLength, double evidence, @JsonProperty("order_accuracy") double orderAccuracy,
                         @JsonProperty("order_questions") int orderQuestions, @JsonProperty("as_reversed") double asReversed, @JsonIgnore List<Answer> answers) {
    /// One answer.
    public record Answer(int question, String text, boolean correct) {}
}
