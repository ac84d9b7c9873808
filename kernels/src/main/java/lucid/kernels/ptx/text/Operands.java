package lucid.kernels.ptx.text;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.SpecialRegister;
import lucid.kernels.ptx.text.syntax.Variable;

/// Reads the operands of one instruction.
final class Operands {
    private final Tokens tokens;
    private final Scopes scopes;

    Operands(Tokens tokens, Scopes scopes) {
        this.tokens = tokens;
        this.scopes = scopes;
    }

    /// All operands up to and including the semicolon.
    List<Operand> list(String opcode) {
        List<Operand> operands = new ArrayList<>();
        if (tokens.take(";")) {
            return operands;
        }
        do {
            operands.add(opcode.equals("bra") ? new Operand.Label(tokens.name("a label").text(), -1) : operand());
        } while (tokens.take(","));
        Token end = tokens.next();
        if (!end.is(";")) {
            throw tokens.error(end, "found " + end + " after an operand of '" + opcode + "', wanted ',' or ';'");
        }
        return operands;
    }

    private Operand operand() {
        Token token = tokens.peek();
        if (token.is("[")) {
            return address();
        }
        if (token.is("{")) {
            return new Operand.Vector(vector());
        }
        Operand first = simple();
        boolean target = first instanceof Operand.Reg || first instanceof Operand.Sink;
        return target && tokens.take("|") ? new Operand.Pair(first, simple()) : first;
    }

    private List<Operand> vector() {
        tokens.expect("{");
        List<Operand> elements = new ArrayList<>();
        do {
            elements.add(simple());
        } while (tokens.take(","));
        tokens.expect("}");
        return elements;
    }

    private Operand simple() {
        Token token = tokens.peek();
        if (token.is("!") && tokens.peek(1).kind() == Token.Kind.NAME) {
            tokens.next();
            Token name = tokens.name("a predicate");
            if (scopes.find(name.text()) instanceof Register register && register.type() == PtxType.PRED) {
                return new Operand.Reg(register, true);
            }
            throw tokens.error(name, "found '!" + name.text() + "', wanted a declared predicate");
        }
        if (token.kind() != Token.Kind.NAME || token.text().equals("WARP_SZ")) {
            return literal();
        }
        tokens.next();
        Operand named = named(token);
        if (named instanceof Operand.Symbol symbol && (tokens.peek().is("+") || tokens.peek().is("-"))) {
            return new Operand.Symbol(symbol.variable(), offset());
        }
        return named;
    }

    /// An integer expression or a floating-point literal.
    Operand.Immediate literal() {
        boolean minus = tokens.peek().is("-");
        Token number = minus ? tokens.peek(1) : tokens.peek();
        if (number.kind() == Token.Kind.NUMBER && ConstantExpression.floating(number)) {
            if (minus) {
                tokens.next();
            }
            return ConstantExpression.floatingLiteral(tokens, tokens.next(), minus);
        }
        return new Operand.Immediate(Operand.Immediate.Kind.INTEGER, new ConstantExpression(tokens).value());
    }

    private Operand named(Token name) {
        String text = name.text();
        if (text.equals("_")) {
            return new Operand.Sink();
        }
        Object found = scopes.find(text);
        return switch (found) {
            case Register register -> new Operand.Reg(register, false);
            case Variable variable -> new Operand.Symbol(variable, 0);
            case Operand.LabelTable table -> table;
            case null, default -> SpecialRegister.of(text).<Operand>map(Operand.Special::new).orElseThrow(() -> tokens.error(name,
                    text.startsWith("%") ? "'" + text + "' is neither declared nor a special register that Lucid knows" : "'" + text
                            + "' is not declared"));
        };
    }

    private Operand address() {
        tokens.expect("[");
        Token first = tokens.peek();
        if (first.kind() != Token.Kind.NAME) {
            throw tokens.error(first, "found " + first + " in an address, wanted a register or a variable (absolute addresses are not supported)");
        }
        tokens.next();
        Operand base = named(first);
        if (!(base instanceof Operand.Reg) && !(base instanceof Operand.Symbol)) {
            throw tokens.error(first, "found " + first + " in an address, wanted a register or a variable");
        }
        var address = new Operand.Address(base, offset());
        Operand result = tokens.take(",") ? new Operand.TensorAddress(address, vector()) : address;
        tokens.expect("]");
        return result;
    }

    /// What is added to a base: nothing, or one constant expression behind a `+`.
    private long offset() {
        if (tokens.peek().is("-")) {
            throw tokens.error(tokens.peek(), "found '-' behind a register or variable; PTX adds to it only: write +-N");
        }
        return tokens.take("+") ? new ConstantExpression(tokens).value() : 0;
    }
}
