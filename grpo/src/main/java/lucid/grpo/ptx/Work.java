package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.Traffic;
import lucid.kernels.ptx.text.Instruction;
import lucid.kernels.ptx.text.PtxType;

/// What a run did, summed over its instructions: by kind, by bytes, by flops; and an estimate of the time that a card would need at least.
///
/// @param byOpcode      warp-instructions by opcode
/// @param flops         f32 and f64 operations of the lanes, a fused multiply-add counted as two
/// @param tensorFlops   operations of `mma` and `wgmma`, likewise
/// @param globalBytes   asked for by loads, stores, atomics of global memory
/// @param sectors       32-byte sectors that these touched, `idealSectors` those that the same bytes would fill
/// @param wavefronts    of shared memory, `idealWavefronts` without bank conflicts
record Work(Map<String, Long> byOpcode, double flops, double tensorFlops, long globalBytes, long sectors, long idealSectors, long sharedBytes, long wavefronts, long idealWavefronts) {

    static Work of(RunReport report) {
        Map<String, Long> byOpcode = new TreeMap<>();
        double flops = 0;
        double tensor = 0;
        long[] global = new long[3];
        long[] shared = new long[3];
        for (Instruction i : report.entry().instructions()) {
            long issued = report.counters().executions[i.index()];
            if (issued == 0) continue;
            byOpcode.merge(i.opcode(), issued, Long::sum);
            flops += (double) report.counters().lanes[i.index()] * perLane(i);
            tensor += (double) report.counters().executions[i.index()] * perWarp(i);
            Traffic.Counts c = report.counters().traffic.at(i.index());
            add(c.wavefronts() > 0 ? shared : global, c);
        }
        return new Work(byOpcode, flops, tensor, global[0], global[1], global[2], shared[0], shared[1], shared[2]);
    }

    private static void add(long[] sums, Traffic.Counts c) {
        sums[0] += c.bytes();
        sums[1] += c.sectors() + c.wavefronts();
        sums[2] += c.idealSectors() + c.idealWavefronts();
    }

    private static int perLane(Instruction i) {
        boolean floating = i.types().stream().anyMatch(PtxType::floating);
        int packed = i.has("f16x2") || i.has("bf16x2") ? 2 : 1;
        return !floating ? 0 : switch (i.opcode()) {
            case "fma", "mad" -> 2 * packed;
            case "add", "sub", "mul", "div", "sqrt", "rsqrt", "rcp", "ex2", "lg2", "sin", "cos", "tanh", "min", "max" -> packed;
            default -> 0;
        };
    }

    /// `m64n128k16` is issued by the four warps of a group together: each does a quarter.
    private static double perWarp(Instruction i) {
        if (!i.opcode().equals("mma") && !(i.opcode().equals("wgmma") && i.has("mma_async"))) return 0;
        for (String m : i.modifiers()) {
            var shape = java.util.regex.Pattern.compile("m(\\d+)n(\\d+)k(\\d+)").matcher(m);
            if (shape.matches()) {
                double all = 2.0 * Integer.parseInt(shape.group(1)) * Integer.parseInt(shape.group(2)) * Integer.parseInt(shape.group(3));
                return i.opcode().equals("wgmma") ? all / 4 : all;
            }
        }
        return 0;
    }

    /// Seconds below which the card cannot stay: an estimate from counts, no measurement.
    double floor(Card card) { return Math.max(sectors * 32 / card.bytesPerSecond, Math.max(flops / card.flops, tensorFlops / card.tensorFlops)); }

    private String limit(Card card) {
        double memory = sectors * 32 / card.bytesPerSecond;
        return memory >= floor(card) ? "memory bandwidth" : tensorFlops / card.tensorFlops >= floor(card) ? "tensor cores" : "arithmetic";
    }

    List<String> lines(Card card) {
        List<String> lines = new ArrayList<>();
        lines.add("by kind: " + byOpcode.entrySet().stream().sorted((a, b) -> Long.compare(b.getValue(), a.getValue())).map(e -> e.getKey() + " " + String.format(Locale.ROOT, "%,d", e.getValue()))
                .reduce((a, b) -> a + ", " + b).orElse("nothing"));
        lines.add(String.format(Locale.ROOT, "global memory: %,d bytes in %,d sectors of 32 (%.2f x the ideal)", globalBytes, sectors, ratio(sectors, idealSectors)));
        lines.add(String.format(Locale.ROOT, "shared memory: %,d bytes in %,d wavefronts (%.2f x the ideal; 1.00 is free of bank conflicts)", sharedBytes, wavefronts, ratio(wavefronts, idealWavefronts)));
        lines.add(String.format(Locale.ROOT, "arithmetic: %,.0f flop, tensor cores %,.0f flop", flops, tensorFlops));
        lines.add(String.format(Locale.ROOT, "ESTIMATE for one %s: at least %.3g us, limited by %s (counts over data-sheet peaks; not a measurement)", card, floor(card) * 1e6, limit(card)));
        return lines;
    }

    void into(ObjectNode o, Card card) {
        ObjectNode kinds = o.putObject("by_opcode");
        byOpcode.forEach(kinds::put);
        o.put("flops", flops).put("tensor_flops", tensorFlops).put("global_bytes", globalBytes).put("global_sectors", sectors).put("ideal_global_sectors", idealSectors)
                .put("shared_bytes", sharedBytes).put("shared_wavefronts", wavefronts).put("ideal_shared_wavefronts", idealWavefronts);
        o.putObject("estimate").put("card", card.name()).put("seconds_at_least", floor(card)).put("limited_by", limit(card)).put("note", "counts over data-sheet peaks, not a measurement");
    }

    private static double ratio(long actual, long ideal) { return ideal == 0 ? 1 : (double) actual / ideal; }
}
