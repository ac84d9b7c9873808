package lucid.grpo.ask;

/// An answer.
///
/// @param text       decoded without special tokens, stripped
/// @param think      inside of its `<think>` block, or null
/// @param answer     inside of its `<answer>` block, or null; the whole text where the letter alone was asked for
/// @param letter     the option that it names, or null: never guessed
/// @param ended      false if the length ran out
/// @param promptRows rows of the whole prompt, the clip's among them
/// @param newRows    rows of the prompt that had not been computed before
/// @param newTokens  tokens drawn, the end token among them
/// @param unknown    tokens drawn for which the tokenizer has no text (a model's table may be larger); they are left out of `text`
/// @param prefill    seconds for the prompt's new rows
/// @param firstToken seconds from the question to the first token; what the clip took is not in it
/// @param perSecond  tokens per second after the first, without the time of who hears them; 0 for fewer than two
public record Reply(String text, String think, String answer, String letter, boolean ended, int promptRows, int newRows, int newTokens, int unknown,
                    double prefill, double firstToken, double perSecond) {}
