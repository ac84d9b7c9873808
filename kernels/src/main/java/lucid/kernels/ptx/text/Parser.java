package lucid.kernels.ptx.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// Reads a module: header, module-scope variables, entries. What it does not know is an error with file and line.
final class Parser {
    private static final Set<String> TARGETS = Set.of("sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_90a");
    private static final int LONGEST = 16 << 20;
    private static final int PARAMETER_BYTES = 4352;
    private static final int PARAMETER_BYTES_81 = 32764;

    private final String file;
    private final String text;
    private final Tokens tokens;
    private final Lexer lexer;
    private final Map<Token, Variable> variables = new LinkedHashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private int version;
    private String target;
    private long sharedBytes;

    Parser(String file, String text) {
        if (text.length() > LONGEST) {
            throw new PtxSyntaxException(file, 1, "the text has " + text.length() + " characters, at most " + LONGEST + " are read");
        }
        this.file = file;
        this.text = text;
        this.lexer = new Lexer(file, text);
        this.tokens = new Tokens(file, lexer.tokens());
    }

    PtxModule module() {
        header();
        while (tokens.peek().kind() != Token.Kind.END) {
            statement();
        }
        return new PtxModule(file, version, target, variables.values().stream().toList(), List.copyOf(entries), text.lines().toList());
    }

    private void header() {
        Token first = tokens.next();
        if (!first.dot("version")) {
            throw tokens.error(first, "found " + first + ", wanted '.version' as the first directive");
        }
        Token number = tokens.next();
        if (number.kind() != Token.Kind.NUMBER || !number.text().matches("\\d{1,3}\\.\\d")) {
            throw tokens.error(number, ".version: found " + number + ", wanted a number like 8.0");
        }
        version = Integer.parseInt(number.text().replace(".", ""));
        if (version < 70 || version > 88) {
            throw tokens.error(number, ".version " + number.text() + " is not supported, wanted 7.0 to 8.8");
        }
        Token second = tokens.next();
        if (!second.dot("target")) {
            throw tokens.error(second, "found " + second + ", wanted '.target' after '.version'");
        }
        Token architecture = tokens.name("a target");
        if (!TARGETS.contains(architecture.text())) {
            throw tokens.error(architecture, ".target " + architecture.text() + " is not supported, wanted one of " + TARGETS.stream()
                    .sorted().toList());
        }
        target = architecture.text();
        if (tokens.peek().dot("address_size")) {
            tokens.next();
            tokens.integer(".address_size", 64, 64);
        }
    }

    private void statement() {
        Token token = tokens.next();
        boolean external = false;
        while (token.dot("visible") || token.dot("weak") || token.dot("extern")) {
            external |= token.dot("extern");
            token = tokens.next();
        }
        if (token.kind() != Token.Kind.DOT) {
            throw tokens.error(token, "found " + token + " outside of an entry, wanted a directive");
        }
        switch (token.text()) {
            case "entry" -> entry();
            case "global" -> declare(Space.GLOBAL, external);
            case "const" -> declare(Space.CONST, external);
            case "shared" -> declare(Space.SHARED, external);
            case "file" -> fileDirective();
            case "func" -> throw tokens.error(token, ".func is not supported: ptxas does not inline it; expand it as text");
            default -> throw tokens.error(token, "the directive '." + token.text() + "' is not supported here");
        }
    }

    private void declare(Space space, boolean external) {
        sharedBytes = Math.max(sharedBytes, new Declarations(tokens).read(space, external, space == Space.SHARED ? sharedBytes : 0,
                (name, variable) -> {
            if (variables.values().stream().anyMatch(v -> v.name().equals(variable.name()))) {
                throw tokens.error(name, "the name '" + variable.name() + "' is declared twice");
            }
            variables.put(name, variable);
        }));
    }

    /// `.file index "name"[, timestamp, size]` only serves debuggers.
    private void fileDirective() {
        tokens.integer(".file", 0, Integer.MAX_VALUE);
        Token name = tokens.next();
        if (name.kind() != Token.Kind.STRING) {
            throw tokens.error(name, ".file: found " + name + ", wanted a file name in quotes");
        }
        while (tokens.take(",")) {
            tokens.integer(".file", 0, Long.MAX_VALUE);
        }
    }

    private void entry() {
        Token name = tokens.name("an entry");
        if (entries.stream().anyMatch(e -> e.name().equals(name.text()))) {
            throw tokens.error(name, "the entry '" + name.text() + "' is defined twice");
        }
        List<Variable> parameters = new ArrayList<>();
        long bytes = 0;
        if (tokens.take("(") && !tokens.take(")")) {
            do {
                Variable parameter = new Declarations(tokens).parameter(bytes);
                if (parameters.stream().anyMatch(p -> p.name().equals(parameter.name()))) {
                    throw tokens.error(name, "the entry '" + name.text() + "' has two parameters named '" + parameter.name() + "'");
                }
                parameters.add(parameter);
                bytes = parameter.offset() + parameter.bytes();
            } while (tokens.take(","));
            tokens.expect(")");
        }
        int limit = version >= 81 ? PARAMETER_BYTES_81 : PARAMETER_BYTES;
        if (bytes > limit) {
            throw tokens.error(name, "the parameters of '" + name.text() + "' need " + bytes + " bytes, at most " + limit
                    + " are possible with .version " + version / 10 + "." + version % 10);
        }
        var scopes = new Scopes(tokens);
        variables.forEach(scopes::declare);
        scopes.enter();
        parameters.forEach(p -> scopes.declare(name, p));
        entries.add(new EntryParser(tokens, scopes, text, lexer.sources(), new Availability(file, version, target))
                .entry(name, parameters, (int) bytes, variables.values().stream().filter(v -> v.space() == Space.SHARED).toList(), sharedBytes));
    }
}
