package lucid.tokenizer;

import java.util.Arrays;
import java.util.Map;

/// Finds added tokens in a text: leftmost first, and the longest of those that start at the same place.
///
/// Their texts are sorted, so that those with a common beginning lie together and a match narrows one range, character by character. That is all that
/// is built: vocabularies with speech or places have 100,000 added tokens that differ in a number only.
final class AddedTokens {
    private final String[] texts;
    private final AddedToken[] tokens;
    private final boolean[] asciiStart = new boolean[128];
    private boolean otherStart;

    /// @param byText what is looked for, by the text to look for
    AddedTokens(Map<String, AddedToken> byText) {
        texts = byText.keySet().stream().sorted().toArray(String[]::new);
        tokens = Arrays.stream(texts).map(byText::get).toArray(AddedToken[]::new);
        for (String text : texts) {
            char first = text.charAt(0);
            if (first < 128) asciiStart[first] = true;
            else otherStart = true;
        }
    }

    /// A token and the place where it was found, `[start, end)`.
    record Match(int start, int end, AddedToken token) {}

    /// The first match at or after `from`, or null.
    Match find(String text, int from) {
        if (texts.length == 0) return null;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 128 ? !asciiStart[c] : !otherStart) continue;
            int found = longest(text, i);
            if (found >= 0) return new Match(i, i + texts[found].length(), tokens[found]);
        }
        return null;
    }

    /// The index of the longest text that stands at `at`, or -1.
    private int longest(String text, int at) {
        int found = -1;
        int low = 0;
        int high = texts.length;
        // texts[low, high) are those whose first `depth` characters stand here.
        for (int depth = 0; ; depth++) {
            if (texts[low].length() == depth) found = low++;   // the one that ends here is sorted before those that go on
            if (low == high || at + depth == text.length()) return found;
            char c = text.charAt(at + depth);
            if (texts[low].charAt(depth) != c) low = bound(low, high, depth, c);
            if (low < high && texts[high - 1].charAt(depth) != c) high = bound(low, high, depth, c + 1);
            if (low == high) return found;
        }
    }

    /// The first in `[low, high)` whose character at `depth` is not below `c`, or `high`.
    private int bound(int low, int high, int depth, int c) {
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (texts[middle].charAt(depth) < c) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
