package lucid.tokenizer;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Finds added tokens in raw text: leftmost first, and the longest of those that start at the same place.
final class AddedTokens {
    private final Map<Character, List<AddedToken>> byFirstChar = new HashMap<>();
    private final boolean[] asciiStart = new boolean[128];
    private boolean otherStart;

    AddedTokens(Collection<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            char first = token.content().charAt(0);
            byFirstChar.merge(first, List.of(token), AddedTokens::longestFirst);
            if (first < 128) asciiStart[first] = true;
            else otherStart = true;
        }
    }

    private static List<AddedToken> longestFirst(List<AddedToken> some, List<AddedToken> more) {
        return java.util.stream.Stream.concat(some.stream(), more.stream())
            .sorted(Comparator.comparingInt((AddedToken t) -> t.content().length()).reversed()).toList();
    }

    /// A token and the place where it was found.
    record Match(int start, AddedToken token) {
        int end() {
            return start + token.content().length();
        }
    }

    /// The first match at or after `from`, or null.
    Match find(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 128 ? !asciiStart[c] : !otherStart) continue;
            for (AddedToken token : byFirstChar.getOrDefault(c, List.of())) {
                if (text.startsWith(token.content(), i)) return new Match(i, token);
            }
        }
        return null;
    }
}
