package lucid.kernels.ptx.text;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.text.syntax.Operand;

/// Integer constant expressions with C's operators and precedence (PTX ISA, "Constant Expressions" and the table of its evaluation rules), and
/// literals.
///
/// A value has 64 bits and is signed or unsigned, which decides divisions, comparisons and shifts to the right. A literal is signed unless it ends in
/// `U` or is too large for that; `~` gives an unsigned one, `%` takes and gives unsigned ones, the other operators of two are unsigned when an
/// operand is. `ptxas` 13.5 gives the same for all that the tests have.
final class ConstantExpression {
    /// Binary operators, weakest first.
    private static final List<List<String>> LEVELS = List.of(List.of("||"), List.of("&&"), List.of("|"), List.of("^"), List.of("&"),
            List.of("==", "!="),
            List.of("<", "<=", ">", ">="), List.of("<<", ">>"), List.of("+", "-"), List.of("*", "/", "%"));
    /// Deeper nesting is refused: a text must not be able to exhaust the stack.
    private static final int DEEPEST = 64;
    private static final Map<String, Long> NAMED = Map.of("WARP_SZ", 32L);

    private final Tokens tokens;
    private int depth;

    ConstantExpression(Tokens tokens) {
        this.tokens = tokens;
    }

    private record Value(long bits, boolean unsigned) {
        static Value signed(long bits) {
            return new Value(bits, false);
        }

        static Value of(boolean truth) {
            return signed(truth ? 1 : 0);
        }

        boolean truth() {
            return bits != 0;
        }
    }

    /// The 64 bits of an expression.
    long value() {
        return expression().bits;
    }

    /// A product: a number that an angle bracket may follow.
    long term() {
        return binary(LEVELS.size() - 1).bits;
    }

    private Value expression() {
        if (++depth > DEEPEST) {
            throw tokens.error(tokens.peek(), "a constant expression nested deeper than " + DEEPEST);
        }
        Value result = binary(0);
        if (tokens.take("?")) {
            Value yes = expression();
            tokens.expect(":");
            Value no = expression();
            result = result.truth() ? yes : no;
        }
        depth--;
        return result;
    }

    private Value unary() {
        if (++depth > DEEPEST) {
            throw tokens.error(tokens.peek(), "a constant expression nested deeper than " + DEEPEST);
        }
        Token token = tokens.next();
        Value value = switch (token.kind()) {
            case NUMBER -> literal(token);
            case NAME -> named(token);
            case SIGN -> switch (token.text()) {
                case "-" -> negative(unary());
                case "+" -> unary();
                case "~" -> new Value(~unary().bits, true);
                case "!" -> Value.of(!unary().truth());
                case "(" -> parenthesis();
                default -> throw tokens.error(token, "found " + token + ", wanted an integer constant");
            };
            default -> throw tokens.error(token, "found " + token + ", wanted an integer constant");
        };
        depth--;
        return value;
    }

    private Value literal(Token token) {
        long bits = integer(tokens, token);
        return new Value(bits, bits < 0 || token.text().endsWith("U"));
    }

    private static Value negative(Value value) {
        return new Value(-value.bits, value.unsigned);
    }

    private Value named(Token token) {
        Long value = NAMED.get(token.text());
        if (value == null) {
            throw tokens.error(token, "found " + token + ", wanted an integer constant");
        }
        return Value.signed(value);
    }

    private Value parenthesis() {
        if (tokens.peek().kind() == Token.Kind.DOT) {
            return cast();
        }
        Value value = expression();
        tokens.expect(")");
        return value;
    }

    private Value cast() {
        Token type = tokens.next();
        if (!type.text().equals("s64") && !type.text().equals("u64")) {
            throw tokens.error(type, "a cast to ." + type.text() + " in a constant expression; wanted (.s64) or (.u64)");
        }
        tokens.expect(")");
        return new Value(unary().bits, type.text().equals("u64"));
    }

    private Value binary(int level) {
        if (level == LEVELS.size()) {
            return unary();
        }
        Value left = binary(level + 1);
        while (tokens.peek().kind() == Token.Kind.SIGN && LEVELS.get(level).contains(tokens.peek().text())) {
            Token operator = tokens.next();
            left = apply(operator, left, binary(level + 1));
        }
        return left;
    }

    private Value apply(Token operator, Value left, Value right) {
        long a = left.bits;
        long b = right.bits;
        boolean unsigned = left.unsigned || right.unsigned;
        return switch (operator.text()) {
            case "||" -> Value.of(left.truth() || right.truth());
            case "&&" -> Value.of(left.truth() && right.truth());
            case "==" -> Value.of(a == b);
            case "!=" -> Value.of(a != b);
            case "<" -> Value.of(compare(unsigned, a, b) < 0);
            case "<=" -> Value.of(compare(unsigned, a, b) <= 0);
            case ">" -> Value.of(compare(unsigned, a, b) > 0);
            case ">=" -> Value.of(compare(unsigned, a, b) >= 0);
            case "<<" -> new Value(a << amount(operator, b), left.unsigned);
            case ">>" -> new Value(left.unsigned ? a >>> amount(operator, b) : a >> amount(operator, b), left.unsigned);
            case "/" -> new Value(unsigned ? Long.divideUnsigned(a, divisor(operator, b)) : a / divisor(operator, b), unsigned);
            case "%" -> new Value(Long.remainderUnsigned(a, divisor(operator, b)), true);
            default -> new Value(combine(operator, a, b), unsigned);
        };
    }

    private static int compare(boolean unsigned, long a, long b) {
        return unsigned ? Long.compareUnsigned(a, b) : Long.compare(a, b);
    }

    /// What is the same for signed and unsigned numbers.
    private static long combine(Token operator, long a, long b) {
        return switch (operator.text()) {
            case "|" -> a | b;
            case "^" -> a ^ b;
            case "&" -> a & b;
            case "+" -> a + b;
            case "-" -> a - b;
            default -> a * b;
        };
    }

    /// What larger shifts give is not said, and `ptxas` takes the amount modulo 64.
    private long amount(Token operator, long b) {
        if (b < 0 || b > 63) {
            throw tokens.error(operator, "a shift by " + Long.toUnsignedString(b) + " in a constant expression; wanted 0 to 63");
        }
        return b;
    }

    private long divisor(Token operator, long b) {
        if (b == 0) {
            throw tokens.error(operator, "division by zero in a constant expression");
        }
        return b;
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
        return t.indexOf('.') >= 0 || t.indexOf('e') >= 0 || t.indexOf('E') >= 0 || t.length() > 1 && t.charAt(0) == '0'
                && "fFdD".indexOf(t.charAt(1)) >= 0;
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
