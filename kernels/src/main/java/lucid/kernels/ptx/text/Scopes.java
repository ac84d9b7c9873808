package lucid.kernels.ptx.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Variable;

/// The names of an entry by nested scope; an inner name hides an outer one. Registers get their slots here.
final class Scopes {
    private final Tokens tokens;
    private final Deque<Map<String, Object>> open = new ArrayDeque<>();
    private final List<Register> registers = new ArrayList<>();
    private final int[] counts = new int[Register.Bank.values().length];

    Scopes(Tokens tokens) {
        this.tokens = tokens;
        enter();
    }

    void enter() {
        open.push(new HashMap<>());
    }

    void leave() {
        open.pop();
    }

    void declare(Token name, Variable variable) {
        put(name, variable.name(), variable);
    }

    void declare(Token name, Operand.LabelTable table) {
        put(name, name.text(), table);
    }

    /// Declares one register; `spelling` is its name (with its number, for `name<count>`).
    void declare(Token at, String spelling, PtxType type) {
        Register.Bank bank;
        try {
            bank = Register.bankOf(type);
        } catch (IllegalArgumentException e) {
            throw tokens.error(at, e.getMessage());
        }
        var register = new Register(spelling, type, bank, counts[bank.ordinal()]++);
        registers.add(register);
        put(at, spelling, register);
    }

    /// What a name means here: a [Register], [Variable] or [Operand.LabelTable]; null when nothing of that name is declared.
    Object find(String name) {
        for (Map<String, Object> scope : open) {
            Object found = scope.get(name);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    List<Register> registers() {
        return registers;
    }

    int count(Register.Bank bank) {
        return counts[bank.ordinal()];
    }

    private void put(Token at, String name, Object what) {
        if (open.peek().putIfAbsent(name, what) != null) {
            throw tokens.error(at, "the name '" + name + "' is declared twice in one scope");
        }
    }
}
