package lucid.tokenizer;

import java.util.Objects;

/// A token that is cut out of the text before pre-tokenisation.
///
/// @param id         its id
/// @param content    its literal text, matched exactly
/// @param special    whether `decode(ids, true)` drops it; `<|endoftext|>` is special, `<tool_call>` is not
/// @param normalized whether it is looked for in the normalised text, its own text normalised as well, once the others have been cut out of the raw
/// text.
///                   What transformers makes of a token that is added as a mere string
public record AddedToken(int id, String content, boolean special, boolean normalized) {
    public AddedToken {
        Objects.requireNonNull(content, "AddedToken: content is null");
        if (content.isEmpty())
            throw new IllegalArgumentException("AddedToken: id " + id + " has an empty content; an added token needs text to match");
        if (id < 0) throw new IllegalArgumentException("AddedToken '" + content + "': id " + id + " is negative");
    }

    /// One that is looked for in the raw text.
    public AddedToken(int id, String content, boolean special) {
        this(id, content, special, false);
    }
}
