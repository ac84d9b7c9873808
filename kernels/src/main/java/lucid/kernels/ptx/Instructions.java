package lucid.kernels.ptx;

import java.util.HashMap;
import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.steps.Barriers;
import lucid.kernels.ptx.steps.Control;

/// Every instruction that the emulator knows, by opcode. A new family adds one line here.
public final class Instructions {
    private static final Map<String, Decoder> TABLE = table();

    private Instructions() {}

    /// Decoders by opcode.
    public static Map<String, Decoder> decoders() {
        return TABLE;
    }

    private static Map<String, Decoder> table() {
        var table = new HashMap<String, Decoder>();
        Control.register(table);
        Barriers.register(table);
        return Map.copyOf(table);
    }
}
