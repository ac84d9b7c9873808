package lucid.kernels.ptx;

import java.util.HashMap;
import java.util.Map;
import lucid.kernels.ptx.async.CopySteps;
import lucid.kernels.ptx.async.MbarrierSteps;
import lucid.kernels.ptx.async.WgmmaSteps;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.steps.Approximate;
import lucid.kernels.ptx.steps.Arithmetic;
import lucid.kernels.ptx.steps.Bits;
import lucid.kernels.ptx.steps.Carry;
import lucid.kernels.ptx.steps.Comparison;
import lucid.kernels.ptx.steps.Conversion;
import lucid.kernels.ptx.steps.Floats;
import lucid.kernels.ptx.steps.Logic;
import lucid.kernels.ptx.steps.Matrix;
import lucid.kernels.ptx.steps.Moves;
import lucid.kernels.ptx.steps.Products;
import lucid.kernels.ptx.steps.Shifts;
import lucid.kernels.ptx.steps.control.Barriers;
import lucid.kernels.ptx.steps.control.Collectives;
import lucid.kernels.ptx.steps.control.Control;
import lucid.kernels.ptx.steps.memory.Addresses;
import lucid.kernels.ptx.steps.memory.Atomics;
import lucid.kernels.ptx.steps.memory.Fences;
import lucid.kernels.ptx.steps.memory.LoadStore;
import lucid.kernels.ptx.steps.memory.MatrixMemory;
import lucid.kernels.ptx.steps.memory.Prefetch;

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
        Arithmetic.register(table);
        Products.register(table);
        Carry.register(table);
        Bits.register(table);
        Logic.register(table);
        Shifts.register(table);
        Comparison.register(table);
        Moves.register(table);
        Conversion.register(table);
        Collectives.register(table);
        Matrix.register(table);
        MatrixMemory.register(table);
        Floats.register(table);
        Approximate.register(table);
        Control.register(table);
        Barriers.register(table);
        CopySteps.register(table);
        MbarrierSteps.register(table);
        WgmmaSteps.register(table);
        Addresses.register(table);
        Atomics.register(table);
        Fences.register(table);
        LoadStore.register(table);
        Prefetch.register(table);
        return Map.copyOf(table);
    }
}
