package lucid.kernels.ptx.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;

/// Cuts a text into tokens. Comments vanish, but for `// @src N`, which tells the template line that a line was made from.
final class Lexer {
    private static final Pattern SOURCE_NOTE = Pattern.compile("//\\s*@src\\s+(\\d{1,9})");
    // Longest first: a shorter sign must not hide a longer one.
    private static final List<String> SIGNS = List.of("<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
            "{", "}", "(", ")", "[", "]", "<", ">", ",", ";", ":", "@", "!", "+", "-", "*", "/", "%", "&", "|", "^", "~", "?", "=");

    private final String file;
    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private final TreeMap<Integer, Integer> sources = new TreeMap<>();
    private int at;
    private int line = 1;

    Lexer(String file, String text) {
        this.file = file;
        this.text = text;
    }

    /// All tokens; the last is `END`.
    List<Token> tokens() {
        skipBlanks();
        while (at < text.length()) {
            next();
            skipBlanks();
        }
        tokens.add(new Token(Token.Kind.END, "", line, at, at));
        return tokens;
    }

    /// Template line by the line that the note stands on.
    Map<Integer, Integer> sources() {
        return sources;
    }

    private void skipBlanks() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                line++;
                at++;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
                at++;
            } else if (text.startsWith("//", at)) {
                lineComment();
            } else if (text.startsWith("/*", at)) {
                blockComment();
            } else {
                return;
            }
        }
    }

    private void lineComment() {
        int end = text.indexOf('\n', at);
        end = end < 0 ? text.length() : end;
        Matcher note = SOURCE_NOTE.matcher(text).region(at, end);
        if (note.lookingAt()) {
            sources.put(line, Integer.parseInt(note.group(1)));
        }
        at = end;
    }

    private void blockComment() {
        int end = text.indexOf("*/", at + 2);
        if (end < 0) {
            throw error("the comment that begins here is never closed");
        }
        for (; at < end + 2; at++) {
            if (text.charAt(at) == '\n') {
                line++;
            }
        }
    }

    private void next() {
        char c = text.charAt(at);
        if (c == '.' && at + 1 < text.length() && word(text.charAt(at + 1))) {
            dotWord();
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (c == '%' && at + 1 < text.length() && letter(text.charAt(at + 1)) || c == '$' || letter(c)) {
            name();
        } else if (c == '"') {
            string();
        } else {
            sign();
        }
    }

    private void dotWord() {
        int start = at++;
        while (at < text.length() && (word(text.charAt(at)) || text.startsWith("::", at))) {
            at += text.charAt(at) == ':' ? 2 : 1;
        }
        add(Token.Kind.DOT, text.substring(start + 1, at), start);
    }

    private void name() {
        int start = at++;
        while (at < text.length() && (word(text.charAt(at)) || text.charAt(at) == '$')) {
            at++;
        }
        // A component of a predefined vector: %tid.x
        if (text.charAt(start) == '%' && at + 1 < text.length() && text.charAt(at) == '.' && "xyzw".indexOf(text.charAt(at + 1)) >= 0
                && (at + 2 == text.length() || !word(text.charAt(at + 2)))) {
            at += 2;
        }
        add(Token.Kind.NAME, text.substring(start, at), start);
    }

    private void number() {
        int start = at++;
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean exponentSign = (c == '+' || c == '-') && (text.charAt(at - 1) == 'e' || text.charAt(at - 1) == 'E') && decimal(start);
            if (!word(c) && c != '.' && !exponentSign) {
                break;
            }
            at++;
        }
        add(Token.Kind.NUMBER, text.substring(start, at), start);
    }

    /// Whether the number that began at `start` is written in decimal: in `0x1e+2` the `e` is a digit.
    private boolean decimal(int start) {
        return !(text.charAt(start) == '0' && start + 1 < at && Character.isLetter(text.charAt(start + 1))
                && Character.toLowerCase(text.charAt(start + 1)) != 'e');
    }

    private void string() {
        int start = at;
        int end = text.indexOf('"', at + 1);
        int lineEnd = text.indexOf('\n', at);
        if (end < 0 || lineEnd >= 0 && lineEnd < end) {
            throw error("the string that begins here is not closed on its line");
        }
        at = end + 1;
        tokens.add(new Token(Token.Kind.STRING, text.substring(start + 1, end), line, start, at));
    }

    private void sign() {
        for (String sign : SIGNS) {
            if (text.startsWith(sign, at)) {
                int start = at;
                at += sign.length();
                add(Token.Kind.SIGN, sign, start);
                return;
            }
        }
        throw error("found the character '" + text.charAt(at) + "' (U+" + String.format("%04X", (int) text.charAt(at))
                + "), which is no part of PTX");
    }

    private void add(Token.Kind kind, String word, int start) {
        tokens.add(new Token(kind, word, line, start, at));
    }

    private static boolean letter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
    }

    private static boolean word(char c) {
        return letter(c) || c >= '0' && c <= '9';
    }

    private PtxSyntaxException error(String message) {
        return new PtxSyntaxException(file, line, message);
    }
}
