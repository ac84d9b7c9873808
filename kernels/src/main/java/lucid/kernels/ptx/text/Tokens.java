package lucid.kernels.ptx.text;

import java.util.List;
import java.util.function.ToLongFunction;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;

/// A reader's place in a list of tokens, and the errors that name file and line.
final class Tokens {
    private final String file;
    private final List<Token> tokens;
    private int at;

    Tokens(String file, List<Token> tokens) {
        this.file = file;
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    /// The token `ahead` places further; negative ones have been taken.
    Token peek(int ahead) {
        return tokens.get(Math.clamp(at + ahead, 0, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Token.Kind.END) {
            at++;
        }
        return token;
    }

    /// Takes the sign if it is next.
    boolean take(String sign) {
        if (peek().is(sign)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(String sign) {
        Token token = next();
        if (!token.is(sign)) {
            throw error(token, "found " + token + ", wanted '" + sign + "'");
        }
    }

    /// A name of the user's: a variable, register, label or kernel.
    Token name(String what) {
        Token token = next();
        if (token.kind() != Token.Kind.NAME) {
            throw error(token, "found " + token + ", wanted the name of " + what);
        }
        return token;
    }

    /// An integer constant expression in `low .. high`.
    long integer(String what, long low, long high) {
        return inRange(what, low, high, ConstantExpression::value);
    }

    /// An integer in `low .. high` as one level of the expression grammar reads it: between `<` and `>`, a `>` is no operator.
    long inRange(String what, long low, long high, ToLongFunction<ConstantExpression> level) {
        Token first = peek();
        long value = level.applyAsLong(new ConstantExpression(this));
        if (value < low || value > high) {
            throw error(first, what + ": found " + value + ", wanted " + low + " to " + high);
        }
        return value;
    }

    String file() {
        return file;
    }

    PtxSyntaxException error(Token token, String message) {
        return new PtxSyntaxException(file, token.line(), message);
    }
}
