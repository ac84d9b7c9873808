package lucid.tokenizer;

import java.util.Objects;

/// A token that is cut out of the raw text before normalisation and pre-tokenisation.
///
/// @param id      its id
/// @param content its literal text, matched exactly
/// @param special whether `decode(ids, true)` drops it; `<|endoftext|>` is special, `<tool_call>` is not
public record AddedToken(int id, String content, boolean special) {
    public AddedToken {
        Objects.requireNonNull(content, "AddedToken: content is null");
        if (content.isEmpty()) throw new IllegalArgumentException("AddedToken: id " + id + " has an empty content; an added token needs text to match");
        if (id < 0) throw new IllegalArgumentException("AddedToken '" + content + "': id " + id + " is negative");
    }
}
