package lucid.grpo.evaluation;

import com.fasterxml.jackson.annotation.JsonProperty;

/// One answer, as a line of `answers.jsonl`.
///
/// @param question   id of the question
/// @param truth      the true letter
/// @param letter     the letter that counts: found, or guessed; null: none
/// @param found      what came of looking for one
/// @param guessed    whether the letter is a guess
/// @param text       all that the model said
/// @param tokens     how many that were
/// @param ended      whether it came to an end by itself
public record Answer(String question, String truth, String letter, Extraction.Found found, boolean guessed, String text, int tokens, boolean ended,
        double seconds) {
    public Answer {
        if (question == null || truth == null || found == null || text == null)
            throw new IllegalArgumentException("an answer without question, truth, found or text");
    }

    /// A missing letter is wrong.
    @JsonProperty("correct") public boolean correct() { return truth.equals(letter); }
}
