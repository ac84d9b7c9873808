package lucid.kernels.ptx.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// Reads one entry: its directives, declarations and instructions, and resolves its labels.
final class EntryParser {
    private static final int MOST_REGISTERS = 1 << 14;
    private static final int DEEPEST_SCOPE = 64;
    /// `.shared` statics: the assembler's limit.
    private static final int STATIC_SHARED = 48 << 10;
    /// `.local` of a thread (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
    private static final int LOCAL = 512 << 10;

    private record Place(int scope, String label) {}

    private final Tokens tokens;
    private final Scopes scopes;
    private final String text;
    private final NavigableMap<Integer, Integer> sources;
    private final Availability availability;
    private final List<Variable> shared = new ArrayList<>();
    private final List<Variable> local = new ArrayList<>();
    private final List<Instruction> instructions = new ArrayList<>();
    /// Scope of every instruction, and the scope around every scope: a label is looked for from the inside out.
    private final List<Integer> scopeOf = new ArrayList<>();
    private final List<Integer> around = new ArrayList<>(List.of(-1));
    private final Map<Place, Integer> labels = new HashMap<>();
    private final Map<String, int[]> triples = new HashMap<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private boolean explicitCluster;
    private int scope;
    private long sharedBytes;
    private long localBytes;
    private int beginLine;

    EntryParser(Tokens tokens, Scopes scopes, String text, Map<Integer, Integer> sources, Availability availability) {
        this.tokens = tokens;
        this.scopes = scopes;
        this.text = text;
        this.sources = new TreeMap<>(sources);
        this.availability = availability;
    }

    Entry entry(Token name, List<Variable> parameters, int parameterBytes, List<Variable> moduleShared, long moduleSharedBytes) {
        beginLine = name.line();
        shared.addAll(moduleShared);
        sharedBytes = moduleSharedBytes;
        while (tokens.peek().kind() == Token.Kind.DOT) {
            bound(tokens.next());
        }
        tokens.expect("{");
        body();
        if (sharedBytes > STATIC_SHARED) {
            throw tokens.error(name, "static shared memory of '" + name.text() + "' is " + sharedBytes + " bytes, at most " + STATIC_SHARED
                    + "; use an .extern .shared array");
        }
        if (localBytes > LOCAL) {
            throw tokens.error(name, "local memory of '" + name.text() + "' is " + localBytes + " bytes a thread, at most " + LOCAL
                    + " are possible");
        }
        shared.sort(Comparator.comparing(Variable::dynamic));
        var bounds = new Entry.Bounds(triples.get("maxntid"), triples.get("reqntid"), numbers.getOrDefault("minnctapersm", 0),
                numbers.getOrDefault("maxnreg", 0),
                triples.get("reqnctapercluster"), explicitCluster, numbers.getOrDefault("maxclusterrank", 0));
        return new Entry(name.text(), name.line(), List.copyOf(parameters), parameterBytes, List.copyOf(shared), List.copyOf(local),
                List.copyOf(scopes.registers()),
                scopes.count(Register.Bank.PREDICATE), scopes.count(Register.Bank.WORD), scopes.count(Register.Bank.WIDE), resolved(), bounds);
    }

    private void bound(Token word) {
        switch (word.text()) {
            case "maxntid", "reqntid", "reqnctapercluster" -> triples.put(word.text(), triple(word));
            case "minnctapersm", "maxnreg", "maxclusterrank" -> numbers.put(word.text(), (int) tokens.integer("." + word.text(), 1, 1 << 20));
            case "explicitcluster" -> explicitCluster = true;
            case "noreturn" -> { }
            case "pragma" -> pragma();
            default -> throw tokens.error(word, "the directive '." + word.text() + "' is not supported before an entry's body");
        }
    }

    private int[] triple(Token word) {
        int[] sizes = {1, 1, 1};
        int n = 0;
        do {
            if (n == 3) {
                throw tokens.error(word, "." + word.text() + " has more than three sizes");
            }
            sizes[n++] = (int) tokens.integer("." + word.text(), 1, 1 << 20);
        } while (tokens.take(","));
        return sizes;
    }

    private void pragma() {
        do {
            Token string = tokens.next();
            if (string.kind() != Token.Kind.STRING) {
                throw tokens.error(string, ".pragma: found " + string + ", wanted a string");
            }
        } while (tokens.take(","));
        tokens.expect(";");
    }

    /// Reads up to the closing brace of the entry.
    private void body() {
        int depth = 1;
        while (depth > 0) {
            Token token = tokens.next();
            if (token.is("{")) {
                depth = enter(token, depth);
            } else if (token.is("}")) {
                depth--;
                scopes.leave();
                scope = around.get(scope);
                scope = Math.max(scope, 0);
            } else if (token.kind() == Token.Kind.DOT) {
                directive(token);
            } else if (token.kind() == Token.Kind.NAME && tokens.peek().is(":")) {
                label(token);
            } else if (token.kind() == Token.Kind.NAME || token.is("@")) {
                instruction(token);
            } else {
                throw tokens.error(token, "found " + token + " in the body of an entry, wanted an instruction, a directive or a label");
            }
        }
    }

    private int enter(Token token, int depth) {
        if (depth == DEEPEST_SCOPE) {
            throw tokens.error(token, "scopes nested deeper than " + DEEPEST_SCOPE);
        }
        scopes.enter();
        around.add(scope);
        scope = around.size() - 1;
        return depth + 1;
    }

    private void directive(Token word) {
        switch (word.text()) {
            case "reg" -> registers();
            case "shared" -> sharedBytes = new Declarations(tokens).read(Space.SHARED, false, sharedBytes, (name, variable) -> {
                scopes.declare(name, variable);
                shared.add(variable);
            });
            case "local" -> localBytes = new Declarations(tokens).read(Space.LOCAL, false, localBytes, (name, variable) -> {
                scopes.declare(name, variable);
                local.add(variable);
            });
            case "pragma" -> pragma();
            case "loc" -> location();
            default -> throw tokens.error(word, "the directive '." + word.text() + "' is not supported in the body of an entry");
        }
    }

    /// `.loc file line column` only serves debuggers; forms with inlining information are refused.
    private void location() {
        for (int i = 0; i < 3; i++) {
            tokens.integer(".loc", 0, Integer.MAX_VALUE);
        }
    }

    private void registers() {
        Token word = tokens.next();
        PtxType type = word.kind() != Token.Kind.DOT ? null : PtxType.of(word.text()).orElse(null);
        if (type == null || !(type == PtxType.PRED || type.bits() >= 8 && declarable(type))) {
            throw tokens.error(word, "found " + word + " after .reg, wanted a type (.pred, .b8 to .b64, .u, .s, .f16, .f16x2, .f32, .f64; bf16 "
                    + "lives in .b16 and .b32)");
        }
        do {
            Token name = tokens.name("a register");
            if (tokens.take("<")) {
                long count = tokens.inRange("the number of registers '" + name.text() + "<>'", 1, MOST_REGISTERS, ConstantExpression::term);
                tokens.expect(">");
                for (int i = 0; i < count; i++) {
                    declare(name, name.text() + i, type);
                }
            } else {
                declare(name, name.text(), type);
            }
        } while (tokens.take(","));
        tokens.expect(";");
    }

    private void declare(Token name, String spelling, PtxType type) {
        if (scopes.registers().size() == MOST_REGISTERS) {
            throw tokens.error(name, "an entry may declare at most " + MOST_REGISTERS + " registers");
        }
        scopes.declare(name, spelling, type);
    }

    private static boolean declarable(PtxType type) {
        return !type.floating() || type == PtxType.F16 || type == PtxType.F16X2 || type == PtxType.F32 || type == PtxType.F64;
    }

    private void label(Token name) {
        tokens.expect(":");
        if (tokens.peek().dot("branchtargets")) {
            tokens.next();
            List<Operand.Label> targets = new ArrayList<>();
            do {
                targets.add(new Operand.Label(tokens.name("a label").text(), -1));
            } while (tokens.take(","));
            tokens.expect(";");
            scopes.declare(name, new Operand.LabelTable(name.text(), targets));
            return;
        }
        if (labels.putIfAbsent(new Place(scope, name.text()), instructions.size()) != null) {
            throw tokens.error(name, "the label '" + name.text() + "' stands twice in one scope");
        }
    }

    private void instruction(Token first) {
        Instruction.Guard guard = first.is("@") ? guard() : null;
        Token opcode = guard == null ? first : tokens.name("an instruction");
        List<String> modifiers = new ArrayList<>();
        while (tokens.peek().kind() == Token.Kind.DOT) {
            modifiers.add(tokens.next().text());
        }
        int from = opcode.start();
        List<Operand> operands = new Operands(tokens, scopes).list(opcode.text());
        int to = tokens.peek(-1).start();
        Integer note = sources.floorKey(opcode.line());
        int source = note == null || note < beginLine ? 0 : sources.get(note);
        var instruction = new Instruction(instructions.size(), opcode.line(), guard, opcode.text(), List.copyOf(modifiers), operands,
                folded(text.substring(from, to)), source);
        availability.check(instruction);
        instructions.add(instruction);
        scopeOf.add(scope);
    }

    private Instruction.Guard guard() {
        boolean negated = tokens.take("!");
        Token name = tokens.name("a predicate");
        if (scopes.find(name.text()) instanceof Register register && register.type() == PtxType.PRED) {
            return new Instruction.Guard(register, negated);
        }
        throw tokens.error(name, "found '@" + name.text() + "', wanted a declared predicate");
    }

    private static String folded(String raw) {
        return raw.replaceAll("//[^\n]*", " ").replaceAll("(?s)/\\*.*?\\*/", " ").strip().replaceAll("\\s+", " ");
    }

    private List<Instruction> resolved() {
        List<Instruction> all = new ArrayList<>(instructions.size());
        for (Instruction i : instructions) {
            List<Operand> operands = i.operands().stream().map(o -> resolved(i, o)).toList();
            all.add(new Instruction(i.index(), i.line(), i.guard(), i.opcode(), i.modifiers(), operands, i.text(), i.source()));
        }
        return List.copyOf(all);
    }

    private Operand resolved(Instruction at, Operand operand) {
        return switch (operand) {
            case Operand.Label label -> target(at, label);
            case Operand.LabelTable(String name, var targets) -> new Operand.LabelTable(name, targets.stream().map(t -> target(at, t)).toList());
            case Operand.Vector(var elements) -> new Operand.Vector(List.copyOf(elements));
            default -> operand;
        };
    }

    private Operand.Label target(Instruction at, Operand.Label label) {
        for (int s = scopeOf.get(at.index()); s >= 0; s = around.get(s)) {
            Integer index = labels.get(new Place(s, label.name()));
            if (index != null) {
                return new Operand.Label(label.name(), index);
            }
        }
        throw new PtxSyntaxException(tokens.file(), at.line(), "there is no label '" + label.name() + "' for '" + at.text() + "'");
    }
}
