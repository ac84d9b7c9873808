package lucid.tokenizer.chat;

/// The few text rules of Python's `str` and `re` that the published templates, rewards and evaluations depend on; Java's own differ (for example
/// U+001C..U+001F and U+0085).
public final class PythonText {
    /// Body of a regex character class with the meaning of Python's `\s`.
    public static final String SPACE = "[\\t-\\r\\x1C-\\x20\\x85\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]";

    private PythonText() {}

    private static boolean isSpace(char c) {
        return c >= 9 && c <= 13 || c >= 0x1C && c <= 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || c >= 0x2000 && c <= 0x200A
                || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
    }

    /// `str.strip()`.
    public static String strip(String s) {
        int from = 0;
        int to = s.length();
        while (from < to && isSpace(s.charAt(from))) from++;
        while (to > from && isSpace(s.charAt(to - 1))) to--;
        return s.substring(from, to);
    }

    /// `len(s)`: code points.
    public static int length(String s) { return s.codePointCount(0, s.length()); }

    /// `s.count(part)`: occurrences that do not overlap.
    public static int count(String s, String part) {
        int n = 0;
        for (int i = s.indexOf(part); i >= 0; i = s.indexOf(part, i + part.length())) n++;
        return n;
    }
}
