package lucid.kernels.ptx.text;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/// Integer constant expressions with C's operators and precedence on 64-bit values (PTX ISA, "Constant Expressions"), and literals.
final class ConstantExpression {
    /// Binary operators, weakest first.
    private static final List<List<String>> LEVELS = List.of(List.of("||"), List.of("&&"), List.of("|"), List.of("^"), List.of("&"), List.of("==", "!="),
            List.of("<", "<=", ">", ">="), List.of("<<", ">>"), List.of("+", "-"), List.of("*", "/", "%"));
    /// Deeper nesting is refused: a text must not be able to exhaust the stack.
    private static final int DEEPEST = 64;
    private static final Map<String, Long> NAMED = Map.of("WARP_SZ", 32L);

    private final Tokens tokens;
    private int depth;

    ConstantExpression(Tokens tokens) {
        this.tokens = tokens;
    }

    long value() {
        if (++depth > DEEPEST) {
            throw tokens.error(tokens.peek(), "a constant expression nested deeper than " + DEEPEST);
        }
        long condition = binary(0);
        if (tokens.take("?")) {
            long yes = value();
            tokens.expect(":");
            long no = value();
            condition = condition != 0 ? yes : no;
        }
        depth--;
        return condition;
    }

    /// A product: what may follow a sign in an address.
    long term() {
        return binary(LEVELS.size() - 1);
    }

    private long unary() {
        if (++depth > DEEPEST) {
            throw tokens.error(tokens.peek(), "a constant expression nested deeper than " + DEEPEST);
        }
        Token token = tokens.next();
        long value = switch (token.kind()) {
            case NUMBER -> integer(tokens, token);
            case NAME -> named(token);
            case SIGN -> switch (token.text()) {
                case "-" -> -unary();
                case "+" -> unary();
                case "~" -> ~unary();
                case "!" -> unary() == 0 ? 1 : 0;
                case "(" -> parenthesis();
                default -> throw tokens.error(token, "found " + token + ", wanted an integer constant");
            };
            default -> throw tokens.error(token, "found " + token + ", wanted an integer constant");
        };
        depth--;
        return value;
    }

    private long named(Token token) {
        Long value = NAMED.get(token.text());
        if (value == null) {
            throw tokens.error(token, "found " + token + ", wanted an integer constant");
        }
        return value;
    }

    private long parenthesis() {
        // (.s64) and (.u64) casts change nothing on 64-bit values but the signedness of a later division, which is refused rather than guessed.
        if (tokens.peek().kind() == Token.Kind.DOT) {
            throw tokens.error(tokens.peek(), "casts in constant expressions are not supported");
        }
        long value = value();
        tokens.expect(")");
        return value;
    }

    private long binary(int level) {
        if (level == LEVELS.size()) {
            return unary();
        }
        long left = binary(level + 1);
        while (tokens.peek().kind() == Token.Kind.SIGN && LEVELS.get(level).contains(tokens.peek().text())) {
            Token operator = tokens.next();
            left = apply(operator, left, binary(level + 1));
        }
        return left;
    }

    private long apply(Token operator, long a, long b) {
        return switch (operator.text()) {
            case "||" -> a != 0 || b != 0 ? 1 : 0;
            case "&&" -> a != 0 && b != 0 ? 1 : 0;
            case "|" -> a | b;
            case "^" -> a ^ b;
            case "&" -> a & b;
            case "==" -> a == b ? 1 : 0;
            case "!=" -> a != b ? 1 : 0;
            case "<" -> a < b ? 1 : 0;
            case "<=" -> a <= b ? 1 : 0;
            case ">" -> a > b ? 1 : 0;
            case ">=" -> a >= b ? 1 : 0;
            case "<<" -> b >= 64 || b < 0 ? 0 : a << b;
            case ">>" -> b >= 64 || b < 0 ? a >> 63 : a >> b;
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            default -> divide(operator, a, b);
        };
    }

    private long divide(Token operator, long a, long b) {
        if (b == 0) {
            throw tokens.error(operator, "division by zero in a constant expression");
        }
        return operator.is("/") ? a / b : a % b;
    }

    /// The value of an integer literal: decimal, `0x`, `0b`, octal, with an optional `U`.
    static long integer(Tokens tokens, Token token) {
        String digits = token.text();
        digits = digits.endsWith("U") ? digits.substring(0, digits.length() - 1) : digits;
        String lower = digits.toLowerCase(java.util.Locale.ROOT);
        int radix = lower.startsWith("0x") ? 16 : lower.startsWith("0b") ? 2 : lower.length() > 1 && lower.startsWith("0") ? 8 : 10;
        String body = radix == 16 || radix == 2 ? lower.substring(2) : lower;
        try {
            var value = new BigInteger(body, radix);
            if (value.signum() < 0 || value.bitLength() > 64) {
                throw tokens.error(token, "the literal " + token.text() + " does not fit into 64 bits");
            }
            return value.longValue();
        } catch (NumberFormatException e) {
            throw tokens.error(token, "found '" + token.text() + "', wanted an integer literal");
        }
    }

    /// Whether a number token is a floating-point literal.
    static boolean floating(Token token) {
        String t = token.text();
        if (t.length() > 1 && t.charAt(0) == '0' && "xXbB".indexOf(t.charAt(1)) >= 0) {
            return false;
        }
        return t.indexOf('.') >= 0 || t.indexOf('e') >= 0 || t.indexOf('E') >= 0 || t.length() > 1 && t.charAt(0) == '0' && "fFdD".indexOf(t.charAt(1)) >= 0;
    }

    /// A floating-point literal: `0fXXXXXXXX` (f32 bits), `0dXXXXXXXXXXXXXXXX` (f64 bits), or decimal (f64).
    static Operand.Immediate floatingLiteral(Tokens tokens, Token token, boolean negative) {
        String t = token.text();
        char second = t.length() > 1 ? Character.toLowerCase(t.charAt(1)) : ' ';
        try {
            if (t.charAt(0) == '0' && (second == 'f' || second == 'd')) {
                int digits = second == 'f' ? 8 : 16;
                if (t.length() != digits + 2) {
                    throw tokens.error(token, "the literal " + t + " has " + (t.length() - 2) + " digits, wanted " + digits);
                }
                long bits = Long.parseUnsignedLong(t.substring(2), 16);
                return second == 'f' ? new Operand.Immediate(Operand.Immediate.Kind.F32, negative ? bits ^ 0x8000_0000L : bits)
                        : new Operand.Immediate(Operand.Immediate.Kind.F64, negative ? bits ^ Long.MIN_VALUE : bits);
            }
            if ("fFdD".indexOf(t.charAt(t.length() - 1)) >= 0) {
                throw tokens.error(token, "found '" + t + "', wanted a floating-point literal");
            }
            double value = Double.parseDouble(t);
            return new Operand.Immediate(Operand.Immediate.Kind.F64, Double.doubleToRawLongBits(negative ? -value : value));
        } catch (NumberFormatException e) {
            throw tokens.error(token, "found '" + t + "', wanted a floating-point literal");
        }
    }
}
