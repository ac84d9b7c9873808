package lucid.tokenizer;

/// Qwen2's pre-tokenisation, scanned by hand: the same pieces as [#PATTERN], in one pass without backtracking.
///
/// Classes are those of Unicode 16 (see [UnicodeVersions]): `\p{L}`, `\p{N}` by general category, `\s` the 25 White_Space code points.
public final class PreTokenizer {
    /// The published regular expression, as it stands in `tokenizer.json`.
    public static final String PATTERN =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /// What the pattern distinguishes.
    public enum CharClass { OTHER, LETTER, NUMBER, SPACE }

    private static final byte OTHER = 0;
    private static final byte LETTER = 1;
    private static final byte NUMBER = 2;
    private static final byte SPACE = 3;

    /// One byte per code point of the basic plane: English text never leaves its first cache lines.
    private static final byte[] BASIC_PLANE = new byte[0x10000];

    static {
        for (int c = 0; c < BASIC_PLANE.length; c++) BASIC_PLANE[c] = classify(c);
    }

    private PreTokenizer() {}

    /// The class of a code point.
    public static CharClass classOf(int codePoint) {
        return switch (classAt(codePoint)) {
            case LETTER -> CharClass.LETTER;
            case NUMBER -> CharClass.NUMBER;
            case SPACE -> CharClass.SPACE;
            default -> CharClass.OTHER;
        };
    }

    private static byte classAt(int codePoint) {
        return codePoint < 0x10000 ? BASIC_PLANE[codePoint] : classify(codePoint);
    }

    private static byte classify(int codePoint) {
        boolean space = codePoint >= 9 && codePoint <= 13 || codePoint == 0x85 || switch (Character.getType(codePoint)) {
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
        if (space) return SPACE;
        if (UnicodeVersions.isLetterOrNumberAfter16(codePoint)) return OTHER;
        if (Character.isLetter(codePoint)) return LETTER;
        return switch (Character.getType(codePoint)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            default -> OTHER;
        };
    }

    /// Where the piece that starts at `from` ends (exclusive). `from < end`; surrogates must be paired.
    static int next(char[] text, int from, int end) {
        if (text[from] == '\'') {
            int contraction = contraction(text, from, end);
            if (contraction > 0) return contraction;
        }
        int cp = Character.codePointAt(text, from, end);
        int after = from + Character.charCount(cp);
        byte type = classAt(cp);
        if (type == LETTER) return letters(text, after, end);
        if (type == NUMBER) return after;
        if (cp != '\r' && cp != '\n' && after < end && classAt(Character.codePointAt(text, after, end)) == LETTER) return letters(text, after, end);
        if (type == OTHER) return symbols(text, after, end);
        if (cp == ' ' && after < end && classAt(Character.codePointAt(text, after, end)) == OTHER) return symbols(text, after, end);
        return spaces(text, from, end);
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; folding is Unicode's, so U+017F is an s as well.
    private static int contraction(char[] text, int from, int end) {
        if (from + 1 >= end) return -1;
        switch (text[from + 1]) {
            case 's', 'S', '\u017F', 't', 'T', 'm', 'M', 'd', 'D' -> {
                return from + 2;
            }
            case 'r', 'R', 'v', 'V' -> {
                return from + 2 < end && (text[from + 2] | 0x20) == 'e' ? from + 3 : -1;
            }
            case 'l', 'L' -> {
                return from + 2 < end && (text[from + 2] | 0x20) == 'l' ? from + 3 : -1;
            }
            default -> {
                return -1;
            }
        }
    }

    private static int letters(char[] text, int at, int end) {
        while (at < end) {
            int cp = Character.codePointAt(text, at, end);
            if (classAt(cp) != LETTER) break;
            at += Character.charCount(cp);
        }
        return at;
    }

    /// `[^\s\p{L}\p{N}]+[\r\n]*`
    private static int symbols(char[] text, int at, int end) {
        while (at < end) {
            int cp = Character.codePointAt(text, at, end);
            if (classAt(cp) != OTHER) break;
            at += Character.charCount(cp);
        }
        while (at < end && (text[at] == '\r' || text[at] == '\n')) at++;
        return at;
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line end of the run; else all but the last space, which belongs to the next word.
    private static int spaces(char[] text, int from, int end) {
        int at = from;
        int lineEnd = -1;
        while (at < end && BASIC_PLANE[text[at]] == SPACE) {
            if (text[at] == '\r' || text[at] == '\n') lineEnd = at + 1;
            at++;
        }
        if (lineEnd > 0) return lineEnd;
        return at == end || at - from == 1 ? at : at - 1;
    }
}
