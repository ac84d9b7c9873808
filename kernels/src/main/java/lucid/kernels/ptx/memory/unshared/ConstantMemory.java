package lucid.kernels.ptx.memory.unshared;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// The module's `.const` variables, one after the other; what has no initial value is 0 (PTX ISA, "Initializers").
public final class ConstantMemory extends ReadOnlyMemory {
    /// Address of the first variable: 0 stays an address of nothing.
    public static final long BASE = 0x100;
    private final Map<String, Long> addresses;

    private ConstantMemory(List<Variable> variables, byte[] bytes, Map<String, Long> addresses) {
        super(Space.CONST, variables, bytes);
        this.addresses = addresses;
    }

    /// Of a module's variables; other spaces' are left out.
    public static ConstantMemory of(List<Variable> moduleVariables) {
        List<Variable> constants = moduleVariables.stream().filter(v -> v.space() == Space.CONST).toList();
        var addresses = new HashMap<String, Long>();
        long end = BASE;
        for (Variable variable : constants) {
            long at = Math.ceilDiv(end, variable.alignment()) * variable.alignment();
            addresses.put(variable.name(), at);
            end = at + variable.bytes();
        }
        if (end - BASE > 65536) {
            throw new IllegalArgumentException(".const variables take " + (end - BASE) + " bytes; the limit is 65536");
        }
        byte[] bytes = new byte[(int) (end - BASE)];
        for (Variable variable : constants) {
            if (variable.initial() != null) {
                System.arraycopy(variable.initial(), 0, bytes, (int) (addresses.get(variable.name()) - BASE), variable.initial().length);
            }
        }
        return new ConstantMemory(constants, bytes, addresses);
    }

    @Override
    public long addressOf(Variable variable) {
        return addresses.get(variable.name());
    }

    @Override
    long first() {
        return BASE;
    }
}
