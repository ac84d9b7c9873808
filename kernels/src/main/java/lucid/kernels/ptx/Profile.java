package lucid.kernels.ptx;

import java.util.EnumMap;
import java.util.Map;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.memory.Traffic;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Space;

/// What a run did, added up. Counted, not timed.
///
/// @param instructions warp-instructions by kind
/// @param flops floating-point operations by the unit that does them; an fma is two
/// @param bytes asked for by `ld`, `st`, `atom`, `red` and matrix moves, and moved by copies (at both ends), by the space where they lie: GLOBAL or
/// SHARED
/// @param wavefronts passes through the banks of shared memory
/// @param idealWavefronts what they would be without bank conflicts
/// @param sectors 32-byte sectors of global memory touched, request by request
/// @param idealSectors what they would be were every request coalesced
public record Profile(Map<Kind, Long> instructions, Map<Unit, Long> flops, Map<Space, Long> bytes, long wavefronts, long idealWavefronts,
        long sectors, long idealSectors) {

    /// Kinds of instructions.
    public enum Kind {
        INTEGER, FLOATING_POINT, SPECIAL_FUNCTION, CONVERSION, MOVE, LOAD_STORE, ATOMIC, COPY, MATRIX_MOVE, TENSOR, COLLECTIVE, SYNCHRONISATION,
                CONTROL, CACHE_HINT
    }

    /// Units that do floating-point operations; tensor cores by the width of their inputs.
    public enum Unit { F64, F32, F16, TENSOR_64, TENSOR_TF32, TENSOR_16, TENSOR_8 }

    static Profile of(Entry entry, Counters counters) {
        var instructions = new EnumMap<Kind, Long>(Kind.class);
        var flops = new EnumMap<Unit, Long>(Unit.class);
        var bytes = new EnumMap<Space, Long>(Space.class);
        long[] memory = new long[4];
        for (Instruction at : entry.instructions()) {
            long executions = counters.executions[at.index()];
            if (executions == 0) {
                continue;
            }
            instructions.merge(Costs.kind(at), executions, Long::sum);
            Unit unit = Costs.unit(at);
            if (unit != null) {
                flops.merge(unit, Costs.flops(at, executions, counters.lanes[at.index()]), Long::sum);
            }
            Traffic.Counts counts = counters.traffic.at(at.index());
            if (counts.sharedBytes() != 0) {
                bytes.merge(Space.SHARED, counts.sharedBytes(), Long::sum);
            }
            if (counts.globalBytes() != 0) {
                bytes.merge(Space.GLOBAL, counts.globalBytes(), Long::sum);
            }
            memory[0] += counts.wavefronts();
            memory[1] += counts.idealWavefronts();
            memory[2] += counts.sectors();
            memory[3] += counts.idealSectors();
        }
        return new Profile(instructions, flops, bytes, memory[0], memory[1], memory[2], memory[3]);
    }

    /// Warp-instructions in all.
    public long total() {
        return instructions.values().stream().mapToLong(Long::longValue).sum();
    }

    /// Floating-point operations in all.
    public long totalFlops() {
        return flops.values().stream().mapToLong(Long::longValue).sum();
    }

    /// What the counts would take on a card at least.
    public Estimate on(Card card) {
        return Estimate.of(this, card);
    }
}
