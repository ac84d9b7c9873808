package lucid.grpo.fuzz;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A second reading of JSON, written from RFC 8259 alone, so that what Lucid accepted is not judged by the parser that accepted it.
/// UTF-8 only, no key twice. Objects are maps, arrays lists, numbers [BigDecimal], null is [#NULL].
final class StrictJson {
    static final Object NULL = new Object();
    private final String text;
    private int at;

    private StrictJson(String text) { this.text = text; }

    /// @throws IllegalArgumentException if it is not one JSON value
    static Object parse(byte[] bytes) {
        try {
            StrictJson json = new StrictJson(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
            Object value = json.value();
            if (json.skip() != -1) throw json.bad();
            return value;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not UTF-8", e);
        }
    }

    static Map<?, ?> object(byte[] bytes) {
        if (parse(bytes) instanceof Map<?, ?> map) return map;
        throw new IllegalArgumentException("no object");
    }

    private IllegalArgumentException bad() { return new IllegalArgumentException("JSON, character " + at); }

    private int skip() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        return at < text.length() ? text.charAt(at) : -1;
    }

    private void take(char c) {
        if (skip() != c) throw bad();
        at++;
    }

    private Object value() {
        return switch (skip()) {
            case '{' -> members();
            case '[' -> elements();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", NULL);
            default -> number();
        };
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw bad();
        at += word.length();
        return value;
    }

    private Map<String, Object> members() {
        Map<String, Object> out = new LinkedHashMap<>();
        take('{');
        if (skip() == '}') {
            at++;
            return out;
        }
        while (true) {
            if (skip() != '"') throw bad();
            String key = string();
            take(':');
            if (out.containsKey(key)) throw new IllegalArgumentException("key twice: " + key);
            out.put(key, value());
            if (skip() == '}') break;
            take(',');
        }
        at++;
        return out;
    }

    private List<Object> elements() {
        List<Object> out = new ArrayList<>();
        take('[');
        if (skip() == ']') {
            at++;
            return out;
        }
        while (true) {
            out.add(value());
            if (skip() == ']') break;
            take(',');
        }
        at++;
        return out;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
            char c = text.charAt(at);
            if (c < ' ') throw bad();
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char e = ++at < text.length() ? text.charAt(at) : 0;
            if (e == 'u') {
                String hex = text.substring(Math.min(at + 1, text.length()), Math.min(at + 5, text.length()));
                if (!hex.matches("[0-9a-fA-F]{4}")) throw bad();
                out.append((char) Integer.parseInt(hex, 16));
                at += 4;
            } else if ("\"\\/bfnrt".indexOf(e) >= 0) {
                out.append("\"\\/\b\f\n\r\t".charAt("\"\\/bfnrt".indexOf(e)));
            } else {
                throw bad();
            }
        }
        if (at >= text.length()) throw bad();
        at++;
        return out.toString();
    }

    private BigDecimal number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        String number = text.substring(from, at);
        if (!number.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw bad();
        return new BigDecimal(number);
    }
}
