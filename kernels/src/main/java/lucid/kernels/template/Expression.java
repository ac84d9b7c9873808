package lucid.kernels.template;

import java.util.Map;

/// Evaluates what stands in `${...}`, `#if`, `#for` and `#let`: whole numbers (64 bits) and texts.
///
/// Operators as in Java, by falling precedence: `- ! ~`, `* / %`, `+ -`, `<< >>`, `< <= > >=`, `== !=`, `&`, `^`, `|`, `&&`, `||`, `?:`; parentheses;
/// names; numbers (decimal, `0x`), texts in double quotes; functions `log2(n)` (of a power of two), `min(a, b)`, `max(a, b)`, `hex(n)`, `f32(1.5)`
/// and `f64(1.5)`, which give PTX's exact form of a constant. `==` compares texts too. Both branches of `?:`, `&&` and `||` are evaluated.
final class Expression {
    private static final String[][] LEVELS = {{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"<<", ">>"}, {"+", "-"},
            {"*", "/", "%"}};

    private final String text;
    private final Map<String, Object> names;
    private int at;

    private Expression(String text, Map<String, Object> names) {
        this.text = text;
        this.names = names;
    }

    /// A [Long], or a [String]; a [Float] from a name that holds one.
    ///
    /// @throws IllegalArgumentException for what cannot be evaluated
    static Object evaluate(String text, Map<String, Object> names) {
        Expression e = new Expression(text, names);
        Object value = e.choice();
        e.skip();
        if (e.at < text.length()) throw e.wrong("an operator");
        return value;
    }

    static long number(String text, Map<String, Object> names) {
        Object value = evaluate(text, names);
        if (value instanceof Long number) return number;
        throw new IllegalArgumentException("'" + text.strip() + "' is the text '" + value + "'; wanted a whole number");
    }

    /// As it stands in the expanded text: floats in PTX's exact hexadecimal form.
    static String print(Object value) { return value instanceof Float f ? "0f%08X".formatted(Float.floatToRawIntBits(f)) : value.toString(); }

    private Object choice() {
        Object value = binary(0);
        if (!take("?")) return value;
        Object yes = choice();
        if (!take(":")) throw wrong("':'");
        Object no = choice();
        return truth(value) ? yes : no;
    }

    private Object binary(int level) {
        if (level == LEVELS.length) return unary();
        Object left = binary(level + 1);
        for (String op = operator(level); op != null; op = operator(level)) left = apply(op, left, binary(level + 1));
        return left;
    }

    private String operator(int level) {
        skip();
        for (String op : LEVELS[level]) {
            boolean prefixOfLonger = op.length() == 1 && at + 1 < text.length() && ("<>|&".contains(op) && text.charAt(at + 1) == op.charAt(0));
            if (text.startsWith(op, at) && !prefixOfLonger) {
                at += op.length();
                return op;
            }
        }
        return null;
    }

    private Object apply(String op, Object left, Object right) {
        if (op.equals("==")) return left.equals(right) ? 1L : 0L;
        if (op.equals("!=")) return left.equals(right) ? 0L : 1L;
        if (!(left instanceof Long a) || !(right instanceof Long b)) {
            throw new IllegalArgumentException("'" + left + "' " + op + " '" + right + "': wanted whole numbers");
        }
        if (b == 0 && (op.equals("/") || op.equals("%"))) throw new IllegalArgumentException("'" + text.strip() + "' divides by zero");
        return switch (op) {
            case "||" -> a != 0 || b != 0 ? 1L : 0L;
            case "&&" -> a != 0 && b != 0 ? 1L : 0L;
            case "|" -> a | b;
            case "^" -> a ^ b;
            case "&" -> a & b;
            case "<=" -> a <= b ? 1L : 0L;
            case ">=" -> a >= b ? 1L : 0L;
            case "<" -> a < b ? 1L : 0L;
            case ">" -> a > b ? 1L : 0L;
            case "<<" -> a << b;
            case ">>" -> a >> b;
            case "+" -> Math.addExact(a, b);
            case "-" -> Math.subtractExact(a, b);
            case "*" -> Math.multiplyExact(a, b);
            case "/" -> a / b;
            default -> a % b;
        };
    }

    private Object unary() {
        if (take("-")) {
            Object value = unary();
            return value instanceof Float f ? (Object) (-f) : (Object) (-whole(value));
        }
        if (take("~")) return ~whole(unary());
        skip();
        if (text.startsWith("!", at) && !text.startsWith("!=", at)) {
            at++;
            return truth(unary()) ? 0L : 1L;
        }
        return atom();
    }

    private Object atom() {
        if (take("(")) {
            Object value = choice();
            close();
            return value;
        }
        skip();
        if (at >= text.length()) throw wrong("a value");
        char c = text.charAt(at);
        if (c == '"') return quoted();
        int from = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_' || text.charAt(at) == '.'
                && Character.isDigit(c))) at++;
        if (from == at) throw wrong("a value");
        String word = text.substring(from, at);
        if (Character.isDigit(c)) return numeral(word);
        if (take("(")) return function(word);
        Object value = names.get(word);
        if (value == null)
            throw new IllegalArgumentException("'" + word + "' is not defined; defined are " + names.keySet().stream().sorted().toList());
        return value;
    }

    private String quoted() {
        int end = text.indexOf('"', at + 1);
        if (end < 0) throw wrong("a closing quotation mark");
        String value = text.substring(at + 1, end);
        at = end + 1;
        return value;
    }

    private static Object numeral(String word) {
        try {
            return Long.decode(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a whole number (floating-point constants: f32(1.5))", e);
        }
    }

    private Object function(String name) {
        if (name.equals("f32") || name.equals("f64")) {
            int end = text.indexOf(')', at);
            if (end < 0) throw wrong("')'");
            double value = Double.parseDouble(text.substring(at, end).strip());
            at = end + 1;
            return name.equals("f32") ? "0f%08X".formatted(Float.floatToRawIntBits((float) value))
                    : "0d%016X".formatted(Double.doubleToRawLongBits(value));
        }
        long a = whole(choice());
        Object value = switch (name) {
            case "log2" -> {
                if (Long.bitCount(a) != 1 || a < 0) throw new IllegalArgumentException("log2(" + a + "): wanted a power of two");
                yield (long) Long.numberOfTrailingZeros(a);
            }
            case "hex" -> "0x" + Long.toHexString(a);
            case "min" -> Math.min(a, second());
            case "max" -> Math.max(a, second());
            default -> throw new IllegalArgumentException("'" + name + "' is no function; there are log2, hex, min, max, f32, f64");
        };
        close();
        return value;
    }

    private long second() {
        if (!take(",")) throw wrong("','");
        return whole(choice());
    }

    private void close() {
        if (!take(")")) throw wrong("')'");
    }

    private boolean take(String token) {
        skip();
        if (!text.startsWith(token, at)) return false;
        at += token.length();
        return true;
    }

    private void skip() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
    }

    private static boolean truth(Object value) { return whole(value) != 0; }

    private static long whole(Object value) {
        if (value instanceof Long number) return number;
        throw new IllegalArgumentException("'" + value + "' is a text; wanted a whole number");
    }

    private IllegalArgumentException wrong(String wanted) {
        String found = at < text.length() ? "'" + text.substring(at) + "'" : "the end";
        return new IllegalArgumentException("'" + text.strip() + "': found " + found + "; wanted " + wanted);
    }
}
