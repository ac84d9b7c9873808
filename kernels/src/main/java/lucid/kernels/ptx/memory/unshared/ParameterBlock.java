package lucid.kernels.ptx.memory.unshared;

import java.util.List;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// The parameters of a launch, packed as the entry declares them.
public final class ParameterBlock extends ReadOnlyMemory {
    /// @param parameters of the entry, with their offsets
    /// @param bytes their values, one after the other at these offsets
    public ParameterBlock(List<Variable> parameters, byte[] bytes) {
        super(Space.PARAM, parameters, bytes);
    }

    /// A parameter's offset is its address.
    @Override
    public long addressOf(Variable variable) {
        return variable.offset();
    }

    @Override
    long first() {
        return 0;
    }
}
