package lucid.kernels.ptx.text;

/// A token of PTX.
///
/// @param text as written; for `DOT` words without the dot, for strings without the quotes
/// @param line from 1
/// @param start offset of its first character in the text
/// @param end offset behind its last character
record Token(Kind kind, String text, int line, int start, int end) {

    /// What kinds of tokens there are. `DOT` is a dot with the word behind it: a directive or a modifier, `::` included.
    enum Kind { DOT, NAME, NUMBER, STRING, SIGN, END }

    boolean is(String sign) {
        return kind == Kind.SIGN && text.equals(sign);
    }

    boolean dot(String word) {
        return kind == Kind.DOT && text.equals(word);
    }

    @Override
    public String toString() {
        return switch (kind) {
            case END -> "the end of the file";
            case DOT -> "'." + text + "'";
            case STRING -> "a string";
            default -> "'" + text + "'";
        };
    }
}
