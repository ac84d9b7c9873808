package lucid.kernels.ptx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;
import lucid.kernels.ptx.memory.unshared.ParameterBlock;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Variable;

/// The values of an entry's parameters, packed as the entry declares them.
final class Arguments {
    private final PtxModule module;
    private final Entry entry;
    private final ByteBuffer bytes;
    private final Set<String> given = new HashSet<>();

    Arguments(PtxModule module, Entry entry) {
        this.module = module;
        this.entry = entry;
        this.bytes = ByteBuffer.allocate(entry.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    void set(String name, long value) {
        Variable parameter = scalar(name, "an integer");
        if (parameter.type().floating()) {
            throw refuse(parameter, "found an integer, wanted a floating-point value");
        }
        int bits = parameter.type().bits();
        if (bits < 64 && (value < -(1L << bits - 1) || value >= 1L << bits)) {
            throw refuse(parameter, "found " + value + ", which needs more than " + bits + " bits");
        }
        int at = (int) parameter.offset();
        switch (bits) {
            case 8 -> bytes.put(at, (byte) value);
            case 16 -> bytes.putShort(at, (short) value);
            case 32 -> bytes.putInt(at, (int) value);
            default -> bytes.putLong(at, value);
        }
    }

    void set(String name, float value) {
        Variable parameter = scalar(name, "a float");
        if (parameter.type() != PtxType.F32 && parameter.type() != PtxType.B32) {
            throw refuse(parameter, "found a float, wanted a value of type ." + parameter.type().text());
        }
        bytes.putFloat((int) parameter.offset(), value);
    }

    void set(String name, double value) {
        Variable parameter = scalar(name, "a double");
        if (parameter.type() != PtxType.F64 && parameter.type() != PtxType.B64) {
            throw refuse(parameter, "found a double, wanted a value of type ." + parameter.type().text());
        }
        bytes.putDouble((int) parameter.offset(), value);
    }

    /// All parameters at once, packed as the entry declares them.
    void setAll(byte[] block) {
        if (block.length < bytes.capacity()) {
            throw new IllegalArgumentException("launch of " + entry.name() + ": found " + block.length + " bytes of parameters, wanted "
                    + bytes.capacity());
        }
        bytes.put(0, block, 0, bytes.capacity());
        entry.parameters().forEach(parameter -> given.add(parameter.name()));
    }

    void set(String name, byte[] value) {
        Variable parameter = parameter(name);
        if (parameter.bytes() != value.length) {
            throw refuse(parameter, "found " + value.length + " bytes, wanted " + parameter.bytes());
        }
        bytes.put((int) parameter.offset(), value);
    }

    /// The packed values.
    ///
    /// @throws IllegalArgumentException when a parameter has no value
    ParameterBlock block() {
        var missing = new ArrayList<String>();
        for (Variable parameter : entry.parameters()) {
            if (!given.contains(parameter.name())) {
                missing.add(parameter.name() + " (." + parameter.type().text() + ", " + parameter.bytes() + " bytes)");
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("launch of " + entry.name() + ": no argument for " + String.join(", ", missing));
        }
        return new ParameterBlock(entry.parameters(), bytes.array().clone());
    }

    private Variable scalar(String name, String found) {
        Variable parameter = parameter(name);
        if (parameter.bytes() != parameter.type().bytes()) {
            throw refuse(parameter, "found " + found + ", wanted " + parameter.bytes() + " bytes");
        }
        return parameter;
    }

    private Variable parameter(String name) {
        for (Variable parameter : entry.parameters()) {
            if (parameter.name().equals(name)) {
                given.add(name);
                return parameter;
            }
        }
        throw new IllegalArgumentException("launch: " + entry.name() + " of " + module.name() + " has no parameter '" + name + "'; it has "
                + entry.parameters().stream().map(Variable::name).toList());
    }

    private IllegalArgumentException refuse(Variable parameter, String message) {
        return new IllegalArgumentException("launch: argument '" + parameter.name() + "' (." + parameter.type().text() + ") of " + entry.name()
                + ": " + message);
    }
}
